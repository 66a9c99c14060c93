"""What is measured: each function gives plain figures, from seeds alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache, partial
from itertools import chain
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
from tests.bench.drift.workers import Workers
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
SWAPPED = 30_000
"""Filings watched after a model has been swapped."""
LABELS_LEARNT, UNDRIFTED_LABELS = 2_000, 20_000
Figures = dict[str, Any]


def false_alarms(workers: Workers, settings: DriftSettings, seeds: int, filings: int) -> Figures:
    """Alarms over undrifted filings, all signals together; the baseline is drawn anew for each seed."""
    job = partial(false_alarms_of, settings=settings, filings=filings)
    return counted(workers.each(job, range(seeds)), seeds * filings)


def false_alarms_of(world: World, seed: int, *, settings: DriftSettings, filings: int) -> list[str]:
    """The signals of one seed's alarms."""
    chance = np.random.default_rng((1, seed))
    watching = t.learnt(settings, world.usual, chance, world.categories)
    stream = t.undrifted(world.usual, filings, chance, start=settings.baseline_filings)
    return [event.signal for event in t.detections(watching, stream)]


def counted(found: list[list[str]], watched: int) -> Figures:
    """Alarms of all seeds over the filings watched."""
    by_signal = dict(sorted(Counter(chain.from_iterable(found)).items()))
    alarms = sum(by_signal.values())
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


def detection(workers: Workers, settings: DriftSettings, seeds: int, *, kinds: list[str], courses: list[str]) -> Figures:
    """Delay in filings from the start of each change to the first alarm of any signal; `None` within 15,000."""
    job = partial(detection_of, settings=settings, kinds=kinds, courses=courses)
    return by_case(workers.each(job, range(seeds)), kinds, courses)


def by_case(found: list[Figures], kinds: list[str], courses: list[str]) -> Figures:
    """Every seed's finding, by change and strength."""
    return {kind: {course: [seed[kind][course] for seed in found] for course in courses} for kind in kinds}


def detection_of(
    world: World, seed: int, *, settings: DriftSettings, kinds: list[str], courses: list[str]
) -> dict[str, dict[str, Figures | None]]:
    """One seed: change -> strength -> the first alarm; none where an alarm stood before the change."""
    found: dict[str, dict[str, Figures | None]] = {kind: {} for kind in kinds}
    start = settings.baseline_filings + QUIET
    for kind in kinds:
        pool = world.pools[kind]
        chance = np.random.default_rng((2, seed, len(kind)))
        watching = t.learnt(settings, pool.before, chance, world.categories)
        t.detections(watching, t.undrifted(pool.before, QUIET, chance, start=settings.baseline_filings))
        standing = len(watching.standing)
        for course in courses:
            stream = t.changed(pool, COURSES[course], AFTER, np.random.default_rng((3, seed)), start=start)
            events = t.detections(t.fresh(watching), stream, limit=1) if not standing else []
            first = {"delay": t.delay(events[0], start), "signal": events[0].signal} if events else None
            found[kind][course] = first
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


ABLATED = {"kinds": ["new_trade", "dropped"], "courses": ["strong", "medium"]}


def ablation(workers: Workers, seeds: int, filings: int) -> Figures:
    """Detectors and distances alone and together."""
    items = [(name, seed) for name in VARIANTS for seed in range(seeds)]
    found = workers.each(partial(ablation_of, filings=filings), items)
    by_variant = {
        name: [said for (variant, _), said in zip(items, found, strict=True) if variant == name] for name in VARIANTS
    }
    return {
        name: {
            "false": counted([alarms for alarms, _ in seen], seeds * filings),
            "detection": by_case([detected for _, detected in seen], **ABLATED),
        }
        for name, seen in by_variant.items()
    }


def ablation_of(world: World, item: tuple[str, int], *, filings: int) -> tuple[list[str], Figures]:
    """One variant and seed: its false alarms and its detections."""
    name, seed = item
    settings = replace(DriftSettings(), **VARIANTS[name])
    alarms = false_alarms_of(world, seed, settings=settings, filings=filings)
    return alarms, detection_of(world, seed, settings=settings, **ABLATED)


def model_swap(workers: Workers, seeds: int) -> Figures:
    """Another model decides from a moment on, and the world does not move; then the world moves."""
    found = workers.each(model_swap_of, range(seeds))
    sums = {name: sum(seed[name] for seed in found) for name in ("inputs", "outputs", "swaps_counted")}
    return {**sums, "english_after": [seed["english_after"] for seed in found]}


def model_swap_of(world: World, seed: int) -> Figures:
    """One seed: alarms after the swap, and the delay of a change after that."""
    settings = DriftSettings()
    chance = np.random.default_rng((4, seed))
    watching = t.learnt(settings, world.usual, chance, world.categories)
    start = settings.baseline_filings
    events = t.detections(watching, t.undrifted(world.other_model, SWAPPED, chance, start=start))
    swaps = watching.counts["model_swaps"]
    stream = t.changed(world.pools["english"], COURSES["strong"], AFTER, chance, start=start + SWAPPED)
    later = [event for event in t.detections(watching, stream, limit=1) if event.signal in INPUTS]
    return {
        "inputs": sum(event.signal in INPUTS for event in events),
        "outputs": sum(event.signal not in INPUTS for event in events),
        "swaps_counted": swaps,
        "english_after": t.delay(later[0], start + SWAPPED) if later else None,
    }


RISES = {"strong": 0.2, "medium": 0.1, "weak": 0.05}
"""Of the share of wrong codes, from one in ten."""


def label_errors(workers: Workers, seeds: int) -> Figures:
    """The share of wrong codes among labels rises from one in ten."""
    found = workers.each(label_errors_of, range(seeds))
    return {
        "false_alarms": sum(seed["false_alarms"] for seed in found),
        "labels_undrifted": UNDRIFTED_LABELS * seeds,
        **{course: [seed[course] for seed in found] for course in RISES},
    }


def label_errors_of(world: World, seed: int) -> Figures:
    """One seed: alarms while nothing rises, delay of each rise in labels."""
    chance = np.random.default_rng((5, seed))
    watching = t.monitor(DriftSettings(), None)
    _label(watching, chance, LABELS_LEARNT, 0.1, 0)
    found: Figures = {"false_alarms": len(_label(watching, chance, UNDRIFTED_LABELS, 0.1, LABELS_LEARNT))}
    start = LABELS_LEARNT + UNDRIFTED_LABELS
    for course, rise in RISES.items():
        events = _label(t.fresh(watching), chance, 5_000, 0.1 + rise, start)
        found[course] = t.delay(events[0], start) if events else None
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


def seasonal(workers: Workers, seeds: int, *, seasons: bool) -> Figures:
    """Sections that breathe by half over the year and by a third at weekends, for three years."""
    found = workers.each(partial(seasonal_of, seasons=seasons), range(seeds))
    return {"alarms_by_year": np.sum(found, axis=0).tolist(), "filings_a_year": A_DAY * 365 * seeds}


def seasonal_of(world: World, seed: int, *, seasons: bool) -> list[int]:
    """One seed: alarms in each of the three years."""
    years = [0, 0, 0]
    watching = t.monitor(replace(DriftSettings(), baseline_filings=10_000, seasons=seasons), world.categories)
    for part in _seasonal_stream(world.usual, np.random.default_rng((6, seed))):
        for event in watching.observe(part):
            if event.state is DriftState.DETECTED:
                day = (event.detected_at.timestamp() - t.EPOCH) / 86_400
                years[min(2, int(day // 365))] += 1
    return years


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
