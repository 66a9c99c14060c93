"""`codiflux simulate`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from stream.simulation.filings import Clock
    from stream.simulation.sending import Tally

EVERY = 100
"""Messages between two strokes of the progress bar."""
UNPACED_PER_SECOND = 1_000.0
"""With --start and no rate, received_at advances as at this rate."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("simulate")(simulate)


def _rate(value: str) -> float:
    if value == "max":
        return 0.0
    try:
        rate = float(value)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate < float("inf"):
        raise typer.BadParameter(f"{value} is neither a number of messages a second nor max")
    return rate


def simulate(
    rate: Annotated[
        float, typer.Option(parser=_rate, metavar="N|max", help="Messages a second; 0 or max: as fast as possible.")
    ] = 10.0,
    count: Annotated[int, typer.Option(min=0, help="Messages to send; 0: until Ctrl-C.")] = 0,
    seed: Annotated[int, typer.Option(help="Same seed, same messages; ids are sim-SEED-NUMBER.")] = 0,
    start: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"],
            help="received_at of the first message (UTC without offset); otherwise the clock.",
        ),
    ] = None,
    malformed: Annotated[float | None, typer.Option(help="Share that is no filing at all. Default 0.01.")] = None,
    oversize: Annotated[float | None, typer.Option(help="Share of 1 MB among the malformed. Default 0.01.")] = None,
    uncodable: Annotated[float | None, typer.Option(help='Share of "idem", "voir kbis". Default 0.02.')] = None,
    typos: Annotated[float | None, typer.Option(help="Share with a typing error. Default 0.08.")] = None,
    repeats: Annotated[float | None, typer.Option(help="Share of texts others have filed too. Default 0.9.")] = None,
    insee_body: Annotated[float | None, typer.Option(help="Share in the shape of Insee's API. Default 0.15.")] = None,
    one_stop_counter: Annotated[
        float | None, typer.Option(help="Share in the one-stop counter's own JSON. Default 0.25.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Send simulated filings to formality.received.

    Classes come with their real frequencies and texts repeat as real ones do; some have typing
    errors, some code nothing, some are no filing at all.

    Examples: `codiflux simulate --rate 50 --count 1000 --seed 7`,
    `codiflux simulate --rate max --count 100000 --malformed 0`
    """
    from itertools import islice

    from models.starter.declarations import declarations
    from stream.cli.output import progress_bar
    from stream.settings import read_settings
    from stream.simulation.filings import Shares, filings
    from stream.simulation.sending import send

    given = {
        "malformed": malformed,
        "oversize": oversize,
        "uncodable": uncodable,
        "typos": typos,
        "repeats": repeats,
        "insee_body": insee_body,
        "one_stop_counter": one_stop_counter,
    }
    shares = Shares(**{name: share for name, share in given.items() if share is not None})
    endless = filings(seed, shares, declarations(), clock=_clock(start, rate))
    messages = islice(endless, count) if count else endless
    with progress_bar("sending", total=count or None) as progress:

        def advance(acknowledged: int) -> None:
            if acknowledged % EVERY == 0:
                progress.update(progress.task_ids[0], completed=acknowledged)

        tally = send(read_settings(), messages, rate=rate, progress=advance)
        progress.update(progress.task_ids[0], completed=tally.sent)
    _report(tally, as_json=as_json)
    if tally.interrupted and count:
        raise KeyboardInterrupt


def _clock(start: datetime | None, rate: float) -> Clock:
    from datetime import UTC, timedelta

    from stream.simulation.filings import regular_clock, wall_clock

    if start is None:
        return wall_clock
    aware = start if start.tzinfo else start.replace(tzinfo=UTC)
    return regular_clock(aware, timedelta(seconds=1 / (rate or UNPACED_PER_SECOND)))


def _report(tally: Tally, *, as_json: bool) -> None:
    from stream.cli.output import output, print_json
    from stream.simulation.malformed import Kind

    uncodable = tally.by_kind[Kind.UNCODABLE]
    if as_json:
        print_json(
            {
                "sent": tally.sent,
                "malformed": tally.malformed,
                "uncodable": uncodable,
                "refused": tally.refused,
                "by_kind": {kind.value: number for kind, number in tally.by_kind.items()},
                "seconds": round(tally.seconds, 3),
            }
        )
        return
    output.print(
        f"{tally.sent} messages sent in {tally.seconds:.1f} s: {tally.malformed} malformed, {uncodable} uncodable"
    )
    if tally.refused:
        output.print(f"{tally.refused} more were refused by the broker for their size")
