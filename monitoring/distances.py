"""Distances between two distributions given as counts.

Each is written once, for many distributions side by side (`Segments`); the functions of one pair
are what a statistician calls, and what tests hold against the literature and scipy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from monitoring.errors import EmptyDistribution
from monitoring.layout import Floats, Ints

SMOOTHING = 0.5
"""Added to every cell that either side has seen, before the logarithms of Kullback-Leibler and of the
population stability index (Krichevsky and Trofimov 1981): a category that is new gives a large value,
not an infinite one."""
LEAST_OVERLAP = 1e-12
"""Bhattacharyya's logarithm stops here: disjoint distributions are 27.6 apart, not infinitely."""

Counts = Sequence[float] | npt.NDArray[np.floating] | npt.NDArray[np.integer]


class Distance(StrEnum):
    """The distances, by their name in metrics and events."""

    HELLINGER = "hellinger"
    BHATTACHARYYA = "bhattacharyya"
    KULLBACK_LEIBLER = "kullback_leibler"
    JENSEN_SHANNON = "jensen_shannon"
    STABILITY = "population_stability"


SQUARED = frozenset({Distance.HELLINGER, Distance.JENSEN_SHANNON})
"""Roots of divergences: it is their square that sampling noise gives the shape of a chi-square."""


def hellinger(observed: Counts, reference: Counts) -> float:
    """Hellinger distance, 0 (same) to 1 (disjoint): sqrt(1 - sum sqrt(p q)).

    Parameters
    ----------
    observed, reference
        Counts per category, shape (n,); zero-sum raises `EmptyDistribution`.

    References
    ----------
    Hellinger (1909), "Neue Begründung der Theorie quadratischer Formen".

    >>> round(hellinger([36, 48, 16], [30, 50, 20]), 4)
    0.0508
    """
    return _one(Distance.HELLINGER, observed, reference)


def bhattacharyya(observed: Counts, reference: Counts) -> float:
    """Bhattacharyya distance, 0 to 27.6 (disjoint): -ln sum sqrt(p q).

    References
    ----------
    Bhattacharyya (1943), "On a measure of divergence between two statistical populations".

    >>> round(bhattacharyya([36, 48, 16], [30, 50, 20]), 5)
    0.00259
    """
    return _one(Distance.BHATTACHARYYA, observed, reference)


def kullback_leibler(observed: Counts, reference: Counts) -> float:
    """Kullback-Leibler divergence of observed from reference in nats, each cell smoothed by half a count.

    References
    ----------
    Kullback and Leibler (1951); Krichevsky and Trofimov (1981) for the half.

    >>> round(kullback_leibler([360_000, 480_000, 160_000], [300_000, 500_000, 200_000]), 4)
    0.0103
    """
    return _one(Distance.KULLBACK_LEIBLER, observed, reference)


def jensen_shannon(observed: Counts, reference: Counts) -> float:
    """Jensen-Shannon distance, base 2, 0 (same) to 1 (disjoint): the root of the divergence.

    References
    ----------
    Lin (1991); Endres and Schindelin (2003) for its root being a metric.

    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    """
    return _one(Distance.JENSEN_SHANNON, observed, reference)


def population_stability(observed: Counts, reference: Counts) -> float:
    """Population stability index: sum (p - q) ln(p / q), each cell smoothed by half a count.

    Bankers read under 0.1 as stable and over 0.25 as moved, whatever the number of observations:
    compare with the noise floor instead.

    References
    ----------
    Siddiqi (2006), "Credit risk scorecards"; Yurdakul and Naranjo (2020) for its distribution.
    """
    return _one(Distance.STABILITY, observed, reference)


def _one(distance: Distance, observed: Counts, reference: Counts) -> float:
    p, q = np.asarray(observed, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if p.shape != q.shape or p.ndim != 1:
        raise ValueError(f"counts of {p.shape} and {q.shape} cells cannot be compared")
    if min(p.sum(), q.sum()) <= 0:
        raise EmptyDistribution("a distribution without observations has no distance")
    return float(measured(distance, p, q, np.zeros(1, dtype=np.int64))[0])


def measured(distance: Distance, observed: Floats, reference: Floats, starts: Ints) -> Floats:
    """Distances of many signals at once.

    Parameters
    ----------
    observed, reference
        Counts, the signals' cells side by side, shape (..., cells); they are broadcast.
    starts
        First cell of each signal.

    Returns
    -------
    Shape (..., signals); NaN where a side has no observation.
    """
    return _MEASURES[distance](observed, reference, starts)


def _sums(cells: Floats, starts: Ints) -> Floats:
    found: Floats = np.add.reduceat(cells, starts, axis=-1)
    return found


def shares(counts: Floats, starts: Ints) -> Floats:
    """Counts over their signal's total; NaN for a signal without observations."""
    totals = _sums(counts, starts)
    sizes = np.append(starts[1:], counts.shape[-1]) - starts
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = counts / np.repeat(totals, sizes, axis=-1)
    return found


def _overlap(p: Floats, q: Floats, starts: Ints) -> Floats:
    found: Floats = np.clip(_sums(np.sqrt(shares(p, starts) * shares(q, starts)), starts), 0.0, 1.0)
    return found


def _hellinger(p: Floats, q: Floats, starts: Ints) -> Floats:
    # Summed as squares of differences: 1 - overlap loses what is small to rounding.
    gap = np.sqrt(shares(p, starts)) - np.sqrt(shares(q, starts))
    found: Floats = np.sqrt(np.minimum(_sums(gap**2, starts) / 2.0, 1.0))
    return found


def _bhattacharyya(p: Floats, q: Floats, starts: Ints) -> Floats:
    found: Floats = -np.log(np.maximum(_overlap(p, q, starts), LEAST_OVERLAP))
    return found


def _smoothed(p: Floats, q: Floats, starts: Ints) -> tuple[Floats, Floats]:
    seen = (p + q > 0) * SMOOTHING
    return shares(p + seen, starts), shares(q + seen, starts)


def _kullback_leibler(p: Floats, q: Floats, starts: Ints) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = _smoothed(p, q, starts)
        cells = np.where(a > 0, a * np.log(a / b), 0.0)
    return _unless_empty(np.maximum(_sums(cells, starts), 0.0), p, q, starts)


def _stability(p: Floats, q: Floats, starts: Ints) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = _smoothed(p, q, starts)
        cells = np.where(a > 0, (a - b) * np.log(a / b), 0.0)
    return _unless_empty(_sums(cells, starts), p, q, starts)


def _jensen_shannon(p: Floats, q: Floats, starts: Ints) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b = shares(p, starts), shares(q, starts)
        middle = (a + b) / 2.0
        cells = np.where(a > 0, a * np.log2(a / middle), 0.0) + np.where(b > 0, b * np.log2(b / middle), 0.0)
    found: Floats = np.sqrt(np.clip(_sums(cells, starts) / 2.0, 0.0, 1.0))
    return _unless_empty(found, p, q, starts)


def _unless_empty(found: Floats, p: Floats, q: Floats, starts: Ints) -> Floats:
    return np.where((_sums(p, starts) > 0) & (_sums(q, starts) > 0), found, np.nan)


_MEASURES: dict[Distance, Callable[[Floats, Floats, Ints], Floats]] = {
    Distance.HELLINGER: _hellinger,
    Distance.BHATTACHARYYA: _bhattacharyya,
    Distance.KULLBACK_LEIBLER: _kullback_leibler,
    Distance.JENSEN_SHANNON: _jensen_shannon,
    Distance.STABILITY: _stability,
}
