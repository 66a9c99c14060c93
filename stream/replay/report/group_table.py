"""Sections and types of form, with automation and error drawn in each row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.backtest.estimates import Estimate
from models.backtest.figures import FocusFigures
from models.backtest.groups import Group
from stream.replay.report.plot import colour
from stream.replay.report.tables import LABEL_LENGTH, Cells, shortened, table
from stream.replay.report.words import Said, interval, number, percent, plain, say

NO_GROUP = {
    "sections": say("(renvoyés au déclarant)", "(returned to the declarant)"),
    "type_forms": say("(non renseigné)", "(not given)"),
}


def groups(focus: Sequence[FocusFigures], kind: str, labels: Mapping[str, str], first: Said) -> str:
    """Sections or types of form, with automation and error drawn in each row."""
    by_name: dict[str, dict[int, Group]] = {}
    for place, one in enumerate(focus):
        for group in getattr(one, kind):
            by_name.setdefault(group.name, {})[place] = group
    ordered = sorted(by_name, key=lambda name: (-max(g.filings for g in by_name[name].values()), name))
    highest = max(
        (g.auto_error.high for found in by_name.values() for g in found.values() if g.auto_error.rows >= 20),
        default=0.2,
    )
    top = min(1.0, max(0.05, highest))
    head = (
        first,
        say("dossiers", "filings"),
        say("part automatique, 0 à 100 %", "automatic share, 0 to 100%"),
        say("erreur automatique, 0 à {top}", "automatic error, 0 to {top}", top=percent(top, 0)),
    )
    rows: list[Cells] = []
    for name in ordered:
        found = by_name[name]
        label = shortened(f"{name} {labels.get(name, '')}".strip(), LABEL_LENGTH) if name else None
        rows.append(
            (
                plain(label) if label else NO_GROUP[kind],
                "<br>".join(number(group.filings).html() for group in found.values()),
                _marks({focus[p].model if _apart(focus) else p + 1: g.automation for p, g in found.items()}, 1.0, 1),
                _marks({focus[p].model if _apart(focus) else p + 1: g.auto_error for p, g in found.items()}, top, 1),
            )
        )
    return table(head, rows, style="groups")


def _apart(focus: Sequence[FocusFigures]) -> bool:
    return len({one.model for one in focus}) == len(focus)


def _marks(estimates: Mapping[int, Estimate], top: float, digits: int) -> str:
    """Points with intervals under each other, and the values beside them."""
    width, row = 170, 20
    drawn = [f'<path class="grid" d="M0 0V{row * len(estimates)}M{width} 0V{row * len(estimates)}"/>']
    values = []
    for place, (series, estimate) in enumerate(estimates.items()):
        y = row * place + row / 2
        values.append(interval(estimate, digits).html())
        if estimate.value is None:
            continue
        low, value, high = (min(1.0, bound / top) * width for bound in (estimate.low, estimate.value, estimate.high))
        drawn.append(f'<path class="whisker s{colour(series)}" d="M{low:.1f} {y:g}H{high:.1f}"/>')
        drawn.append(f'<circle class="f{colour(series)}" cx="{value:.1f}" cy="{y:g}" r="3.5"/>')
    height = row * len(estimates)
    size = f'preserveAspectRatio="none" width="{width + 8}" height="{height}" viewBox="-4 0 {width + 8} {height}"'
    svg = f'<svg class="cell rows{len(estimates)}" {size} aria-hidden="true">{"".join(drawn)}</svg>'
    return f'<div class="marks">{svg}<span>{"<br>".join(values)}</span></div>'
