"""`codiflux train`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from models.artefact import Manifest
    from models.evaluation import Example
    from models.nomenclature import Nomenclature
    from models.training import TrainingSettings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    output: Annotated[Path, typer.Option(help="Folder of the new model; must not be there yet.")],
    data: Annotated[
        list[Path] | None, typer.Option(help="Labelled filings, .csv, .jsonl or .parquet; several may follow.")
    ] = None,
    more: Annotated[list[Path] | None, typer.Argument(metavar="[FILE]...", help="Further files of --data.")] = None,
    starter: Annotated[bool, typer.Option("--starter", help="Train on the corpus that comes with Codiflux.")] = False,
    nomenclature: Annotated[
        str,
        typer.Option(metavar="NAME|TABLE.csv", help="naf-rev2, naf-2025, or a CSV table with code, label and levels."),
    ] = "naf-rev2",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of split, draws and fastText; same seed, same model.")
    ] = None,
    quantise: Annotated[bool, typer.Option("--quantise", help="Write a model about a tenth of the size.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Train a model: measured on a tenth kept aside, then trained on everything.

    Data has the columns of Insee's coding API (description_activity, type_form, nature, surface,
    event, cj, ...) and code.

    Examples: `codiflux train --starter --output model`,
    `codiflux train --starter --nomenclature naf-2025 --output model-2025`,
    `codiflux train --data filings.csv --nomenclature naf-rev2 --output model`
    """
    from models import nomenclature as nomenclatures
    from models import training
    from models.artefact import check_free
    from monitoring.noise_floor import floors
    from stream.cli.output import messages, print_json
    from stream.errors import UsageError

    files = [*(data or ()), *(more or ())]
    if starter == bool(files):
        raise UsageError("give either --starter or --data FILE")
    check_free(output)
    table = nomenclatures.load(nomenclature)
    messages.print("reading filings")
    if starter:
        examples, settings = _starter(table, seed, quantise)
    else:
        examples, settings = _examples(files, table), training.TrainingSettings(quantised=quantise)
        settings = settings if seed is None else replace(settings, seed=seed)
    messages.print(f"{len(examples)} labelled filings")
    manifest = training.train(
        examples, nomenclature=table, destination=output, settings=settings, progress=messages.print, floors=floors
    )
    if as_json:
        print_json(_summary(manifest, output))
    else:
        _print_summary(manifest, output)


def _starter(nomenclature: Nomenclature, seed: int | None, quantised: bool) -> tuple[list[Example], TrainingSettings]:
    from models.starter import declarations, recipe
    from stream.errors import UsageError

    if nomenclature.name not in declarations.NOMENCLATURES:
        raise UsageError(f"the starter corpus has no codes of {nomenclature.name}; train on --data")
    return recipe.starter(nomenclature.name, seed=seed, quantised=quantised)


def _examples(files: list[Path], nomenclature: Nomenclature) -> list[Example]:
    from stream.cli.output import note
    from stream.filings import read_examples

    return read_examples(files, nomenclature, note=note)


def _summary(manifest: Manifest, output: Path) -> dict[str, Any]:
    return {
        "version": manifest.version,
        "output": str(output),
        "nomenclature": manifest.nomenclature,
        "rows": manifest.training["rows"],
        "codes": manifest.training["codes"],
        "default_threshold": manifest.default_threshold,
        "metrics": manifest.metrics,
    }


def _print_summary(manifest: Manifest, output: Path) -> None:
    from stream.cli.figures import accuracy_table
    from stream.cli.output import output as printed

    printed.print(
        f"{manifest.version} in {output}: {manifest.training['rows']} filings, {manifest.training['codes']} codes"
    )
    printed.print(accuracy_table(manifest.metrics, title=f"On {manifest.metrics['rows']} filings kept aside"))
    metrics = manifest.metrics
    printed.print(
        f"default threshold {manifest.default_threshold:g}: {metrics['automation']:.1%} automatic,"
        f" {metrics['auto_error']:.1%} of them wrong (at most {metrics['auto_error_upper']:.1%})"
    )
