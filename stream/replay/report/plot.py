"""A small chart: axes with ticks and titles, lines, bands, bars and points, as SVG.

Series are numbered from 1; their colours are the style sheet's, for light, dark and print.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from stream.replay.report.words import Said

Point = tuple[float, float]
Labelled = Callable[[float], Said]


COLOURS = 5
"""Of the style sheet, beside grey; further series begin again with the first."""


def colour(series: int) -> int:
    """The colour of a series, numbered from 1; 0 is grey.

    >>> [colour(series) for series in (0, 1, 5, 6)]
    [0, 1, 5, 1]
    """
    return (series - 1) % COLOURS + 1 if series else 0


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` on pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        span = self.high - self.low or 1.0
        return self.start + (value - self.low) / span * (self.end - self.start)

    def ticks(self, about: int = 5) -> list[float]:
        """Round values within the scale."""
        return ticks(self.low, self.high, about)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """About so many round values from low to high.

    >>> ticks(0.0, 0.3)
    [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]
    """
    if high <= low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.75)
    digits = max(0, -floor(log10(step)))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(position * step, digits + 1) for position in range(first, last + 1)]


def headroom(highest: float, about: int = 5) -> float:
    """A round upper end for an axis from 0 that reaches `highest`, and is a tick itself.

    >>> headroom(0.031), headroom(0.11, 3)
    (0.04, 0.15)
    """
    top = highest * 1.02
    while top > 0.0:
        marks = ticks(0.0, top, about)
        if marks[-1] >= top * (1 - 1e-9):
            return marks[-1]
        top = marks[-1] + marks[1]
    return 1.0


@dataclass
class Plot:
    """A chart being drawn; what is drawn first lies below.

    Parameters
    ----------
    name
        Identity in the page: of the clipping region.
    x, y
        Scales; made by `plot`.
    """

    name: str
    width: int
    height: int
    x: Scale
    y: Scale
    parts: list[str] = field(default_factory=list)

    def x_axis(self, values: Sequence[float], label: Labelled, title: Said) -> None:
        """Ticks below, and what the axis is at its right end."""
        base = self.y.start
        self.parts.append(f'<path class="axis" d="M{_n(self.x.start)} {_n(base)}H{_n(self.x.end)}"/>')
        for value in values:
            place = self.x(value)
            self.parts.append(f'<path class="axis" d="M{_n(place)} {_n(base)}v4"/>')
            self.parts.append(self._text(place, base + 18, label(value), "tick middle"))
        self.parts.append(self._text(self.x.end, self.height - 4, title, "title end"))

    def y_axis(self, values: Sequence[float], label: Labelled, title: Said) -> None:
        """Lines across with ticks at the left, and what the axis is above it."""
        for value in values:
            place = self.y(value)
            self.parts.append(f'<path class="grid" d="M{_n(self.x.start)} {_n(place)}H{_n(self.x.end)}"/>')
            self.parts.append(self._text(self.x.start - 8, place + 4, label(value), "tick end"))
        self.parts.append(self._text(4, 14, title, "title"))

    def right_axis(self, values: Sequence[float], label: Labelled, title: Said) -> None:
        """A second reading of the same heights, at the right."""
        for value in values:
            self.parts.append(self._text(self.x.end + 8, self.y(value) + 4, label(value), "tick"))
        self.parts.append(self._text(self.width - 4, 14, title, "title end"))

    def line(self, points: Sequence[Point], series: int, *, style: str = "") -> None:
        """A line through points; `style` is one more class, such as dashed."""
        if len(points) > 1:
            path = "L".join(f"{_n(self.x(x))} {_n(self.y(y))}" for x, y in points)
            self._clipped(f'<path class="line s{colour(series)} {style}" d="M{path}"/>')

    def steps(self, points: Sequence[Point], series: int, *, style: str = "") -> None:
        """A line that keeps each value until the next."""
        corners: list[Point] = []
        for x, y in points:
            if corners:
                corners.append((x, corners[-1][1]))
            corners.append((x, y))
        self.line(corners, series, style=style)

    def band(self, low: Sequence[Point], high: Sequence[Point], series: int) -> None:
        """What lies between two lines."""
        if len(low) > 1:
            path = "L".join(f"{_n(self.x(x))} {_n(self.y(y))}" for x, y in (*low, *reversed(high)))
            self._clipped(f'<path class="band f{colour(series)}" d="M{path}Z"/>')

    def bar(self, left: float, right: float, low: float, high: float, series: int, *, style: str = "") -> None:
        """A bar between two x values, from `low` to `high`."""
        x, top = self.x(left), self.y(high)
        size = f'width="{_n(max(0.4, self.x(right) - x))}" height="{_n(max(0.0, self.y(low) - top))}"'
        self.parts.append(f'<rect class="f{colour(series)} {style}" x="{_n(x)}" y="{_n(top)}" {size}/>')

    def whisker(self, x: float, low: float, high: float, series: int) -> None:
        """An interval, upright."""
        self._clipped(
            f'<path class="whisker s{colour(series)}" d="M{_n(self.x(x))} {_n(self.y(low))}V{_n(self.y(high))}"/>'
        )

    def dot(self, x: float, y: float, series: int, *, size: float = 4.0, style: str = "") -> None:
        """A point."""
        self.parts.append(
            f'<circle class="f{colour(series)} {style}" cx="{_n(self.x(x))}" cy="{_n(self.y(y))}" r="{_n(size)}"/>'
        )

    def diamond(self, x: float, y: float, series: int) -> None:
        """A point of another kind."""
        place = f"M{_n(self.x(x))} {_n(self.y(y) - 7)}l6 7l-6 7l-6 -7Z"
        self.parts.append(f'<path class="diamond s{colour(series)}" d="{place}"/>')

    def rule(self, y: float, series: int = 0) -> None:
        """A dashed line across at a value."""
        self.parts.append(
            f'<path class="line s{colour(series)} dashed" d="M{_n(self.x.start)} {_n(self.y(y))}H{_n(self.x.end)}"/>'
        )

    def diagonal(self) -> None:
        """Where x equals y."""
        low, high = max(self.x.low, self.y.low), min(self.x.high, self.y.high)
        self.line([(low, low), (high, high)], 0, style="dashed")

    def note(self, x: float, y: float, text: Said, *, right: float = 9.0, up: float = 9.0, anchor: str = "") -> None:
        """Words beside a value."""
        self.parts.append(self._text(self.x(x) + right, self.y(y) - up, text, f"note {anchor}"))

    def svg(self) -> str:
        """The finished chart."""
        clip = (
            f'<clipPath id="{self.name}-area"><rect x="{_n(self.x.start)}" y="{_n(self.y.end)}"'
            f' width="{_n(self.x.end - self.x.start)}" height="{_n(self.y.start - self.y.end)}"/></clipPath>'
        )
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-labelledby="{self.name}-caption">'
            f"<defs>{clip}</defs>{''.join(self.parts)}</svg>"
        )

    def _clipped(self, mark: str) -> None:
        self.parts.append(f'<g clip-path="url(#{self.name}-area)">{mark}</g>')

    def _text(self, x: float, y: float, text: Said, style: str) -> str:
        said = text.html("tspan") if text.fr != text.en else text.html()
        return f'<text class="{style.strip()}" x="{_n(x)}" y="{_n(y)}">{said}</text>'


def plot(
    name: str,
    x: tuple[float, float],
    y: tuple[float, float],
    *,
    width: int = 760,
    height: int = 330,
    left: int = 62,
    right: int = 20,
) -> Plot:
    """An empty chart over ranges of x and y."""
    return Plot(name, width, height, Scale(*x, left, width - right), Scale(*y, height - 44, 28))


def _n(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
