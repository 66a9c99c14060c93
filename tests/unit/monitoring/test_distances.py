"""Distances against the literature, scipy, and what any distance must hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy

from monitoring.distances import (
    Distance,
    bhattacharyya,
    hellinger,
    jensen_shannon,
    kullback_leibler,
    measured,
    population_stability,
)
from monitoring.errors import EmptyDistribution

pytestmark = pytest.mark.filterwarnings("error")
ONE_OF_EACH = (hellinger, bhattacharyya, kullback_leibler, jensen_shannon, population_stability)
counts = st.lists(st.integers(0, 10_000), min_size=2, max_size=12).filter(any)
pairs = st.integers(2, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 10_000), min_size=n, max_size=n).filter(any)] * 2)
)
MANY = 10**9
"""Counts so large that the half count of smoothing is nothing."""


def test_hellinger_of_two_coins_is_the_textbook_value() -> None:
    """sqrt(1 - (sqrt(.5*.9) + sqrt(.5*.1))), worked by hand."""
    assert hellinger([50, 50], [90, 10]) == pytest.approx(math.sqrt(1 - math.sqrt(0.45) - math.sqrt(0.05)))


def test_bhattacharyya_is_the_logarithm_of_hellingers_overlap() -> None:
    """BC = 1 - H squared, whatever the pair."""
    p, q = [36, 48, 16], [30, 50, 20]
    assert bhattacharyya(p, q) == pytest.approx(-math.log(1 - hellinger(p, q) ** 2))


def test_kullback_leibler_is_scipys_relative_entropy_for_many_observations() -> None:
    """The binomial example of the usual article: 9/25, 12/25, 4/25 against thirds is 0.0853 nats."""
    p, q = [9 * MANY, 12 * MANY, 4 * MANY], [MANY, MANY, MANY]
    assert kullback_leibler(p, q) == pytest.approx(entropy(p, q), rel=1e-6)
    assert kullback_leibler(p, q) == pytest.approx(0.0852996, abs=1e-6)


def test_the_other_way_round_kullback_leibler_is_another_value() -> None:
    """0.097455 in the same article: it is no metric."""
    p, q = [9 * MANY, 12 * MANY, 4 * MANY], [MANY, MANY, MANY]
    assert kullback_leibler(q, p) == pytest.approx(0.097455, abs=1e-6)


def test_a_new_category_is_far_but_not_infinitely_far() -> None:
    """Half a count in each cell that a side has seen: (1.5 / 12) ln((1.5 / 12) / (0.5 / 12)) and the rest."""
    expected = (10.5 / 12) * math.log((10.5 / 12) / (10.5 / 11)) + (1.5 / 12) * math.log((1.5 / 12) / (0.5 / 11))
    assert kullback_leibler([10, 1], [10, 0]) == pytest.approx(expected)


def test_a_cell_that_neither_side_has_seen_changes_nothing() -> None:
    """Spare cells wait for categories to come."""
    for distance in ONE_OF_EACH:
        assert distance([3, 7, 0], [5, 5, 0]) == distance([3, 7], [5, 5])


def test_population_stability_is_the_bankers_sum() -> None:
    """Two bins, 60/40 against 50/50: 0.1 ln 1.2 + (-0.1) ln 0.8."""
    expected = 0.1 * math.log(1.2) - 0.1 * math.log(0.8)
    assert population_stability([6 * MANY, 4 * MANY], [5 * MANY, 5 * MANY]) == pytest.approx(expected, rel=1e-6)


@given(pairs)
def test_jensen_shannon_is_scipys(pair: tuple[list[int], list[int]]) -> None:
    """Base 2, the root of the divergence."""
    p, q = pair
    assert jensen_shannon(p, q) == pytest.approx(float(np.nan_to_num(jensenshannon(p, q, 2))), abs=1e-6)


@given(pairs)
def test_every_distance_is_at_least_nothing_and_the_bounded_ones_at_most_one(
    pair: tuple[list[int], list[int]],
) -> None:
    """And finite, new categories included."""
    p, q = pair
    for distance in ONE_OF_EACH:
        assert 0.0 <= distance(p, q) < math.inf
    assert max(hellinger(p, q), jensen_shannon(p, q)) <= 1.0


@given(counts)
def test_a_distribution_is_at_no_distance_from_itself(p: list[int]) -> None:
    """Whatever its size."""
    for distance in ONE_OF_EACH:
        assert distance(p, p) == pytest.approx(0.0, abs=1e-7)


@given(pairs)
def test_the_symmetric_ones_are_symmetric(pair: tuple[list[int], list[int]]) -> None:
    """All but Kullback-Leibler."""
    p, q = pair
    for distance in (hellinger, bhattacharyya, jensen_shannon, population_stability):
        assert distance(p, q) == pytest.approx(distance(q, p), abs=1e-9)


@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_categories_is_of_no_account(pair: tuple[list[int], list[int]], chance: object) -> None:
    """Cells are given out as categories appear."""
    p, q = pair
    order = list(range(len(p)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    for distance in ONE_OF_EACH:
        mixed = distance([p[i] for i in order], [q[i] for i in order])
        assert mixed == pytest.approx(distance(p, q), abs=1e-9)


def test_without_observations_there_is_no_distance() -> None:
    """Zero-sum counts raise; cells that do not match are a mistake of the caller."""
    for distance in ONE_OF_EACH:
        with pytest.raises(EmptyDistribution, match="without observations"):
            distance([0, 0], [1, 1])
        with pytest.raises(ValueError, match="cannot be compared"):
            distance([1, 1], [1, 1, 1])


def test_signals_side_by_side_give_what_each_gives_alone() -> None:
    """Two signals in one vector, two windows at once; one without observations is NaN."""
    observed = np.array([[3.0, 7, 1, 1, 1], [0, 0, 5, 2, 1]])
    reference = np.array([5.0, 5, 2, 3, 4])
    starts = np.array([0, 2])
    for distance, alone in zip(Distance, ONE_OF_EACH, strict=True):
        found = measured(distance, observed, reference, starts)
        assert found[0, 0] == pytest.approx(alone([3, 7], [5, 5]))
        assert found[1, 1] == pytest.approx(alone([5, 2, 1], [2, 3, 4]))
        assert math.isnan(found[1, 0])
