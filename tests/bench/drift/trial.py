"""One seed of one case: a monitor that has learnt its baseline meets a stream that changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from monitoring.categories import Categories
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DriftSettings
from monitoring.observations import Observations
from schemas.drift import DriftEvent, DriftState
from tests.bench.drift.pools import Pool

BATCH = 2_500
RATE = 0.1
"""Filings a second of event time: 8,640 a day, about what the French register sees."""
EPOCH = 1_767_225_600.0


@dataclass(frozen=True)
class Course:
    """How a change comes.

    Parameters
    ----------
    share
        Of all filings that are changed in the end.
    ramp
        Filings over which the share rises from nothing; 0 for abrupt.
    """

    share: float
    ramp: int = 0

    def shares(self, position: np.ndarray) -> np.ndarray:
        """Share of changed filings by position after the start."""
        if self.ramp == 0:
            return np.full(len(position), self.share)
        return self.share * np.minimum(1.0, (position + 1) / self.ramp)


def monitor(settings: DriftSettings, categories: Categories) -> DriftMonitor:
    """A monitor that is given observations, so that it needs no reader."""

    def unused(*_: object) -> tuple[None, None]:
        raise AssertionError("observations come ready")

    return DriftMonitor({}, settings, measurer=unused, branches=unused, categories=categories)


def learnt(settings: DriftSettings, before: Observations, chance: np.random.Generator, categories: Categories) -> DriftMonitor:
    """A monitor with its baseline and full windows."""
    watching = monitor(settings, categories)
    for part in undrifted(before, settings.baseline_filings, chance, start=0):
        watching.observe(part)
    return watching


def undrifted(before: Observations, count: int, chance: np.random.Generator, *, start: int) -> Iterator[Observations]:
    """A stream of what was before, `count` filings from position `start` on."""
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        yield at(before, chance.integers(0, len(before), size), start + first)


def at(source: Observations, rows: np.ndarray, position: int) -> Observations:
    """Rows of a pool as a part of a stream."""
    times = EPOCH + (position + np.arange(len(rows))) / RATE
    return replace(source, cells=source.cells[rows], values=source.values[rows], times=times, version_of=source.version_of[rows])


def changed(pool: Pool, course: Course, count: int, chance: np.random.Generator, *, start: int) -> Iterator[Observations]:
    """A stream in which the change comes at once."""
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        rows = chance.integers(0, len(pool.before), size)
        wanted = course.shares(first + np.arange(size)) / max(pool.reach, 1e-9)
        hit = pool.eligible[rows] & (chance.random(size) < wanted)
        part = at(pool.before, rows, start + first)
        cells, values = part.cells.copy(), part.values.copy()
        cells[hit], values[hit] = pool.after.cells[rows[hit]], pool.after.values[rows[hit]]
        yield replace(part, cells=cells, values=values)


def detections(watching: DriftMonitor, stream: Iterator[Observations], *, limit: int | None = None) -> list[DriftEvent]:
    """What is detected over a stream, up to `limit` detections."""
    found: list[DriftEvent] = []
    for part in stream:
        found += [event for event in watching.observe(part) if event.state is DriftState.DETECTED]
        if limit is not None and len(found) >= limit:
            break
    return found


def delay(event: DriftEvent, start: int) -> int:
    """Filings between the start of the change and the detection."""
    return round((event.detected_at.timestamp() - EPOCH) * RATE) - start + 1


def fresh(watching: DriftMonitor) -> DriftMonitor:
    """A copy to go on with."""
    return copy.deepcopy(watching)


Stream = Callable[[np.random.Generator, int], Iterator[Observations]]
