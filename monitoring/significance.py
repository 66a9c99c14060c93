"""Tests of no difference between a window and its reference, and how large the difference is."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import kolmogorov
from scipy.stats import chi2_contingency

from monitoring.layout import Floats

LEAST_EXPECTED = 5.0
"""Cells where the smaller sample expects fewer are put together (Cochran 1954)."""


def chi_square(observed: Floats, reference: Floats) -> float | None:
    """p-value of the chi-square test that both counts come from one distribution; `None` without two cells.

    >>> round(chi_square(np.array([30.0, 70]), np.array([50.0, 50])), 5)
    0.00389
    """
    n, m = observed.sum(), reference.sum()
    pooled = observed + reference
    rare = pooled * min(n, m) / max(n + m, 1.0) < LEAST_EXPECTED
    table = np.vstack([np.append(row[~rare], row[rare].sum()) for row in (observed, reference)])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or min(n, m) <= 0:
        return None
    return float(chi2_contingency(table, correction=False).pvalue)


def kolmogorov_smirnov(observed: Floats, reference: Floats) -> float | None:
    """p-value of the two-sample test over the bins, by its limit distribution.

    Values within a bin count as equal, which makes the test careful: the p-value is at least that of
    the values themselves.
    """
    n, m = float(observed.sum()), float(reference.sum())
    if min(n, m) <= 0:
        return None
    gap = np.abs(np.cumsum(observed) / n - np.cumsum(reference) / m).max()
    return float(kolmogorov(math.sqrt(n * m / (n + m)) * gap))


def cohens_w(observed: Floats, reference: Floats) -> float | None:
    """Effect size of a difference of shares: 0.1 small, 0.3 medium, 0.5 large (Cohen 1988).

    Half a count is added to each cell that either side has, so that a new category is large, not infinite.
    """
    seen = (observed + reference > 0) * 0.5
    if min(observed.sum(), reference.sum()) <= 0:
        return None
    kept = seen > 0
    p = (observed + seen)[kept] / (observed + seen).sum()
    q = (reference + seen)[kept] / (reference + seen).sum()
    return float(np.sqrt(((p - q) ** 2 / q).sum()))


def cohens_d(before: tuple[float, float] | None, after: tuple[float, float] | None) -> float | None:
    """Difference of means over the reference's standard deviation: 0.2 small, 0.5 medium, 0.8 large.

    >>> cohens_d((10.0, 2.0), (11.0, 5.0))
    0.5
    """
    if before is None or after is None or before[1] <= 0:
        return None
    return (after[0] - before[0]) / before[1]
