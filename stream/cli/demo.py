"""`codiflux demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    filings: Annotated[int, typer.Option(min=100, max=1_000_000, help="Messages to send.")] = 6_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulated filings.")] = 1,
    model: Annotated[
        Path | None, typer.Option(help="Model directory; the starter model, trained at the first run, otherwise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Watch filings being coded, on this machine, without any service.

    Starts librdkafka's test broker and a private Redis (where redis-server is installed), a real
    worker and a real monitor, streams simulated filings through them, recounts the topics (nothing
    may be lost), and tells whether the monitor saw the filings drift. The test broker keeps 5 MB a partition and
    forgets: for this demo only.

    Example: `codiflux demo --filings 20000 --seed 7`
    """
    from rich.live import Live

    from models.artefact import read_manifest
    from stream.cli.output import messages, output, print_json
    from stream.demo.run import Demo, require_nothing_lost, some
    from stream.demo.screen import Screen, examples, summary, watched
    from stream.starter_model import starter_model

    folder = model or starter_model(progress=messages.print)
    screen = Screen(filings)
    show = Demo(filings, seed, folder, read_manifest(folder).version, screen)
    with Live(screen, console=messages, refresh_per_second=8, transient=True):
        report = show.run()
    if as_json:
        print_json(report.as_json())
    else:
        output.print(examples(some(show.shown)))
        output.print(summary(report))
        output.print(watched(report.monitor))
    require_nothing_lost(report)
