"""`codiflux explain`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from models.coding import CodingModel
    from models.evaluation import Example
    from models.explanation import Explanation
    from models.neighbours import Neighbour
    from models.telling_words import TellingWord
    from schemas.decision import Decision
    from schemas.formality import Formality

BAR_CELLS = 12
"""Cells of the longest bar."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    text: Annotated[str | None, typer.Argument(metavar="[TEXT]", help="What the declarant wrote.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; CODIFLUX_MODEL otherwise.")] = None,
    type_form: Annotated[str | None, typer.Option(help="Type of filing, one capital letter.")] = None,
    nature: Annotated[str | None, typer.Option(help="Nature of the activity, two digits.")] = None,
    surface: Annotated[str | None, typer.Option(help="Surface class 1 to 4, or square metres.")] = None,
    event: Annotated[str | None, typer.Option(help="Event, two digits and P, M or F.")] = None,
    cj: Annotated[str | None, typer.Option(help="Legal form, four digits.")] = None,
    permanence: Annotated[str | None, typer.Option(help="P permanent, S seasonal.")] = None,
    nearest: Annotated[int, typer.Option(min=0, max=100, help="Nearest declarations to show; 0: none.")] = 5,
    among: Annotated[
        list[Path] | None, typer.Option(help="Labelled filings to look for them in; the starter corpus otherwise.")
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--class", help="Instead of a text: a code, division or section, and its words.")
    ] = None,
    words: Annotated[int, typer.Option(min=1, help="Words of --class to show.")] = 20,
    threshold: Annotated[float | None, typer.Option(help="Confidence index needed for auto.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Why this code: the words and variables that carried it, and the nearest declarations.

    Each word and variable has a weight for the chosen code and for the runner-up; with the part
    every filing gets, the weights add up to the scores.

    Examples: `codiflux explain "plombier chauffagiste" --model model --type-form M --nature 14` and
    `codiflux explain --class 4322A --model model`
    """
    from models.decide import apply_policy
    from models.explanation import explain as explanation_of
    from models.telling_words import telling_words
    from stream.bootstrap import open_deciding
    from stream.cli.output import output, print_json
    from stream.errors import UsageError
    from stream.settings import read_settings

    if (text is None) == (branch is None):
        raise UsageError("give either a text to explain or --class with a code, division or section")
    deciding = open_deciding(read_settings(model=model, threshold=threshold, audit_share=0.0))
    if branch is not None:
        telling = telling_words(branch, model=deciding.model, count=words)
        if as_json:
            print_json(
                {"class": branch, "words": [_named(word) for word in telling], "model_version": deciding.model.version}
            )
        else:
            output.print(_words_table(branch, telling, deciding.model))
        return
    fields = {"type_form": type_form, "nature": nature, "surface": surface, "event": event, "cj": cj}
    formality = _filing(text or "", activity_permanence_status=permanence, **fields)
    explanation = explanation_of(formality, model=deciding.model)
    decision = apply_policy(
        formality, explanation.coding, model=deciding.model, policy=deciding.policy, source=None, decided_at=None
    )
    examples = _examples(among, deciding.model) if nearest and explanation.accounts else []
    near = _nearest(formality, examples, deciding.model, nearest)
    if as_json:
        print_json(_as_json(decision, explanation, near))
        return
    _print(decision, explanation, near)


def _filing(text: str, **fields: str | None) -> Formality:
    """A filing typed at the terminal; its identity and time are of no matter."""
    from datetime import UTC, datetime

    from pydantic import ValidationError

    from schemas.formality import Formality
    from stream.errors import UsageError

    try:
        values: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
        return Formality(
            formality_id="explain",
            received_at=datetime(1970, 1, 1, tzinfo=UTC),
            source="explain",
            description_activity=text,
            **values,
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def _examples(among: Sequence[Path] | None, model: CodingModel) -> list[Example]:
    """What the nearest are looked for in: files of one's own, or the starter corpus where its codes are the model's."""
    from models.starter import declarations
    from stream.cli.output import note
    from stream.filings import read_examples

    if among:
        return read_examples(among, model.nomenclature, note=note)
    if model.nomenclature.name not in declarations.NOMENCLATURES:
        return []
    return declarations.examples(declarations.declarations(), nomenclature=model.nomenclature.name, seed=0)


def _nearest(formality: Formality, examples: Sequence[Example], model: CodingModel, count: int) -> list[Neighbour]:
    from models.neighbours import nearest
    from stream.cli.output import progress_bar

    if not examples:
        return []
    with progress_bar("nearest declarations", total=len(examples)) as bar:
        return nearest(
            formality, examples, model=model, count=count, progress=lambda done: bar.advance(bar.task_ids[0], done)
        )


def _named(value: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(value).items()}


def _as_json(decision: Decision, explanation: Explanation, near: Sequence[Neighbour]) -> dict[str, Any]:
    shown = ("route", "stage", "reason", "code", "label", "candidates", "confidence_index", "threshold")
    return {
        **decision.model_dump(mode="json", include={*shown, "model_version", "policy_version"}),
        "explanation": [
            {
                "code": account.candidate.code,
                "score": round(account.score, 4),
                "base": round(account.base, 4),
                "reasons": [_named(reason) for reason in account.reasons],
            }
            for account in explanation.accounts
        ],
        "nearest": [_named(neighbour) for neighbour in near],
    }


def _print(decision: Decision, explanation: Explanation, near: Sequence[Neighbour]) -> None:
    from rich.table import Table

    from stream.cli.output import output

    index = "" if decision.confidence_index is None else f", confidence index {decision.confidence_index:.3f}"
    held = "" if decision.threshold is None else f" against {decision.threshold:.3f}"
    output.print(f"{decision.route.value} ({decision.stage.value}, {decision.reason.value}){index}{held}", markup=False)
    candidates = Table("code", "label", "probability")
    for candidate in decision.candidates:
        candidates.add_row(_plain(candidate.code), _plain(candidate.label), f"{candidate.probability:.3f}")
    if decision.candidates:
        output.print(candidates)
    if explanation.accounts:
        output.print(_reasons_table(explanation))
    if near:
        table = Table("nearest declarations", "code", "similarity")
        for neighbour in near:
            table.add_row(_plain(neighbour.text), neighbour.code, f"{neighbour.similarity:.2f}")
        output.print(table)


def _reasons_table(explanation: Explanation) -> Table:
    """One row a word or variable, one column of weights a candidate, the chosen code's order."""
    from rich.table import Table

    first = explanation.accounts[0]
    table = Table("what was filed", *(f"for {account.candidate.code}" for account in explanation.accounts))
    weights = [{reason.token: reason.weight for reason in account.reasons} for account in explanation.accounts]
    longest = max((abs(w) for column in weights for w in column.values()), default=1.0) or 1.0
    for reason in first.reasons:
        table.add_row(_plain(reason.said), *(_bar(column[reason.token], longest) for column in weights))
    table.add_row("every filing", *(_bar(account.base, longest) for account in explanation.accounts), style="dim")
    table.add_section()
    table.add_row("score", *(f"{account.score:+7.2f}" for account in explanation.accounts))
    return table


def _bar(weight: float, longest: float) -> str:
    colour = "green" if weight > 0 else "red"
    return f"{weight:+7.2f} [{colour}]{'█' * min(BAR_CELLS, round(BAR_CELLS * abs(weight) / longest))}[/]"


def _plain(text: str) -> str:
    """A declarant's words are no markup."""
    from rich.markup import escape

    return escape(text)


def _words_table(branch: str, telling: Sequence[TellingWord], model: CodingModel) -> Table:
    from rich.table import Table

    nomenclature = model.nomenclature
    code = nomenclature.canonical(branch) or branch.upper()
    label = nomenclature.labels.get(code) or nomenclature.branch_labels.get(code, "")
    table = Table(f"words for {code}", "log-odds, alone", "times in training", title=_plain(label))
    longest = max((abs(word.log_odds) for word in telling), default=1.0) or 1.0
    for word in telling:
        table.add_row(word.word, _bar(word.log_odds, longest), str(word.times))
    return table
