"""`codiflux choose-threshold`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from models.segments import Choice


class SegmentBy(StrEnum):
    """What filings are told apart by."""

    SECTION = "section"
    TYPE_FORM = "type_form"
    STAGE = "stage"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("choose-threshold")(choose_threshold)


def choose_threshold(
    data: Annotated[list[Path], typer.Option(help="Labelled filings the model was not trained on.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files of --data.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; CODIFLUX_MODEL otherwise.")] = None,
    max_error: Annotated[float, typer.Option(min=0.0, max=1.0, help="Most wrong codes among automatic ones.")] = 0.05,
    confidence: Annotated[
        float, typer.Option(min=0.5, max=0.9999, help="Of the upper bound on that error (Clopper-Pearson).")
    ] = 0.95,
    by: Annotated[SegmentBy | None, typer.Option(help="One threshold for each section, type_form or stage.")] = None,
    audit_share: Annotated[float, typer.Option(min=0.0, max=1.0, help="Audit share that the policy file says.")] = 0.01,
    policy_output: Annotated[Path | None, typer.Option(help="Write the policy file, for CODIFLUX_POLICY.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the policy file if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the choice and all of the curve as JSON.")] = False,
) -> None:
    """Find the threshold that sends most to auto while the error there stays under a target.

    With --by, a segment gets a threshold of its own where its filings can keep the target; the
    others keep the global one.

    Example: `codiflux choose-threshold --model model --data labelled.csv --max-error 0.05 --by section`
    """
    from models.artefact import open_model
    from models.evaluation import code_examples
    from models.segments import choose_thresholds
    from stream.cli.output import messages, note, output, print_json
    from stream.filings import read_examples
    from stream.new_tables import check_absent, write_text
    from stream.settings import read_settings

    if policy_output is not None:
        check_absent(policy_output, force=force)
    settings = read_settings(model=model)
    manifest, coding_model = open_model(settings.model, cache_entries=settings.cache_entries)
    examples = read_examples([*data, *(more or ())], coding_model.nomenclature, note=note)
    messages.print(f"coding {len(examples)} filings with {manifest.version}")
    choice = choose_thresholds(
        examples,
        code_examples(examples, coding_model),
        nomenclature=coding_model.nomenclature,
        max_error=max_error,
        confidence=confidence,
        by=None if by is None else by.value,
        audit_share=audit_share,
    )
    if policy_output is not None:
        write_text(policy_output, choice.policy.model_dump_json(indent=2, exclude_none=True) + "\n", force=force)
    if as_json:
        print_json(_json(choice, max_error, confidence, len(examples)))
        return
    output.print(
        f"threshold {choice.point.threshold:g}: {choice.point.automation:.1%} automatic,"
        f" {choice.point.auto_error:.1%} of them wrong (at most {choice.point.auto_error_upper:.1%}"
        f" with confidence {confidence:g})"
    )
    if by is not None:
        output.print(_segments_table(choice, by.value))
    if policy_output is not None:
        output.print(f"{choice.policy.version} in {policy_output}", markup=False)


def _json(choice: Choice, max_error: float, confidence: float, rows: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        **choice.point.model_dump(),
        "max_error": max_error,
        "confidence": confidence,
        "rows": rows,
        "policy_version": choice.policy.version,
        "curve": [point.model_dump() for point in choice.curve],
    }
    if choice.segments:
        found["segments"] = [
            {"segment": segment.name, "rows": segment.rows, "own_threshold": segment.own, **segment.point.model_dump()}
            for segment in choice.segments
        ]
        found["combined"] = choice.combined.model_dump()
    return found


def _segments_table(choice: Choice, by: str) -> Any:
    from rich.table import Table

    table = Table(title=f"By {by}", title_justify="left")
    for name in (by, "filings", "threshold", "automatic", "wrong", "at most"):
        table.add_column(name, justify="left" if name == by else "right")
    for segment in choice.segments:
        point = segment.point
        table.add_row(
            segment.name or "(missing)",
            str(segment.rows),
            f"{point.threshold:g}" + ("" if segment.own else " (global)"),
            f"{point.automation:.1%}",
            f"{point.auto_error:.1%}",
            f"{point.auto_error_upper:.1%}",
        )
    whole = choice.combined
    table.add_row("all", "", "", f"{whole.automation:.1%}", f"{whole.auto_error:.1%}", f"{whole.auto_error_upper:.1%}")
    return table
