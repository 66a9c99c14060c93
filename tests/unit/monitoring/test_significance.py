"""Tests of no difference against scipy and the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, ks_2samp

from monitoring.significance import chi_square, cohens_d, cohens_w, kolmogorov_smirnov


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


def test_kolmogorov_smirnov_over_bins_is_scipys_on_the_bins() -> None:
    """The asymptotic p-value for values that are their bins' numbers."""
    a, b = np.array([10.0, 20, 30, 40]), np.array([100.0, 100, 100, 100])
    values = [np.repeat(np.arange(4), counts.astype(int)) for counts in (a, b)]
    expected = ks_2samp(*values, method="asymp").pvalue
    assert kolmogorov_smirnov(a, b) == pytest.approx(expected)


def test_effect_sizes_are_cohens() -> None:
    """W of 60/40 against 50/50 is 0.2; d is in the reference's standard deviations."""
    assert cohens_w(np.array([6e8, 4e8]), np.array([5e8, 5e8])) == pytest.approx(0.2)
    assert cohens_d((10.0, 4.0), (8.0, 1.0)) == -0.5
    assert cohens_d((10.0, 0.0), (8.0, 1.0)) is None
    assert cohens_d(None, (8.0, 1.0)) is None
