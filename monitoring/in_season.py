"""Windows that stray from the baseline, held against what the season would have made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitoring.alarms import Flags
from monitoring.distances import shares
from monitoring.layout import Floats
from monitoring.seasons import widening

if TYPE_CHECKING:
    from monitoring.panel import Panel


def in_season(panel: Panel, over: Flags, totals: Sequence[Floats], judged: Flags) -> tuple[Flags, Flags]:
    """What strays from the baseline as a season would have it strays from nothing.

    Parameters
    ----------
    over
        Distance to the baseline beyond its limit, shape (windows, signals).
    totals
        Counts of each window.
    judged
        Whether each window is full, shape (windows, 1).

    Returns
    -------
    What is beyond the limits of every expectation too, and which signals are, in every window, within
    the floor of some expectation.
    """
    assert panel.seasons is not None
    over = over.copy()
    layout, baseline = panel.layout, panel.baseline
    moments = np.array([begins for begins, _ in panel.history])
    usual = np.ones((len(totals), len(layout.signals)), dtype=bool)
    learnt = layout.totals(baseline.row)
    usually = shares(baseline.counts, layout.starts)
    for row, (window, total) in enumerate(zip(panel.windows.values(), totals, strict=True)):
        count = layout.totals(total)
        near = np.zeros(len(layout.signals), dtype=bool)
        roots = np.sqrt(shares(total[: layout.cells], layout.starts))
        for expected in panel.seasons.expectations(usually, learnt, moments[-window.capacity :], week=baseline.week):
            gaps = (roots - np.sqrt(expected.profile)) ** 2
            far = np.sqrt(np.add.reduceat(gaps, layout.starts) / 2.0)
            wider = widening(count, learnt, expected.worth)
            over[row] &= ~(far <= panel.limits[row] * wider)
            near |= far <= panel.floors[row] * wider
        usual[row] = near | ~judged[row, 0]
    return over, np.asarray(usual.all(axis=0))
