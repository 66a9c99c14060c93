"""What is measured: each function gives plain figures, from seeds alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from monitoring.distances import Distance
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DetectorKind, DriftSettings
from monitoring.observations import Observations
from monitoring.outcomes import Outcome
from schemas.drift import DriftState
from schemas.signals import SECTION, SIGNALS, SignalGroup, of_group
from tests.bench.drift import trial as t
from tests.bench.drift.worlds import World

COURSES = {
    "strong": t.Course(0.3),
    "medium": t.Course(0.1),
    "weak": t.Course(0.03),
    "gradual": t.Course(0.3, 10_000),
}
"""Share of all filings that are changed; gradual rises to the strong share over 10,000 filings."""
AFTER = 15_000
"""Filings watched after the start of a change."""
QUIET = 5_000
"""Undrifted filings between the baseline and the change."""
INPUTS = {signal.name for signal in of_group(SignalGroup.INPUT)}
Figures = dict[str, Any]
Advance = Callable[[], None]


def _settings(**changed: Any) -> DriftSettings:
    return replace(DriftSettings(), **changed)


def false_alarms(world: World, settings: DriftSettings, seeds: int, filings: int, advance: Advance) -> Figures:
    """Alarms over undrifted filings, all signals together; the baseline is drawn anew for each seed."""
    by_signal: dict[str, int] = {}
    for seed in range(seeds):
        chance = np.random.default_rng((1, seed))
        watching = t.learnt(settings, world.usual, chance, world.categories)
        stream = t.undrifted(world.usual, filings, chance, start=settings.baseline_filings)
        for event in t.detections(watching, stream):
            by_signal[event.signal] = by_signal.get(event.signal, 0) + 1
        advance()
    alarms, watched = sum(by_signal.values()), seeds * filings
    return {
        "filings": watched,
        "alarms": alarms,
        "per_million": alarms / watched * 1e6,
        # Garwood (1936): the exact upper bound of a Poisson rate.
        "per_million_upper_95": float(_chi2_upper(alarms) / watched * 1e6),
        "signals": by_signal,
    }


def _chi2_upper(count: int) -> float:
    from scipy.stats import chi2

    return float(chi2.ppf(0.95, 2 * count + 2)) / 2


def detection(
    world: World, settings: DriftSettings, seeds: int, advance: Advance, *, kinds: list[str], courses: list[str]
) -> Figures:
    """Delay in filings from the start of each change to the first alarm of any signal; `None` within 15,000."""
    found: Figures = {kind: {course: [] for course in courses} for kind in kinds}
    start = settings.baseline_filings + QUIET
    for seed in range(seeds):
        for kind in kinds:
            pool = world.pools[kind]
            chance = np.random.default_rng((2, seed, len(kind)))
            watching = t.learnt(settings, pool.before, chance, world.categories)
            t.detections(watching, t.undrifted(pool.before, QUIET, chance, start=settings.baseline_filings))
            standing = len(watching.standing)
            for course in courses:
                stream = t.changed(pool, COURSES[course], AFTER, np.random.default_rng((3, seed)), start=start)
                events = t.detections(t.fresh(watching), stream, limit=1) if not standing else []
                found[kind][course].append(
                    {"delay": t.delay(events[0], start), "signal": events[0].signal} if events else None
                )
        advance()
    return found


VARIANTS: dict[str, dict[str, Any]] = {
    "Page-Hinkley and Hellinger (default)": {},
    "Hellinger alone": {"needs_detector": False},
    "Page-Hinkley alone": {"needs_distance": False},
    "Page-Hinkley alone, threshold 40": {"needs_distance": False, "detector_threshold": 40.0},
    "ADWIN alone": {"needs_distance": False, "detector": DetectorKind.ADWIN, "detector_delta": 0.002},
    "ADWIN and Hellinger": {"detector": DetectorKind.ADWIN, "detector_delta": 0.002},
    "Page-Hinkley and Jensen-Shannon": {"distance": Distance.JENSEN_SHANNON},
    "Page-Hinkley and Kullback-Leibler": {"distance": Distance.KULLBACK_LEIBLER},
    "Page-Hinkley and Bhattacharyya": {"distance": Distance.BHATTACHARYYA},
    "Page-Hinkley and population stability": {"distance": Distance.STABILITY},
    "Steps of 10 filings": {"step": 10, "persist": 15, "calm": 100},
    "Steps of 250 filings": {"step": 250, "persist": 1, "calm": 4},
}


def ablation(world: World, seeds: int, filings: int, advance: Advance) -> Figures:
    """Detectors and distances alone and together."""
    found: Figures = {}
    for name, changed in VARIANTS.items():
        settings = _settings(**changed)
        found[name] = {
            "false": false_alarms(world, settings, seeds, filings, lambda: None),
            "detection": detection(
                world, settings, seeds, lambda: None, kinds=["new_trade", "dropped"], courses=["strong", "medium"]
            ),
        }
        advance()
    return found


def model_swap(world: World, seeds: int, advance: Advance) -> Figures:
    """Another model decides from a moment on, and the world does not move; then the world moves."""
    settings = DriftSettings()
    found: Figures = {"inputs": 0, "outputs": 0, "swaps_counted": 0, "english_after": []}
    for seed in range(seeds):
        chance = np.random.default_rng((4, seed))
        watching = t.learnt(settings, world.usual, chance, world.categories)
        start = settings.baseline_filings
        events = t.detections(watching, t.undrifted(world.other_model, 30_000, chance, start=start))
        found["inputs"] += sum(event.signal in INPUTS for event in events)
        found["outputs"] += sum(event.signal not in INPUTS for event in events)
        found["swaps_counted"] += watching.counts["model_swaps"]
        pool = world.pools["english"]
        stream = t.changed(pool, COURSES["strong"], AFTER, chance, start=start + 30_000)
        later = [e for e in t.detections(watching, stream, limit=1) if e.signal in INPUTS]
        found["english_after"].append(t.delay(later[0], start + 30_000) if later else None)
        advance()
    return found


def label_errors(seeds: int, advance: Advance) -> Figures:
    """The share of wrong codes among labels rises from one in ten."""
    found: Figures = {"false_alarms": 0, "labels_undrifted": 0}
    rises = {"strong": 0.2, "medium": 0.1, "weak": 0.05}
    found.update({course: [] for course in rises})
    for seed in range(seeds):
        chance = np.random.default_rng((5, seed))
        watching = t.monitor(DriftSettings(), None)
        _label(watching, chance, 2_000, 0.1, 0)
        found["false_alarms"] += len(_label(watching, chance, 20_000, 0.1, 2_000))
        found["labels_undrifted"] += 20_000
        for course, rise in rises.items():
            events = _label(t.fresh(watching), chance, 5_000, 0.1 + rise, 22_000)
            found[course].append(t.delay(events[0], 22_000) if events else None)
        advance()
    return found


def _label(watching: DriftMonitor, chance: np.random.Generator, count: int, rate: float, start: int) -> list[Any]:
    wrong = chance.random(count) < rate
    grave = chance.random(count) < 0.5
    times = t.EPOCH + (start + np.arange(count)) / t.RATE
    outcomes = [
        Outcome(float(time), "model", not w, not (w and g)) for time, w, g in zip(times, wrong, grave, strict=True)
    ]
    return [e for e in watching.observe_outcomes(outcomes) if e.state is DriftState.DETECTED]


A_DAY = 500
DAYS = 365 * 3


def seasonal(world: World, seeds: int, advance: Advance, *, seasons: bool) -> Figures:
    """Sections that breathe by half over the year and by a third at weekends, for three years."""
    years = [0, 0, 0]
    settings = _settings(baseline_filings=10_000, seasons=seasons)
    for seed in range(seeds):
        watching = t.monitor(settings, world.categories)
        for part in _seasonal_stream(world.usual, np.random.default_rng((6, seed))):
            for event in watching.observe(part):
                if event.state is DriftState.DETECTED:
                    day = (event.detected_at.timestamp() - t.EPOCH) / 86_400
                    years[min(2, int(day // 365))] += 1
        advance()
    return {"alarms_by_year": years, "filings_a_year": A_DAY * 365 * seeds}


def _seasonal_stream(usual: Observations, chance: np.random.Generator) -> Iterator[Observations]:
    sections = usual.cells[:, SIGNALS.index(SECTION)]
    kinds = np.unique(sections)
    rows_of = [np.flatnonzero(sections == kind) for kind in kinds]
    shares = np.array([len(rows) for rows in rows_of]) / len(usual)
    phase, weekend = chance.random(len(kinds)) * 2 * np.pi, chance.choice([0.7, 1.3], len(kinds))
    for day in range(DAYS):
        weight = shares * (1 + 0.5 * np.sin(2 * np.pi * day / 365.25 + phase))
        weight = weight * (weekend if day % 7 in (5, 6) else 1.0)
        counts = chance.multinomial(A_DAY, weight / weight.sum())
        rows = np.concatenate([chance.choice(of, n) for of, n in zip(rows_of, counts, strict=True) if n])
        chance.shuffle(rows)
        times = t.EPOCH + day * 86_400 + np.arange(A_DAY) * (86_400 / A_DAY)
        yield replace(t.at(usual, rows, 0), times=times)


@lru_cache(maxsize=1)
def watched() -> list[int]:
    """Columns that alarms may come from, labels apart."""
    return [i for i, s in enumerate(SIGNALS) if s.alarms and s.group is not SignalGroup.LABEL]
