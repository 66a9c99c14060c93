"""`codiflux watch`."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch")(watch)


def watch(
    addresses: Annotated[
        list[str], typer.Argument(metavar="HOST:PORT...", help="Metrics ports of workers and monitor, or their URLs.")
    ],
    interval: Annotated[float, typer.Option(min=0.2, help="Seconds between two looks; rates are of this time.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Print one snapshot and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One snapshot as a JSON object on the last line.")] = False,
) -> None:
    """Show traffic, routes, latency, lag and drift of running workers and monitor.

    Exit code 69 when no address answers a single look.

    Example: `codiflux watch 127.0.0.1:9100 127.0.0.1:9200 --once`
    """
    import time

    from rich.live import Live

    from stream.cli.output import output, print_json
    from stream.errors import NothingAnswers
    from stream.watch.fetching import ask, url_of
    from stream.watch.screen import screen
    from stream.watch.snapshot import Snapshot, snapshot

    for address in addresses:
        url_of(address)
    before, then = [ask(address) for address in addresses], time.monotonic()

    def look() -> Snapshot:
        nonlocal before, then
        time.sleep(interval)
        after, now = [ask(address) for address in addresses], time.monotonic()
        seen = snapshot(before, after, seconds=now - then, now=time.time())
        before, then = after, now
        return seen

    if once or as_json:
        seen = look()
        if all(said != "up" for said in seen.addresses.values()):
            raise NothingAnswers(next(f"{address}: {said}" for address, said in seen.addresses.items()))
        if as_json:
            print_json(seen.as_json())
        else:
            output.print(screen(seen))
        return
    with Live(screen(look()), console=output, screen=output.is_terminal, refresh_per_second=4) as live:
        while True:
            live.update(screen(look()))
