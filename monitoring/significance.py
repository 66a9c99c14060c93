"""Tests of no difference between a window and its reference, and how large the difference is.

Each is written once, for many comparisons of many signals side by side; the functions of one pair are
what a statistician calls, and what tests hold against scipy. The distributions are scipy's special
functions themselves: its classes around them cost a hundred times as much.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc, kolmogorov

from monitoring.layout import Floats, Ints

LEAST_EXPECTED = 5.0
"""Cells where the smaller sample expects fewer are put together (Cochran 1954)."""
_ONE = np.zeros(1, dtype=np.int64)


def chi_squares(observed: Floats, reference: Floats, starts: Ints) -> Floats:
    """p-values of the chi-square test that both counts come from one distribution; NaN without two cells.

    Parameters
    ----------
    observed, reference
        Counts, the signals' cells side by side, shape (..., cells).
    starts
        First cell of each signal.

    Returns
    -------
    Shape (..., signals).
    """
    sizes = np.diff(starts, append=observed.shape[-1])
    n, m = _sums(observed, starts), _sums(reference, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.minimum(n, m) / np.maximum(n + m, 1.0)
        rare = (observed + reference) * np.repeat(share, sizes, axis=-1) < LEAST_EXPECTED
        common, common_before = (np.where(rare, 0.0, counts) for counts in (observed, reference))
        rest, rest_before = (_sums(np.where(rare, counts, 0.0), starts) for counts in (observed, reference))
        expected = n / (n + m)
        apart = _sums(_terms(common, common_before, np.repeat(expected, sizes, axis=-1)), starts)
        apart = apart + _terms(rest, rest_before, expected)
        cells = _sums(np.where(rare, 0.0, 1.0), starts) + (rest + rest_before > 0)
        found: Floats = chdtrc(cells - 1.0, apart)
    return np.where((cells >= 2) & (np.minimum(n, m) > 0), found, np.nan)


def _terms(observed: Floats, reference: Floats, share: Floats) -> Floats:
    """What each cell adds to the statistic, when the first sample should have this share of both."""
    both = observed + reference
    of_first, of_second = both * share, both * (1.0 - share)
    terms = (observed - of_first) ** 2 / of_first + (reference - of_second) ** 2 / of_second
    return np.where(both > 0, terms, 0.0)


def kolmogorov_smirnovs(observed: Floats, reference: Floats, starts: Ints) -> Floats:
    """p-values of the two-sample test over the bins, at the effective size; NaN for an empty side.

    Values within a bin count as equal, which makes the test careful: the p-value is at least that of
    the values themselves.

    References
    ----------
    Kolmogorov (1933) for the limit; Vrbik (2018) for its argument at finite sizes, within 0.0005 of
    the exact distribution from a hundred observations on.
    """
    sizes = np.diff(starts, append=observed.shape[-1])
    n, m = _sums(observed, starts), _sums(reference, starts)
    with np.errstate(invalid="ignore", divide="ignore"):
        steps = observed / np.repeat(n, sizes, axis=-1) - reference / np.repeat(m, sizes, axis=-1)
        size = np.maximum(1.0, np.round(n * m / (n + m)))
        # The steps of a signal add up to nothing: those before it need not be taken off.
        gap = np.maximum.reduceat(np.abs(np.cumsum(np.nan_to_num(steps), axis=-1)), starts, axis=-1)
        root = np.sqrt(size)
        far = gap * root
        found: Floats = kolmogorov(far + 1.0 / (6.0 * root) + (far - 1.0) / (4.0 * size))
    return np.where(np.minimum(n, m) > 0, found, np.nan)


def cohens_ws(observed: Floats, reference: Floats, starts: Ints) -> Floats:
    """Effect sizes of differences of shares: 0.1 small, 0.3 medium, 0.5 large (Cohen 1988); NaN for an empty side.

    Half a count is added to each cell that either side has, so that a new category is large, not infinite.
    """
    sizes = np.diff(starts, append=observed.shape[-1])
    seen = (observed + reference > 0) * 0.5
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = (
            (counts + seen) / np.repeat(_sums(counts + seen, starts), sizes, axis=-1)
            for counts in (observed, reference)
        )
        found: Floats = np.sqrt(_sums(np.where(q > 0, (p - q) ** 2 / q, 0.0), starts))
    return np.where(np.minimum(_sums(observed, starts), _sums(reference, starts)) > 0, found, np.nan)


def _sums(cells: Floats, starts: Ints) -> Floats:
    found: Floats = np.add.reduceat(cells, starts, axis=-1)
    return found


def chi_square(observed: Floats, reference: Floats) -> float | None:
    """`chi_squares` of one pair; `None` without two cells.

    >>> round(chi_square(np.array([30.0, 70]), np.array([50.0, 50])), 5)
    0.00389
    """
    return known(chi_squares(observed, reference, _ONE)[0])


def kolmogorov_smirnov(observed: Floats, reference: Floats) -> float | None:
    """`kolmogorov_smirnovs` of one pair; `None` for an empty side."""
    return known(kolmogorov_smirnovs(observed, reference, _ONE)[0])


def cohens_w(observed: Floats, reference: Floats) -> float | None:
    """`cohens_ws` of one pair; `None` for an empty side."""
    return known(cohens_ws(observed, reference, _ONE)[0])


def cohens_d(before: tuple[float, float] | None, after: tuple[float, float] | None) -> float | None:
    """Difference of means over the reference's standard deviation: 0.2 small, 0.5 medium, 0.8 large.

    >>> cohens_d((10.0, 2.0), (11.0, 5.0))
    0.5
    """
    if before is None or after is None or before[1] <= 0:
        return None
    return (after[0] - before[0]) / before[1]


def known(value: float) -> float | None:
    """A number of an array as a value: NaN is none."""
    return None if np.isnan(value) else float(value)
