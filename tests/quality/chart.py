"""Just enough SVG to draw a chart: a drawing, and a plot with two axes in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

INK, SOFT, GRID, PAPER = "#24292f", "#57606a", "#e4e7eb", "#ffffff"
BLUE, GREEN, ORANGE, GREY = "#1f5fa8", "#1a7f5a", "#c4521c", "#8c959f"

Point = tuple[float, float]


def _n(value: float) -> str:
    """A coordinate, short: the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass
class Drawing:
    """A white sheet that shapes are put on, in pixels."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = INK) -> None:
        """Words with their baseline at y; `anchor` is start, middle or end."""
        self.parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">'
            f"{escape(words, quote=False)}</text>"
        )

    def line(self, start: Point, end: Point, *, colour: str = GRID, width: float = 1, dashes: str = "") -> None:
        """A straight line; `dashes` as SVG writes them ("4 3")."""
        self.path([start, end], colour=colour, width=width, dashes=dashes)

    def path(self, points: Iterable[Point], *, colour: str, width: float = 2, dashes: str = "") -> None:
        """A line through points."""
        places = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self.parts.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width:g}"'
            f' stroke-linejoin="round"{dashed}/>'
        )

    def dot(self, x: float, y: float, *, colour: str, radius: float = 4.5, hollow: bool = False) -> None:
        """A round mark."""
        fill = PAPER if hollow else colour
        self.parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{radius:g}" fill="{fill}" stroke="{colour}" stroke-width="2"/>'
        )

    def box(self, x: float, y: float, width: float, height: float, *, colour: str) -> None:
        """A filled rectangle."""
        self.parts.append(f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}" fill="{colour}"/>')

    def legend(self, x: float, y: float, entries: Sequence[tuple[str, str, bool]]) -> None:
        """Marks and their meaning, one below the other: (words, colour, hollow)."""
        for row, (words, colour, hollow) in enumerate(entries):
            self.dot(x, y + row * 19 - 4, colour=colour, hollow=hollow)
            self.text(x + 12, y + row * 19, words, colour=SOFT)

    def svg(self) -> str:
        """The whole file."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}"'
            f' viewBox="0 0 {self.width} {self.height}" role="img" font-family="Helvetica, Arial, sans-serif">'
        )
        sheet = f'<rect width="{self.width}" height="{self.height}" fill="{PAPER}"/>'
        return "\n".join([head, f"<title>{escape(self.title, quote=False)}</title>", sheet, *self.parts, "</svg>", ""])


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, with words at some values."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    name: str = ""


def percents(low: int, high: int, step: int) -> list[tuple[float, str]]:
    """Ticks at whole per cents.

    >>> percents(0, 20, 10)
    [(0.0, '0 %'), (0.1, '10 %'), (0.2, '20 %')]
    """
    return [(value / 100, f"{value} %") for value in range(low, high + 1, step)]


@dataclass(frozen=True)
class Plot:
    """A field of a drawing with two axes; values outside are held at its border."""

    drawing: Drawing
    left: float
    top: float
    width: float
    height: float
    across: Axis
    up: Axis

    def at(self, x: float, y: float) -> Point:
        """Pixels of a pair of values."""
        return (
            self.left + self.width * _share(x, self.across),
            self.top + self.height * (1 - _share(y, self.up)),
        )

    def frame(self, title: str = "") -> None:
        """Grid, ticks and names of the axes."""
        bottom, right = self.top + self.height, self.left + self.width
        for value, words in self.up.ticks:
            _, y = self.at(self.across.low, value)
            self.drawing.line((self.left, y), (right, y))
            self.drawing.text(self.left - 8, y + 4, words, anchor="end", colour=SOFT)
        for value, words in self.across.ticks:
            x, _ = self.at(value, self.up.low)
            self.drawing.line((x, bottom), (x, bottom + 4), colour=GREY)
            self.drawing.text(x, bottom + 18, words, anchor="middle", colour=SOFT)
        self.drawing.line((self.left, bottom), (right, bottom), colour=GREY)
        self.drawing.text((self.left + right) / 2, bottom + 38, self.across.name, anchor="middle", colour=SOFT)
        self.drawing.text(self.left, self.top - 12, title or self.up.name, colour=INK, size=13)

    def curve(self, points: Iterable[Point], *, colour: str, dashes: str = "", width: float = 2) -> None:
        """A line through pairs of values."""
        self.drawing.path([self.at(x, y) for x, y in points], colour=colour, dashes=dashes, width=width)

    def dot(self, x: float, y: float, *, colour: str, hollow: bool = False, radius: float = 4.5) -> None:
        """A mark at a pair of values."""
        self.drawing.dot(*self.at(x, y), colour=colour, hollow=hollow, radius=radius)

    def whisker(self, x: float, interval: Sequence[float], *, colour: str, shift: float = 0) -> None:
        """An upright interval at x, moved `shift` pixels to the right."""
        (place, low), (_, high) = self.at(x, interval[0]), self.at(x, interval[1])
        self.drawing.line((place + shift, low), (place + shift, high), colour=colour, width=2)


def _share(value: float, axis: Axis) -> float:
    return (min(max(value, axis.low), axis.high) - axis.low) / (axis.high - axis.low)
