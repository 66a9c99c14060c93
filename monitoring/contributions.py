"""Which cells carry a distance: where in the nomenclature, in which bin, in which category."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitoring.categories import Categories
from monitoring.layout import Floats
from schemas.drift import Contribution
from schemas.signals import MISSING, Signal, SignalKind

TOP = 5
MISSING_NAME = "(missing)"


def contributions(
    observed: Floats, reference: Floats, names: Sequence[str], *, top: int = TOP
) -> tuple[Contribution, ...]:
    """The cells with most of the squared Hellinger distance, largest first.

    Parameters
    ----------
    observed, reference
        Counts of one signal's cells, each with some observation.
    names
        Of the cells.

    >>> [c.branch for c in contributions(np.array([5.0, 5, 90]), np.array([30.0, 10, 60]), ["F", "G", "I"], top=2)]
    ['F', 'I']
    """
    p, q = observed / observed.sum(), reference / reference.sum()
    carried = (np.sqrt(p) - np.sqrt(q)) ** 2
    total = carried.sum()
    if total <= 0:
        return ()
    order = np.argsort(-carried, kind="stable")[:top]
    return tuple(
        Contribution(branch=names[i], share=min(1.0, round(float(carried[i] / total), 6)))
        for i in order
        if carried[i] > 0
    )


def cell_names(signal: Signal, categories: Categories) -> list[str]:
    """A name for each cell of a signal: its category, or its bin as `low..high`."""
    if signal.kind is SignalKind.CATEGORICAL:
        named = [categories.name(signal.name, cell) for cell in range(signal.size)]
        return [MISSING_NAME if name == MISSING else name for name in named]
    edges = [f"{edge:g}" for edge in signal.edges]
    return [f"{low}..{high}" for low, high in zip(["", *edges], [*edges, ""], strict=True)]
