"""Pieces of the report's page: tables, shares, intervals, prose in lines of one width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]

WIDTH = 100


def both(figures: Figures) -> tuple[Figures, Figures]:
    """Figures of the models of NAF rev. 2 and of NAF 2025."""
    return figures["models"]["naf-rev2"], figures["models"]["naf-2025"]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def percent(share: float) -> str:
    """One decimal.

    >>> percent(0.8004)
    '80.0 %'
    """
    return f"{share * 100:.1f} %"


def between(interval: Sequence[float]) -> str:
    """An interval of per cents.

    >>> between((0.781, 0.8204))
    '78.1-82.0'
    """
    return f"{interval[0] * 100:.1f}-{interval[1] * 100:.1f}"


def wrapped(markdown: str) -> str:
    """Prose in lines of one width whatever the figures in it; tables, lists and titles as they are."""
    blocks = markdown.split("\n\n")
    return "\n\n".join(block if block.startswith(("|", "#", "-", "!")) else _filled(block) for block in blocks)


def _filled(prose: str) -> str:
    return textwrap.fill(prose, WIDTH, break_long_words=False, break_on_hyphens=False)


def sentence(label: str) -> str:
    """A label in sentence case where it is in capitals."""
    return label[:1] + label[1:].lower() if label.isupper() else label
