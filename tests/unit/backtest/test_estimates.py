"""Shares with intervals, against hand, scipy and the monitor's own estimate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, chi2

from models.backtest import comparison
from models.backtest.estimates import Estimate, plain_share
from models.intervals import clopper_pearson_upper, wilson
from monitoring.audit import Stratum, estimate
from tests.unit.backtest.histories import share


def test_a_weighted_share_is_the_monitors() -> None:
    """100 reviews of weight 1 with 30 right, 40 audits of weight 20 with 38 right: both codes agree."""
    hits = np.array([True] * 30 + [False] * 70 + [True] * 38 + [False] * 2)
    weights = np.array([1.0] * 100 + [20.0] * 40)
    ours, theirs = share(hits, weights), estimate([Stratum(1.0, 100, 30), Stratum(20.0, 40, 38)])
    assert theirs is not None
    assert ours.value == pytest.approx((30 + 20 * 38) / (100 + 20 * 40))
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.share, theirs.lower, theirs.upper))
    assert ours.rows == theirs.labels == 140
    assert ours.effective_rows == pytest.approx(900**2 / (100 + 40 * 400))


def test_equal_weights_give_wilson_and_clopper_pearson() -> None:
    """Whatever the common weight, 5 of 200 is 5 of 200."""
    found = share(np.arange(200) < 5, np.full(200, 7.0))
    assert (found.low, found.high) == pytest.approx(wilson(5, 200))
    assert found.upper == pytest.approx(clopper_pearson_upper(5, 200))
    assert found.upper == pytest.approx(binomtest(5, 200).proportion_ci(0.9, method="exact").high)


def test_nothing_known_is_said_to_be_unknown() -> None:
    """No label: no value, and an interval that leaves everything open."""
    nothing = Estimate(value=None, low=0.0, high=1.0, rows=0, effective_rows=0.0)
    assert share(np.zeros(3, dtype=bool), np.zeros(3)) == plain_share(0, 0) == nothing


def test_mcnemar_is_the_exact_binomial_test_for_few() -> None:
    """Classic 2 x 2 of matched pairs: 121 against 59 discordant, and small ones."""
    for only_a, only_b in ((59, 121), (1, 9), (0, 3), (4, 4)):
        found = comparison.mcnemar(100, only_a, only_b, 20)
        expected = binomtest(only_a, only_a + only_b, 0.5).pvalue
        assert (found.method, found.p_value) == ("exact", pytest.approx(min(1.0, expected)))
    assert comparison.mcnemar(10, 0, 0, 2).p_value == 1.0


def test_mcnemar_is_corrected_chi_square_for_many() -> None:
    """600 against 700: (100 - 1)^2 / 1300 on one degree of freedom."""
    found = comparison.mcnemar(5_000, 600, 700, 100)
    assert found.method == "chi-square"
    assert found.p_value == pytest.approx(float(chi2.sf(99**2 / 1_300, 1)))
    assert found.difference == pytest.approx(100 / 6_400)
    assert found.low < found.difference < found.high


def test_the_paired_interval_is_agresti_and_mins() -> None:
    """Their table of matched proportions, half a pair added to each cell: 0.0909 +- by hand."""
    found = comparison.mcnemar(50, 5, 15, 30)
    centre, error = 10 / 102, np.sqrt(21 - 10**2 / 102) / 102
    assert (found.low, found.high) == pytest.approx((centre - 1.959964 * error, centre + 1.959964 * error), abs=1e-6)
