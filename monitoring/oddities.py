"""Single filings that are unlike the others: a sample is scored, the oddest of late are kept."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from monitoring.detectors import OddFilings
from monitoring.layout import NUMERIC, Floats, Layout
from monitoring.observations import Observations
from schemas.signals import SignalGroup

KEPT = 200
SPREADS = 4.0
"""Standard deviations on either side of the baseline's mean that the trees divide."""
_LEARNING = 250
"""Scores mean nothing before the trees have seen a window."""
_FEATURES = [
    (place, signal) for place, signal in enumerate(NUMERIC) if signal.group in (SignalGroup.INPUT, SignalGroup.MODEL)
]


@dataclass(frozen=True, slots=True)
class OddFiling:
    """One scored filing.

    Parameters
    ----------
    formality_id
        Empty where observations came without.
    score
        0, like the others, to 1.
    time
        Event time, seconds since the epoch.
    """

    formality_id: str
    score: float
    time: float


class Oddities:
    """Scores one filing in so many, whatever the batches.

    Parameters
    ----------
    every
        One in how many.
    """

    def __init__(self, every: int) -> None:
        self._every = every
        self._seen = 0
        self._trees: OddFilings | None = None
        self._recent: deque[OddFiling] = deque(maxlen=KEPT)

    def begin(self, layouts: list[tuple[Layout, Floats]]) -> None:
        """Take the limits of features from baselines; until then nothing is scored."""
        limits: dict[str, tuple[float, float]] = {}
        for layout, row in layouts:
            for signal in layout.numeric:
                moments = layout.moments(row, signal.name)
                if moments is not None:
                    limits[signal.name] = (moments[0] - SPREADS * moments[1], moments[0] + SPREADS * moments[1])
        self._trees = OddFilings({signal.name: limits[signal.name] for _, signal in _FEATURES if signal.name in limits})

    @property
    def begun(self) -> bool:
        """Whether limits are known."""
        return self._trees is not None

    def observe(self, observations: Observations) -> None:
        """Score the filings whose turn it is."""
        if self._trees is None or self._every == 0:
            return
        first = -self._seen % self._every
        self._seen += len(observations)
        for row in range(first, len(observations), self._every):
            values = observations.values[row]
            score = self._trees.score({s.name: float(values[i]) for i, s in _FEATURES if np.isfinite(values[i])})
            if self._trees.seen > _LEARNING:
                identity = observations.ids[row] if len(observations.ids) else ""
                self._recent.append(OddFiling(identity, score, float(observations.times[row])))

    def oddest(self, count: int) -> list[OddFiling]:
        """The highest scores among the latest that were scored."""
        return sorted(self._recent, key=lambda filing: -filing.score)[:count]
