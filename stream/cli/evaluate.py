"""`codiflux evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("evaluate")(evaluate)


def evaluate(
    data: Annotated[list[Path], typer.Option(help="Labelled filings, .csv, .jsonl or .parquet; several may follow.")],
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files of --data.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model directory; CODIFLUX_MODEL otherwise.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Confidence index needed for auto; the model's own otherwise.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy file with segments, instead of --threshold.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Measure a model on labelled filings it was not trained on.

    Accuracy by level, top-1 to top-5, macro-F1, calibration, and what would go without a human at
    the threshold, with 95 % intervals.

    Example: `codiflux evaluate --model model --data labelled.csv --json`
    """
    from models import evaluation
    from stream.bootstrap import open_deciding
    from stream.cli.figures import accuracy_table, automation_table
    from stream.cli.output import messages, note, output, print_json
    from stream.filings import read_examples
    from stream.settings import read_settings

    deciding = open_deciding(read_settings(model=model, threshold=threshold, policy=policy))
    nomenclature = deciding.model.nomenclature
    examples = read_examples([*data, *(more or ())], nomenclature, note=note)
    messages.print(f"coding {len(examples)} filings with {deciding.model.version}")
    codings = evaluation.code_examples(examples, deciding.model)
    figures = evaluation.evaluate(examples, codings, nomenclature=nomenclature, policy=deciding.policy)
    if as_json:
        versions = {"model_version": deciding.model.version, "policy_version": deciding.policy.version}
        print_json({**figures, **versions})
        return
    output.print(accuracy_table(figures, title=f"{deciding.model.version} on {figures['rows']} filings"))
    output.print(automation_table(figures))
