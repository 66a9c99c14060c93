"""How far a window strays from its reference by chance alone.

A window is a sample and so is the reference: both are drawn again and again from one distribution,
and the distances between them are what no drift looks like at these sizes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import gamma

from monitoring.distances import SQUARED, Distance, measured
from monitoring.layout import Floats, Ints

QUANTILE = 0.99
SIZES = (50, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
"""Window sizes, in filings, of the floors that an artefact keeps."""
DRAWS = 400
_TWO_CELLS = {
    Distance.HELLINGER: 1 / 8,
    Distance.BHATTACHARYYA: 1 / 8,
    Distance.JENSEN_SHANNON: 1 / (8 * math.log(2.0)),
    Distance.KULLBACK_LEIBLER: 1 / 2,
    Distance.STABILITY: 1.0,
}
"""Mean of each distance (or its square) between samples of two cells, times n m / (n + m): all are
multiples of a chi-square with one degree of freedom."""
_CHI_SQUARE_99 = 6.635
LEAST_FLOOR = 1e-12
"""Where the logarithm of a floor stops."""
_BLOCK_CELLS = 4_000_000
"""Counts held at once while simulating: 32 MB."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Distances without drift at one window size, a value a signal.

    Parameters
    ----------
    floor
        The 99th percentile of the distance, shape (signals,).
    mean, spread
        Mean and standard deviation of the distance (its square, where it is one of `SQUARED`).
    """

    distance: Distance
    floor: Floats
    mean: Floats
    spread: Floats

    def p_values(self, distances: Floats) -> Floats:
        """Chance that no drift gives as much or more, from the gamma distribution of these moments.

        The gamma reaches beyond what can be simulated: an alarm asks for one in millions.
        """
        value = distances**2 if self.distance in SQUARED else distances
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = gamma.sf(value, (self.mean / self.spread) ** 2, scale=self.spread**2 / self.mean)
        return np.where(np.isfinite(found), found, 1.0)

    def critical(self, level: float) -> Floats:
        """The distance that no drift exceeds with probability `level`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = gamma.isf(level, (self.mean / self.spread) ** 2, scale=self.spread**2 / self.mean)
        found = np.where(np.isfinite(found), found, np.inf)
        return np.sqrt(found) if self.distance in SQUARED else found


def simulate(
    counts: Floats,
    starts: Ints,
    *,
    window: Ints,
    reference: Ints,
    distances: Sequence[Distance] = tuple(Distance),
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[Distance, Noise]:
    """Draw windows and references from one distribution and measure between them.

    Parameters
    ----------
    counts
        The distribution, the signals' cells side by side, shape (cells,).
    starts
        First cell of each signal.
    window, reference
        Observations in each signal of the window and of the reference, shape (signals,).

    Returns
    -------
    For each distance what no drift looks like; NaN for signals without observations.
    """
    chance = np.random.default_rng(seed)
    sizes = np.diff([*starts.tolist(), len(counts)])
    drawn: dict[Distance, list[Floats]] = {distance: [] for distance in distances}
    block = max(1, min(draws, _BLOCK_CELLS // max(1, len(counts))))
    for done in range(0, draws, block):
        rows = min(block, draws - done)
        a, b = np.zeros((rows, len(counts))), np.zeros((rows, len(counts)))
        for position, (start, size) in enumerate(zip(starts, sizes, strict=True)):
            cells = slice(int(start), int(start + size))
            total = counts[cells].sum()
            if total <= 0:
                continue
            p = counts[cells] / total
            a[:, cells] = chance.multinomial(int(window[position]), p, size=rows)
            b[:, cells] = chance.multinomial(int(reference[position]), p, size=rows)
        for distance in distances:
            drawn[distance].append(measured(distance, a, b, starts))
    known = np.add.reduceat(counts, starts) > 0
    worth = np.where(known, window * reference / np.maximum(1, window + reference), np.nan)
    return {distance: _noise(distance, np.concatenate(found), worth) for distance, found in drawn.items()}


def _noise(distance: Distance, found: Floats, worth: Floats) -> Noise:
    """Moments of what was drawn, and never less than those of two cells of some size.

    A signal that has had one value only would have no noise at all, and its first new value be an alarm.
    """
    value = found**2 if distance in SQUARED else found
    least = _TWO_CELLS[distance] / np.maximum(worth, 1.0)
    floor = np.sqrt(least * _CHI_SQUARE_99) if distance in SQUARED else least * _CHI_SQUARE_99
    return Noise(
        distance,
        np.maximum(np.quantile(found, QUANTILE, axis=0), floor),
        np.maximum(value.mean(axis=0), least),
        np.maximum(value.std(axis=0), least * math.sqrt(2.0)),
    )


def floors(counts: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """What an artefact keeps: floors of each signal and distance by window size.

    Parameters
    ----------
    counts
        Signal -> counts of its cells in the reference.

    Returns
    -------
    `quantile`, `sizes` (observations in the window) and `signals`: signal -> distance -> one floor a size.
    """
    names = [name for name, cells in counts.items() if sum(cells) > 0]
    flat = np.concatenate([np.asarray(counts[name], dtype=np.float64) for name in names] or [np.zeros(0)])
    starts = np.cumsum([0, *(len(counts[name]) for name in names[:-1])])[: len(names)].astype(np.int64)
    rows = np.array([int(sum(counts[name])) for name in names], dtype=np.int64)
    found: dict[str, dict[str, list[float]]] = {name: {str(d): [] for d in Distance} for name in names}
    for size in SIZES if names else ():
        noise = simulate(flat, starts, window=np.full(len(names), size, dtype=np.int64), reference=rows, seed=size)
        for distance, of_distance in noise.items():
            for name, floor in zip(names, of_distance.floor, strict=True):
                found[name][str(distance)].append(round(float(floor), 6))
    return {"quantile": QUANTILE, "sizes": list(SIZES), "signals": found}


def floor_at(
    floors_of_signal: Mapping[str, Sequence[float]], sizes: Sequence[int], distance: Distance, n: float
) -> float:
    """The floor at a window size between those simulated: a straight line on logarithmic scales."""
    known = floors_of_signal[str(distance)]
    return float(np.exp(np.interp(np.log(max(n, 1.0)), np.log(sizes), np.log(np.maximum(known, LEAST_FLOOR)))))
