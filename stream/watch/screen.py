"""A snapshot on the terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stream.watch.snapshot import Snapshot

STYLE = {"quiet": "green", "learning": "cyan", "suspected": "yellow", "drifted": "bold red"}
SHOWN = 12


def screen(seen: Snapshot) -> RenderableType:
    """Everything at a glance."""
    parts: list[RenderableType] = [_heading(seen), _traffic(seen)]
    if seen.signals:
        parts.append(_drift(seen))
    if seen.accuracy:
        parts.append(_accuracy(seen))
    return Group(*parts)


def _heading(seen: Snapshot) -> Text:
    at = datetime.fromtimestamp(seen.at, UTC).strftime("%H:%M:%S")
    text = Text(f"Codiflux {at} UTC  ", style="bold")
    text.append("all live" if seen.live else "not all live", style="green" if seen.live else "bold red")
    for address, said in seen.addresses.items():
        text.append(f"  {address} ")
        text.append(said, style="green" if said == "up" else "bold red")
    return text


def _traffic(seen: Snapshot) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    routes = "  ".join(f"{name} {count:,}" for name, count in seen.routes.items())
    letters = "  ".join(f"{name} {count:,}" for name, count in seen.dead_letters.items())
    latency = "  ".join(f"{name} {_time(value)}" for name, value in seen.latency_seconds.items())
    table.add_row("traffic", f"{seen.rate:,.0f}/s", f"{seen.filings:,} decided   {routes}")
    table.add_row("dead letters", f"{sum(seen.dead_letters.values()):,}", letters)
    table.add_row("latency", "", latency)
    table.add_row("lag", f"{seen.lag_messages:,}", f"oldest {_time(seen.lag_seconds)}")
    table.add_row(
        "review queue", f"{seen.review_queue:,}", f"labels waiting for their decision {seen.labels_waiting:,}"
    )
    if seen.monitor_progress is not None:
        age = max(0.0, seen.at - seen.monitor_progress)
        table.add_row("monitor", f"{seen.monitor_lag_messages:,}", f"messages to read, moved {_time(age)} ago")
    if seen.models:
        table.add_row("model", "", "  ".join(seen.models))
    return table


def _drift(seen: Snapshot) -> Table:
    table = Table(title="Drift", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("signal", "model", "state", "distance", "floor", "since", "carried by"):
        table.add_column(name, justify="right" if name in ("distance", "floor") else "left")
    for signal in seen.signals[:SHOWN]:
        since = "" if not signal.since else datetime.fromtimestamp(signal.since, UTC).strftime("%Y-%m-%d %H:%M")
        branches = "  ".join(f"{name} {share:.0%}" for name, share in signal.branches.items())
        table.add_row(
            signal.signal,
            signal.model_version,
            Text(signal.state, style=STYLE.get(signal.state, "")),
            _number(signal.distance),
            _number(signal.floor),
            since,
            branches,
        )
    rest = len(seen.signals) - SHOWN
    if rest > 0:
        table.add_row(f"and {rest} more", "", "", "", "", "", "")
    return table


def _accuracy(seen: Snapshot) -> Table:
    table = Table(title="Accuracy of the code", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for name in ("lane", "model", "right", "95 %", "labels", "expected"):
        table.add_column(name, justify="left" if name in ("lane", "model") else "right")
    for found in seen.accuracy:
        table.add_row(
            found.lane,
            found.model_version,
            f"{found.share:.1%}",
            f"{found.lower:.1%} to {found.upper:.1%}",
            f"{found.labels:,}",
            "" if found.expected is None else f"{found.expected:.1%}",
        )
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"
