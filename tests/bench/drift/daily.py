"""What a careful nightly job would do: two windows, a test a signal, Bonferroni."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from monitoring.layout import NUMERIC, Layout
from monitoring.significance import chi_square, kolmogorov_smirnov
from schemas.signals import SIGNALS, SignalKind
from tests.bench.drift import trial as t
from tests.bench.drift.cases import COURSES, by_case, watched
from tests.bench.drift.workers import Workers
from tests.bench.drift.worlds import World

DAY = 5_000
"""Filings a day."""
LEVEL = 0.05


def rows_of(stream: Any, layout: Layout) -> list[np.ndarray]:
    """Counts of each whole day."""
    cells = np.concatenate([part.cells for part in stream])
    values = np.zeros((len(cells), len(NUMERIC)))
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


def daily(workers: Workers, seeds: int, *, kinds: list[str]) -> dict[str, Any]:
    """False alarms and delays of the nightly job, against the first day."""
    found = workers.each(partial(daily_of, kinds=kinds), range(seeds))
    return {
        "days": sum(seed["days"] for seed in found),
        "false": sum(seed["false"] for seed in found),
        "detection": by_case([seed["detection"] for seed in found], kinds, list(COURSES)),
    }


def daily_of(world: World, seed: int, *, kinds: list[str]) -> dict[str, Any]:
    """One seed."""
    layout = Layout([SIGNALS[column] for column in watched()])
    chance = np.random.default_rng((7, seed))
    found: dict[str, Any] = {"days": 0, "false": 0, "detection": {kind: {} for kind in kinds}}
    for kind in kinds:
        pool = world.pools[kind]
        first, *quiet = rows_of(t.undrifted(pool.before, 11 * DAY, chance, start=0), layout)
        found["days"] += len(quiet)
        found["false"] += sum(alarms(day, first, layout) for day in quiet)
        for course, how in COURSES.items():
            days = rows_of(t.changed(pool, how, 3 * DAY, chance, start=0), layout)
            delay = next(((n + 1) * DAY for n, day in enumerate(days) if alarms(day, first, layout)), None)
            found["detection"][kind][course] = delay
    return found
