"""`codiflux schemas export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    group = typer.Typer(name="schemas", no_args_is_help=True)
    # A group of one command would otherwise be the command itself.
    group.callback()(_group)
    group.command("export")(export)
    app.add_typer(group)


def _group() -> None:
    """The documents of the messages on the wire.

    Example: `codiflux schemas export --check`
    """


def export(
    output: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder to write to or check. Default: the package's own, schemas/json."),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
    reference: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A page whose generated tables are refreshed or checked too."),
    ] = None,
) -> None:
    """Write the JSON Schema of every message and the AsyncAPI document of all topics.

    Example: `codiflux schemas export --output build/schemas`
    """
    from schemas import export as exporter
    from schemas.reference import refreshed
    from stream.cli.output import messages
    from stream.errors import UsageError

    folder = output or exporter.COMMITTED
    page = reference.read_text(encoding="utf-8") if reference else ""
    if check:
        found = exporter.stale(folder) + ([reference.name] if reference and refreshed(page) != page else [])
        if found:
            raise UsageError(f"stale: {', '.join(found)}; write them again with `codiflux schemas export`")
        messages.print("schemas are up to date")
        return
    for path in exporter.write(folder):
        messages.print(str(path), highlight=False)
    if reference:
        reference.write_text(refreshed(page), encoding="utf-8")
        messages.print(str(reference), highlight=False)
