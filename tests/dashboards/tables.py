"""Panels that show how things stand now: one figure, bars, a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.dashboards.plots import LEGEND_LINE, SMALL, Field, Named, legend
from tests.dashboards.prometheus import Series
from tests.dashboards.scales import PALETTE, by_threshold, shown, ticks
from tests.quality.chart import GREY, INK, SOFT


def figure(field: Field, panel: dict[str, Any], found: Sequence[Named]) -> None:
    """The last value, large."""
    settings = panel["fieldConfig"]["defaults"]
    values = [series.points[-1][1] for series in found if series.points]
    words = shown(values[0], settings["unit"]) if values else settings.get("noValue", "no data")
    colour = by_threshold(values[0], settings["thresholds"]["steps"]) if values else SOFT
    size = 32 if len(words) < 10 else 22
    field.drawing.text(field.x + field.width / 2, field.y + field.height / 2 + 12, words, anchor="middle", size=size,
                       colour=colour)  # fmt: skip


def joined(panel: dict[str, Any], answers: Sequence[Sequence[Series]]) -> tuple[str, list[str], dict[str, list[float]]]:
    """The joining label, the columns' names, and a row a value of the label; what is missing is NaN."""
    label = next(t for t in panel["transformations"] if t["id"] == "joinByField")["options"]["byField"]
    names = [target["legendFormat"] for target in panel["targets"]]
    rows: dict[str, list[float]] = {}
    for column, found in enumerate(answers):
        for series in found:
            if series.points:
                row = rows.setdefault(series.labels.get(label, ""), [float("nan")] * len(names))
                row[column] = series.points[-1][1]
    return label, names, dict(sorted(rows.items()))


def bars(field: Field, panel: dict[str, Any], answers: Sequence[Sequence[Series]]) -> None:
    """Bars beside each other for each value of the label."""
    label, names, rows = joined(panel, answers)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    plot = field.inner(left=58, bottom=26 + LEGEND_LINE)
    values = [value for row in rows.values() for value in row if value == value]
    high = max([0.0, *values]) * 1.05 or 1.0
    for tick in ticks(0, high, unit):
        y = plot.up(tick / high)
        plot.drawing.line((plot.x, y), (plot.x + plot.width, y))
        plot.drawing.text(plot.x - 6, y + 4, shown(tick, unit), anchor="end", size=SMALL, colour=SOFT)
    group = plot.width / max(1, len(rows))
    bar = 0.8 * group / max(1, len(names))
    every = max(1, math.ceil(34 / group))
    for place, (name, row) in enumerate(rows.items()):
        left = plot.x + place * group + 0.1 * group
        for column, value in enumerate(row):
            if value == value:
                y = plot.up(value / high)
                colour = PALETTE[column % len(PALETTE)]
                plot.drawing.box(left + column * bar, y, bar - 1, plot.y + plot.height - y, colour=colour)
        if place % every == 0:
            plot.drawing.text(
                plot.x + (place + 0.5) * group,
                plot.y + plot.height + 13,
                name,
                anchor="middle",
                size=SMALL,
                colour=SOFT,
            )
    bottom = plot.y + plot.height
    plot.drawing.line((plot.x, bottom), (plot.x + plot.width, bottom), colour=GREY)
    legend(plot, [(f"{name}, by {label}", PALETTE[n % len(PALETTE)]) for n, name in enumerate(names)], 1)


def rows(field: Field, panel: dict[str, Any], answers: Sequence[Sequence[Series]]) -> None:
    """A table; the largest first column on top."""
    label, names, found = joined(panel, answers)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    units = {o["matcher"]["options"]: o["properties"][0]["value"] for o in panel["fieldConfig"].get("overrides", [])}
    first = 150.0 if max(map(len, found), default=0) > 6 else 70.0
    width = (field.width - first) / max(1, len(names))
    line = 18.0
    for column, name in enumerate(names):
        x = field.x + first + (column + 1) * width - 6
        field.drawing.text(x, field.y + 12, name, anchor="end", size=SMALL, colour=SOFT)
    field.drawing.text(field.x, field.y + 12, label, size=SMALL, colour=SOFT)
    ordered = sorted(found.items(), key=lambda item: -item[1][0] if item[1][0] == item[1][0] else 1e9)
    for place, (name, values) in enumerate(ordered[: int(field.height // line) - 1]):
        y = field.y + (place + 1) * line
        field.drawing.line((field.x, y), (field.x + field.width, y))
        field.drawing.text(field.x, y + 13, name, size=11, colour=INK)
        for column, value in enumerate(values):
            words = shown(value, units.get(names[column], unit)) if value == value else ""
            x = field.x + first + (column + 1) * width - 6
            field.drawing.text(x, y + 13, words, anchor="end", size=11, colour=INK)
