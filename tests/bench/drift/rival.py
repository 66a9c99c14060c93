"""Evidently's default drift test on the same streams, run by a Python that has it (`make bench-drift` sets one up)."""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from monitoring.layout import NUMERIC
from schemas.signals import SIGNALS, SignalKind
from tests.bench.drift import trial as t
from tests.bench.drift.cases import COURSES, watched
from tests.bench.drift.daily import DAY
from tests.bench.drift.workers import Workers
from tests.bench.drift.worlds import World

THEIRS = Path(__file__).with_name("evidently_days.py")
QUIET_DAYS, DAYS_AFTER = 2, 3


def evidently(workers: Workers, seeds: int, python: Path, *, kinds: list[str]) -> dict[str, Any]:
    """False alarms and delays of `DataDriftPreset` with its defaults, each day against the first.

    A seed is one kind of change in every strength: its reports take seconds each.
    """
    found: dict[str, Any] = {"version": "", "days": 0, "false": {}, "detection": {kind: {} for kind in kinds}}
    for kind, answer in workers.each(partial(evidently_of, python=python, kinds=kinds), range(seeds)):
        found["version"] = answer["version"]
        verdicts = answer["drifted_columns"]
        found["days"] += QUIET_DAYS
        for column in chain.from_iterable(verdicts[:QUIET_DAYS]):
            found["false"][column] = found["false"].get(column, 0) + 1
        for place, course in enumerate(COURSES):
            own = verdicts[QUIET_DAYS + place * DAYS_AFTER : QUIET_DAYS + (place + 1) * DAYS_AFTER]
            delay = next(((n + 1) * DAY for n, columns in enumerate(own) if columns), None)
            found["detection"][kind].setdefault(course, []).append(delay)
    return found


def evidently_of(world: World, seed: int, *, python: Path, kinds: list[str]) -> tuple[str, dict[str, Any]]:
    """One seed: its kind, and which columns drifted on each day."""
    chance = np.random.default_rng((8, seed))
    kind = kinds[seed % len(kinds)]
    pool = world.pools[kind]
    days = [frame(t.undrifted(pool.before, DAY, chance, start=0)) for _ in range(1 + QUIET_DAYS)]
    for how in COURSES.values():
        stream = list(t.changed(pool, how, DAYS_AFTER * DAY, chance, start=0))
        per_day = DAY // t.BATCH
        days += [frame(stream[n * per_day : (n + 1) * per_day]) for n in range(DAYS_AFTER)]
    return kind, _ask(python, days)


def frame(parts: Any) -> dict[str, Any]:
    """Columns of one day: values of numeric signals, categories as text."""
    parts = list(parts)
    cells = np.concatenate([part.cells for part in parts])
    values = np.concatenate([part.values for part in parts])
    columns: dict[str, Any] = {}
    for place in watched():
        signal = SIGNALS[place]
        if signal.kind is SignalKind.NUMERIC:
            columns[f"n:{signal.name}"] = values[:, NUMERIC.index(signal)]
        else:
            columns[f"c:{signal.name}"] = cells[:, place]
    return columns


def _ask(python: Path, days: list[dict[str, Any]]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        for number, columns in enumerate(days):
            np.savez(Path(folder) / f"{number:02d}.npz", **columns)
        done = subprocess.run([str(python), str(THEIRS), folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{THEIRS.name}: {done.stderr.strip().splitlines()[-1]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer
