"""What a person sees of the demo: decisions as they come, then a table of what happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from schemas.decision import Decision, Route
from stream.demo.report import DemoReport
from stream.demo.watching import MonitorReport

SHOWN = 12
STYLE = {Route.AUTO: "green", Route.REVIEW: "yellow", Route.RETURNED: "red"}


class Screen:
    """The last decisions and the counts so far, drawn again at each look."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._last: deque[Decision] = deque(maxlen=SHOWN)
        self.phase = ""
        self.counts: dict[str, int] = {}

    def show(self, decision: Decision) -> None:
        """Put a decision at the end of the list."""
        self._last.append(decision)

    def __rich__(self) -> Group:
        table = Table(box=None, pad_edge=False, show_edge=False, expand=True)
        for name, width in (("declared", None), ("route", 8), ("code", 6), ("index", 6), ("label", None)):
            table.add_column(name, width=width, no_wrap=True, overflow="ellipsis", ratio=None if width else 1)
        for decision in self._last:
            index = "" if decision.confidence_index is None else f"{decision.confidence_index:.2f}"
            table.add_row(
                escape(decision.formality.description_activity),
                Text(decision.route.value, style=STYLE[decision.route]),
                decision.code or "",
                index,
                escape(decision.label or decision.reason.value),
            )
        done = sum(self.counts.values())
        counts = "  ".join(f"{name} {count:,}" for name, count in self.counts.items())
        return Group(Text(f"{self.phase}   {done:,} of {self._total:,}   {counts}", style="bold"), table)


def summary(report: DemoReport) -> Table:
    """What happened, in one table."""
    table = Table(title="What happened", show_header=False, title_justify="left")
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column(justify="left", style="dim")
    rows: Sequence[tuple[str, str, str]] = (
        ("messages sent", f"{report.filings:,}", "simulated filings, some malformed on purpose"),
        ("auto", f"{report.auto:,}", "coded without a human"),
        ("review", f"{report.review:,}", "to a human, with five codes"),
        ("returned", f"{report.returned:,}", "nothing to code: back to the declarant"),
        ("dead letters", f"{report.dead_letter:,}", "unreadable, bytes kept"),
        ("audited", f"{report.audited:,}", "auto decisions copied for a second look"),
        ("lost", f"{report.lost:,}", "by a recount of the topics; must be 0"),
        ("duplicates", f"{report.duplicates:,}", "copies with the same decision_id"),
        ("throughput", f"{report.throughput_per_second:,.0f}/s", "one worker, at full speed"),
        ("latency p50", f"{report.latency_p50_seconds * 1000:.0f} ms", "filing to decision, at 100 filings a second"),
        ("latency p99", f"{report.latency_p99_seconds * 1000:.0f} ms", ""),
        ("model", report.model_version, ""),
    )
    for name, figure, note in rows:
        bad = (name == "lost" and report.lost) or (name == "duplicates" and report.conflicts)
        table.add_row(name, Text(figure, style="bold red" if bad else ""), note)
    return table


def watched(report: MonitorReport) -> Table:
    """What the monitor says, in a short table."""
    states = report.states
    table = Table(title="What the monitor says", show_header=False, title_justify="left")
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column(justify="left", style="dim")
    far = report.farthest
    beside = "" if far is None or not far.floor else f"{far.distance:.3f}, sampling alone reaches {far.floor:.3f}"
    for name, figure, note in (
        ("decisions read", f"{report.decisions:,}", "auto, review and returned"),
        ("signals watched", f"{sum(states.values()):,}", f"{states['learning']} still learn what is usual"),
        ("drifting", f"{states['drifted']:,}", ", ".join(report.moved) or "filings are as they were"),
        ("suspected", f"{states['suspected']:,}", "by distance or detector alone: no alarm"),
        ("farthest", "" if far is None else far.signal, beside),
        ("alarms", f"{report.alarms:,}", "published to drift.detected"),
    ):
        table.add_row(name, figure, note)
    return table


def examples(decisions: Sequence[Decision]) -> Table:
    """Some filings with the codes the model holds possible."""
    table = Table(title="Ten of them", title_justify="left", show_lines=True)
    table.add_column("declared", ratio=2)
    table.add_column("route", width=8)
    table.add_column("most likely codes", ratio=3)
    for decision in decisions:
        codes = "\n".join(f"{c.probability:6.1%}  {c.code}  {escape(c.label)}" for c in decision.candidates)
        table.add_row(
            escape(decision.formality.description_activity[:200]),
            Text(decision.route.value, style=STYLE[decision.route]),
            codes or decision.reason.value,
        )
    return table
