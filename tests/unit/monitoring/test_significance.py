"""Tests of no difference against scipy and the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, ks_2samp, kstwo, kstwobign

from monitoring.significance import (
    chi_square,
    chi_squares,
    cohens_d,
    cohens_w,
    cohens_ws,
    kolmogorov_smirnov,
    kolmogorov_smirnovs,
)

SIZES = (3, 12, 1, 40)
STARTS = np.array([0, 3, 15, 16])


def test_chi_square_is_scipys_where_no_cell_is_rare() -> None:
    """Two samples over three cells."""
    a, b = np.array([30.0, 50, 20]), np.array([45.0, 35, 20])
    assert chi_square(a, b) == pytest.approx(chi2_contingency(np.vstack([a, b]), correction=False).pvalue)


def test_rare_cells_are_put_together() -> None:
    """Ten cells with one observation each count as one cell of ten."""
    a, b = np.array([90.0, *[1] * 10]), np.array([900.0, *[10] * 10])
    assert chi_square(a, b) == pytest.approx(chi2_contingency([[90, 10], [900, 100]], correction=False).pvalue)


def test_with_fewer_than_two_cells_there_is_no_test() -> None:
    """Nothing to tell apart."""
    assert chi_square(np.array([5.0, 0]), np.array([900.0, 0])) is None
    assert kolmogorov_smirnov(np.zeros(3), np.ones(3)) is None
    assert cohens_w(np.zeros(2), np.ones(2)) is None


def tables(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Counts of four signals in five windows: some alike, some apart, some cells empty, one side of a signal empty."""
    chance = np.random.default_rng(seed)
    shares = np.concatenate([chance.dirichlet(np.full(size, 0.4)) for size in SIZES])
    observed = chance.poisson(shares * chance.choice([200, 3_000], size=(5, 1))).astype(float)
    other = np.where(chance.random(len(shares)) < 0.2, shares * 1.5, shares)
    reference = chance.poisson(other * chance.choice([500, 20_000], size=(5, 1))).astype(float)
    observed[0, :3] = 0.0
    return observed, reference


def pairs(observed: np.ndarray, reference: np.ndarray) -> list[tuple[tuple[int, int], np.ndarray, np.ndarray]]:
    cells = [slice(start, start + size) for start, size in zip(STARTS, SIZES, strict=True)]
    return [
        ((row, signal), observed[row, place], reference[row, place])
        for row in range(len(observed))
        for signal, place in enumerate(cells)
    ]


@pytest.mark.parametrize("seed", range(8))
def test_chi_square_of_many_signals_is_scipys_of_each(seed: int) -> None:
    """To twelve digits, rare cells put together by hand."""
    observed, reference = tables(seed)
    found = chi_squares(observed, reference, STARTS)
    for place, a, b in pairs(observed, reference):
        rare = (a + b) * min(a.sum(), b.sum()) / max(1.0, a.sum() + b.sum()) < 5.0
        table = np.vstack([np.append(counts[~rare], counts[rare].sum()) for counts in (a, b)])
        table = table[:, table.sum(axis=0) > 0]
        if table.shape[1] < 2 or min(a.sum(), b.sum()) == 0:
            assert np.isnan(found[place])
        else:
            expected = chi2_contingency(table, correction=False).pvalue
            assert found[place] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_kolmogorov_smirnov_of_many_signals_is_scipys_limit(seed: int) -> None:
    """To twelve digits; and near the exact distribution at that size."""
    observed, reference = tables(seed)
    found = kolmogorov_smirnovs(observed, reference, STARTS)
    for place, a, b in pairs(observed, reference):
        n, m = a.sum(), b.sum()
        if min(n, m) == 0:
            assert np.isnan(found[place])
            continue
        gap, size = np.abs(np.cumsum(a) / n - np.cumsum(b) / m).max(), max(1, round(n * m / (n + m)))
        far = gap * size**0.5
        limit = kstwobign.sf(far + 1 / (6 * size**0.5) + (far - 1) / (4 * size))
        assert found[place] == pytest.approx(limit, rel=1e-9, abs=1e-12)
        if size >= 100:
            assert found[place] == pytest.approx(kstwo.sf(gap, size), abs=5e-4)


def test_effect_sizes_of_many_signals_are_those_of_each() -> None:
    """One signal alone is the same as among others."""
    observed, reference = tables(3)
    found = cohens_ws(observed, reference, STARTS)
    for place, a, b in pairs(observed, reference):
        alone = cohens_w(a, b)
        assert np.isnan(found[place]) if alone is None else found[place] == pytest.approx(alone, rel=1e-12)


def test_kolmogorov_smirnov_over_bins_is_scipys_on_the_bins() -> None:
    """The p-value for values that are their bins' numbers, within what the limit leaves at 80 values."""
    a, b = np.array([10.0, 20, 30, 40]), np.array([100.0, 100, 100, 100])
    values = [np.repeat(np.arange(4), counts.astype(int)) for counts in (a, b)]
    expected = ks_2samp(*values, method="asymp").pvalue
    assert kolmogorov_smirnov(a, b) == pytest.approx(expected, abs=5e-4)


def test_effect_sizes_are_cohens() -> None:
    """W of 60/40 against 50/50 is 0.2; d is in the reference's standard deviations."""
    assert cohens_w(np.array([6e8, 4e8]), np.array([5e8, 5e8])) == pytest.approx(0.2)
    assert cohens_d((10.0, 4.0), (8.0, 1.0)) == -0.5
    assert cohens_d((10.0, 0.0), (8.0, 1.0)) is None
    assert cohens_d(None, (8.0, 1.0)) is None
