"""What a careful nightly job would do: two windows, a test a signal, Bonferroni."""

from __future__ import annotations

from typing import Any

import numpy as np

from monitoring.layout import Layout
from monitoring.significance import chi_square, kolmogorov_smirnov
from schemas.signals import SIGNALS, SignalKind
from tests.bench.drift import trial as t
from tests.bench.drift.cases import COURSES, Advance, watched
from tests.bench.drift.worlds import World

DAY = 5_000
"""Filings a day."""
LEVEL = 0.05


def rows_of(stream: Any, layout: Layout) -> list[np.ndarray]:
    """Counts of each whole day."""
    cells = np.concatenate([part.cells for part in stream])
    values = np.zeros((len(cells), 11))
    days = len(cells) // DAY
    bucket = np.repeat(np.arange(days), DAY)
    return list(layout.rows(cells[: days * DAY], values[: days * DAY], bucket, days))


def alarms(day: np.ndarray, reference: np.ndarray, layout: Layout) -> bool:
    """Whether any signal's test is significant at 5 % over all signals."""
    for signal in layout.signals:
        cells = layout.of_signal[signal.name]
        test = kolmogorov_smirnov if signal.kind is SignalKind.NUMERIC else chi_square
        p = test(day[cells], reference[cells])
        if p is not None and p < LEVEL / len(layout.signals):
            return True
    return False


def daily(world: World, seeds: int, advance: Advance, *, kinds: list[str]) -> dict[str, Any]:
    """False alarms and delays of the nightly job, against the first day."""
    layout = Layout([SIGNALS[column] for column in watched()])
    found: dict[str, Any] = {"days": 0, "false": 0, "detection": {kind: {} for kind in kinds}}
    for seed in range(seeds):
        chance = np.random.default_rng((7, seed))
        for kind in kinds:
            pool = world.pools[kind]
            first, *quiet = rows_of(t.undrifted(pool.before, 11 * DAY, chance, start=0), layout)
            found["days"] += len(quiet)
            found["false"] += sum(alarms(day, first, layout) for day in quiet)
            for course, how in COURSES.items():
                days = rows_of(t.changed(pool, how, 3 * DAY, chance, start=0), layout)
                delay = next(((n + 1) * DAY for n, day in enumerate(days) if alarms(day, first, layout)), None)
                found["detection"][kind].setdefault(course, []).append(delay)
        advance()
    return found
