"""Evidently's default drift test on the same streams, run by a Python that has it (`make bench-drift` sets one up)."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
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
from tests.bench.drift.pools import Pool
from tests.bench.drift.workers import Workers
from tests.bench.drift.worlds import World

THEIRS = Path(__file__).with_name("evidently_days.py")
QUIET_DAYS, DAYS_AFTER = 2, 3


def evidently(workers: Workers, seeds: int, python: Path, *, kinds: list[str]) -> dict[str, Any]:
    """False alarms and delays of Evidently's default tests, those of `DataDriftPreset`, each day against the first.

    A seed is one kind of change in every strength.
    """
    found: dict[str, Any] = {"version": "", "days": 0, "false": {}, "detection": {kind: {} for kind in kinds}}
    seeds_of = [range(first, min(first + len(kinds), seeds)) for first in range(0, seeds, len(kinds))]
    answers = workers.each(partial(evidently_of, python=python, kinds=kinds), seeds_of)
    for kind, answer in chain.from_iterable(answers):
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


def evidently_of(
    world: World, seeds: Sequence[int], *, python: Path, kinds: list[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Of each seed its kind and which columns drifted on each day; one process, for Evidently takes long to import."""
    chosen = [kinds[seed % len(kinds)] for seed in seeds]
    asked = [
        days_of(world.pools[kind], np.random.default_rng((8, seed))) for kind, seed in zip(chosen, seeds, strict=True)
    ]
    return list(zip(chosen, _ask(python, asked), strict=True))


def days_of(pool: Pool, chance: np.random.Generator) -> list[dict[str, Any]]:
    """The reference, the undrifted days, and the days of each strength."""
    days = [frame(t.undrifted(pool.before, DAY, chance, start=0)) for _ in range(1 + QUIET_DAYS)]
    for how in COURSES.values():
        stream = list(t.changed(pool, how, DAYS_AFTER * DAY, chance, start=0))
        per_day = DAY // t.BATCH
        days += [frame(stream[n * per_day : (n + 1) * per_day]) for n in range(DAYS_AFTER)]
    return days


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


def _ask(python: Path, asked: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place) / f"{number:02d}" for number in range(len(asked))]
        for folder, days in zip(folders, asked, strict=True):
            folder.mkdir()
            for number, columns in enumerate(days):
                np.savez(folder / f"{number:02d}.npz", **columns)
        command = [str(python), str(THEIRS), *map(str, folders)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{THEIRS.name}: {done.stderr.strip().splitlines()[-1]}")
    return [json.loads(line) for line in done.stdout.splitlines()]
