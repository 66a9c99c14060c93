"""Panels that are plots: lines, maps and states over time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.dashboards.prometheus import Point
from tests.dashboards.scales import (
    NAMED,
    PALETTE,
    clock,
    decades,
    diverging,
    moments,
    sequential,
    shown,
    ticks,
)
from tests.quality.chart import GREY, GRID, INK, PAPER, SOFT, Drawing

SMALL = 10
LEGEND_LINE = 14
LEFT_OVER = 70
"""Room for how many entries found no place, pixels."""
CHARACTER = 5.4
"""Width of a letter of the legend, pixels."""


@dataclass(frozen=True)
class Named:
    """A series with the words of its legend."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Field:
    """Where a panel's picture goes, in pixels, and the time it spans."""

    drawing: Drawing
    x: float
    y: float
    width: float
    height: float
    start: float
    end: float

    def across(self, time: float) -> float:
        """Pixels of a time."""
        return self.x + self.width * (time - self.start) / (self.end - self.start)

    def up(self, share: float) -> float:
        """Pixels of a height, 0 to 1; what is beyond stays at the border."""
        return self.y + self.height * (1 - min(1.0, max(0.0, share)))

    def inner(self, *, left: float, bottom: float) -> Field:
        """The same without room at the left and below."""
        return Field(self.drawing, self.x + left, self.y, self.width - left, self.height - bottom, self.start, self.end)

    def times(self) -> None:
        """The axis of time."""
        bottom = self.y + self.height
        self.drawing.line((self.x, bottom), (self.x + self.width, bottom), colour=GREY)
        for moment in moments(self.start, self.end, max(1, int(self.width // 90))):
            x = self.across(moment)
            self.drawing.line((x, bottom), (x, bottom + 3), colour=GREY)
            if self.x + 18 <= x <= self.x + self.width - 14:
                self.drawing.text(x, bottom + 13, clock(moment), anchor="middle", size=SMALL, colour=SOFT)


def legend(field: Field, entries: Sequence[tuple[str, str]], rows: int) -> None:
    """Marks and names in lines under the picture; what finds no place is counted."""
    x, row, bottom = field.x, 0, field.y + field.height + 23
    for place, (name, colour) in enumerate(entries):
        width = 16 + CHARACTER * len(name) + 10
        room = field.width - (LEFT_OVER if row == rows - 1 and place < len(entries) - 1 else 0)
        if x + width > field.x + room and x > field.x:
            if row == rows - 1:
                words = f"and {len(entries) - place} more"
                field.drawing.text(x, bottom + row * LEGEND_LINE + 6, words, size=SMALL, colour=SOFT)
                return
            x, row = field.x, row + 1
        y = bottom + row * LEGEND_LINE
        field.drawing.box(x, y, 10, 4, colour=colour)
        field.drawing.text(x + 14, y + 6, name, size=SMALL, colour=SOFT)
        x += width


def lines(field: Field, panel: dict[str, Any], found: Sequence[Named]) -> None:
    """A line a series; stacked ones fill what is below them."""
    settings = panel["fieldConfig"]["defaults"]
    custom = settings.get("custom", {})
    unit = settings["unit"]
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    logarithmic = custom.get("scaleDistribution", {}).get("type") == "log"
    rows = _legend_rows(field, found)
    plot = field.inner(left=58, bottom=26 + rows * LEGEND_LINE)
    layers = _stacked(found) if stacked else [(series.points, None) for series in found]
    limits = _thresholds(settings, custom)
    low, high = _range(
        [value for points, _ in layers for _, value in points] + limits, logarithmic, settings.get("max")
    )

    def height(value: float) -> float:
        if logarithmic:
            return (math.log10(max(value, low)) - math.log10(low)) / (math.log10(high) - math.log10(low))
        return (value - low) / (high - low)

    for tick in decades(low, high) if logarithmic else ticks(low, high, unit):
        y = plot.up(height(tick))
        field.drawing.line((plot.x, y), (plot.x + plot.width, y))
        field.drawing.text(plot.x - 6, y + 4, shown(tick, unit), anchor="end", size=SMALL, colour=SOFT)
    plot.times()
    for value in limits:
        y = plot.up(height(value))
        field.drawing.line((plot.x, y), (plot.x + plot.width, y), colour=NAMED["red"], dashes="5 4")
    entries = []
    for place, (series, (points, floor)) in enumerate(zip(found, layers, strict=True)):
        colour = PALETTE[place % len(PALETTE)]
        entries.append((series.name, colour))
        top = [(plot.across(time), plot.up(height(value))) for time, value in points]
        if floor is not None and top:
            base = [(plot.across(time), plot.up(height(value))) for time, value in reversed(floor)]
            corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*top, *base])
            field.drawing.parts.append(f'<polygon points="{corners}" fill="{colour}" fill-opacity="0.25"/>')
        _broken(field.drawing, top, colour, gap=6 * plot.width / 150)
    legend(plot, entries, rows)


def _legend_rows(field: Field, found: Sequence[Named]) -> int:
    """Lines that the legend needs, two at most."""
    return 1 if sum(26 + CHARACTER * len(series.name) for series in found) < field.width - 58 else 2


def _broken(drawing: Drawing, points: Sequence[Point], colour: str, gap: float) -> None:
    """A line that is not drawn where there were no figures."""
    piece: list[Point] = []
    for point in points:
        if piece and point[0] - piece[-1][0] > gap:
            drawing.path(piece, colour=colour, width=1.6)
            piece = []
        piece.append(point)
    if len(piece) == 1:
        drawing.dot(*piece[0], colour=colour, radius=1.5)
    elif piece:
        drawing.path(piece, colour=colour, width=1.6)


def _stacked(found: Sequence[Named]) -> list[tuple[list[Point], list[Point]]]:
    times = sorted({time for series in found for time, _ in series.points})
    below = dict.fromkeys(times, 0.0)
    layers = []
    for series in found:
        values = dict(series.points)
        above = {time: below[time] + values.get(time, 0.0) for time in times}
        layers.append((sorted(above.items()), sorted(below.items())))
        below = above
    return layers


def _thresholds(settings: dict[str, Any], custom: dict[str, Any]) -> list[float]:
    if custom.get("thresholdsStyle", {}).get("mode") != "dashed":
        return []
    return [step["value"] for step in settings["thresholds"]["steps"] if step["value"] is not None]


def _range(values: Sequence[float], logarithmic: bool, limit: float | None) -> tuple[float, float]:
    if logarithmic:
        positive = [value for value in values if value > 0] or [1.0]
        low, high = 10 ** math.floor(math.log10(min(positive))), 10 ** math.ceil(math.log10(max(positive)))
        return low, high if high > low else low * 10
    low, high = min([0.0, *values]), max([0.0, *values])
    if limit is not None and high > 0.5 * limit:
        return low, limit
    return low, high * 1.08 if high > low else low + 1.0


def map_of_buckets(field: Field, panel: dict[str, Any], found: Sequence[Named]) -> None:
    """A histogram over time: the buckets are cumulative as they come, and are taken apart here."""
    edges = sorted(found, key=lambda series: float(series.name.replace("+Inf", "inf")))
    below: dict[float, float] = {}
    cells: list[tuple[str, list[Point]]] = []
    for series in edges:
        values = dict(series.points)
        cells.append((series.name, [(t, max(0.0, v - below.get(t, 0.0))) for t, v in series.points]))
        below = values
    filled = [place for place, (_, points) in enumerate(cells) if any(value > 0 for _, value in points)]
    cells = cells[max(0, min(filled) - 1) : max(filled) + 2] if filled else cells
    most = max((value for _, points in cells for _, value in points), default=0.0) or 1.0
    unit = panel["fieldConfig"]["defaults"]["unit"]
    names = ["more" if name == "+Inf" else f"≤ {shown(float(name), unit)}" for name, _ in cells]
    colours = [[(time, sequential(value / most) if value else PAPER) for time, value in points] for _, points in cells]
    _map(field, names, colours)


def map_of_series(field: Field, panel: dict[str, Any], found: Sequence[Named]) -> None:
    """A row a series, from blue over white to red."""
    bound = panel["options"]["color"]["max"]
    ordered = sorted(found, key=lambda series: series.name, reverse=True)
    colours = [[(time, diverging(value / bound)) for time, value in series.points] for series in ordered]
    _map(field, [series.name for series in ordered], colours)


def _map(field: Field, names: Sequence[str], rows: Sequence[Sequence[tuple[float, str]]]) -> None:
    plot = field.inner(left=70, bottom=20)
    height = plot.height / max(1, len(rows))
    times = sorted({time for row in rows for time, _ in row})
    step = min((b - a for a, b in itertools.pairwise(times)), default=1.0)
    for place, (name, row) in enumerate(zip(names, rows, strict=True)):
        y = plot.y + plot.height - (place + 1) * height
        for start, end, colour in _runs(row, gap=1.5 * step):
            if colour != PAPER:
                left = max(plot.x, plot.across(start - step))
                plot.drawing.box(left, y + 0.5, plot.across(end) - left, height - 1, colour=colour)
        if height >= 9 or place % math.ceil(11 / height) == 0:
            plot.drawing.text(plot.x - 6, y + height / 2 + 4, name, anchor="end", size=SMALL, colour=SOFT)
    plot.times()


def states(field: Field, panel: dict[str, Any], found: Sequence[Named]) -> None:
    """A bar a series, coloured by state; the legend names the states."""
    options = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    names = {float(value): (entry["text"], NAMED[entry["color"]]) for value, entry in options.items()}
    longest = max((len(series.name) for series in found), default=4)
    plot = field.inner(left=min(190.0, 12 + 5.6 * longest), bottom=26 + LEGEND_LINE)
    height = plot.height / max(1, len(found))
    for place, series in enumerate(sorted(found, key=lambda series: series.name)):
        y = plot.y + place * height
        for start, end, value in _stretches(series.points):
            left, right = plot.across(start), plot.across(end)
            colour = names.get(value, ("", GRID))[1]
            field.drawing.box(left, y + 0.12 * height, right - left, 0.76 * height, colour=colour)
        field.drawing.text(plot.x - 6, y + height / 2 + 4, series.name, anchor="end", size=SMALL, colour=INK)
    plot.times()
    legend(plot, list(names.values()), 1)


def _runs(row: Sequence[tuple[float, str]], gap: float) -> list[tuple[float, float, str]]:
    """(first time, last time, colour) of cells in a row with one colour."""
    found: list[tuple[float, float, str]] = []
    for time, colour in row:
        if found and found[-1][2] == colour and time - found[-1][1] <= gap:
            found[-1] = (found[-1][0], time, colour)
        else:
            found.append((time, time, colour))
    return found


def _stretches(points: Sequence[Point]) -> list[tuple[float, float, float]]:
    """(from, to, value) of times in a row with one value."""
    found: list[tuple[float, float, float]] = []
    for (time, value), (following, _) in itertools.pairwise(points):
        if found and found[-1][1:] == (time, value):
            found[-1] = (found[-1][0], following, value)
        else:
            found.append((time, following, value))
    return found
