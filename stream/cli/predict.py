"""`codiflux predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stream.prediction import Tally


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("predict")(predict)


def predict(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="Filings, .csv, .jsonl or .parquet.")],
    output: Annotated[Path, typer.Option(help="Table to write, .csv, .jsonl or .parquet.")],
    model: Annotated[Path | None, typer.Option(help="Model directory; CODIFLUX_MODEL otherwise.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Confidence index needed for auto; the model's own otherwise.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="Policy file with segments, instead of --threshold.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the output file if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one JSON object.")] = False,
) -> None:
    """Code a table of filings: one row out for each row in, in the same order.

    A row that cannot be read keeps its place, with the reason and no code. The output appears
    under its name only when it is complete.

    Example: `codiflux predict filings.csv --model model --output coded.parquet`
    """
    from stream.bootstrap import open_deciding
    from stream.cli.output import note, print_json, progress_bar
    from stream.cli.output import output as printed
    from stream.errors import UsageError
    from stream.filings import open_filings
    from stream.new_tables import check_absent
    from stream.prediction import predict_table
    from stream.settings import read_settings
    from stream.tables import extension, row_count_estimate

    extension(output)
    if source.exists() and output.exists() and source.samefile(output):
        raise UsageError(f"{output}: the output would replace the input; give another name")
    check_absent(output, force=force)
    unused = open_filings(source).unused
    if unused:
        note(f"columns not read: {', '.join(unused)}")
    # A file decided again must not differ by an audit sample: there is no audit topic here.
    settings = read_settings(model=model, threshold=threshold, policy=policy, audit_share=0.0)
    deciding = open_deciding(settings)
    with progress_bar("coding", total=row_count_estimate(source)) as bar:
        tally = predict_table(
            source,
            output,
            model=deciding.model,
            policy=deciding.policy,
            force=force,
            progress=lambda rows: bar.advance(bar.task_ids[0], rows),
        )
        bar.update(bar.task_ids[0], total=tally.rows)
    if tally.first_fault:
        note(f"{sum(tally.unreadable.values())} rows could not be read; the first: {tally.first_fault}")
    if as_json:
        print_json(
            {
                "rows": tally.rows,
                "routes": dict(sorted(tally.routes.items())),
                "unreadable": dict(sorted(tally.unreadable.items())),
                "output": str(output),
                "model_version": deciding.model.version,
                "policy_version": deciding.policy.version,
            }
        )
        return
    printed.print(f"{output}: {_sentence(tally)}", markup=False)


def _sentence(tally: Tally) -> str:
    parts = [f"{count} {route}" for route, count in sorted(tally.routes.items())]
    parts += [f"{count} unreadable ({reason})" for reason, count in sorted(tally.unreadable.items())]
    return f"{tally.rows} rows" + (": " + ", ".join(parts) if parts else "")
