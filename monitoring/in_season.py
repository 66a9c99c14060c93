"""Windows that stray from the baseline, held against what the season would have made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from monitoring.alarms import Flags
from monitoring.distances import Distance, measured
from monitoring.layout import Floats
from monitoring.seasons import widened

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
    moments = np.array([begins for begins, _ in panel.history])
    usual = np.ones((len(totals), len(panel.layout.signals)), dtype=bool)
    baseline = panel.layout.totals(panel.baseline.row)
    for row, (window, total) in enumerate(zip(panel.windows.values(), totals, strict=True)):
        count = panel.layout.totals(total)
        near = np.zeros(len(panel.layout.signals), dtype=bool)
        for expected in panel.seasons.expectations(
            panel.baseline.counts, moments[-window.capacity :], week=panel.baseline.week
        ):
            far = measured(Distance.HELLINGER, total[: panel.layout.cells], expected.profile, panel.layout.starts)
            over[row] &= ~(far <= widened(panel.limits[row], count, baseline, expected.worth))
            near |= far <= widened(panel.floors[row], count, baseline, expected.worth)
        usual[row] = near | ~judged[row, 0]
    return over, np.asarray(usual.all(axis=0))
