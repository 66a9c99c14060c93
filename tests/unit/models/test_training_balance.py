"""Class frequencies in training lines and in what is measured."""

from __future__ import annotations

from collections import Counter

import pytest

from models.balance import MOST_COPIES, as_filed, copies_of_each

CODES = ["common"] * 10 + ["rare"] * 10
WEIGHTS = {"common": 90.0, "rare": 10.0}


def test_frequent_codes_get_more_copies_and_rare_ones_at_least_two() -> None:
    """Rare codes keep a copy beside their original, on which variables can be missing."""
    copies = copies_of_each(CODES, lines=80, weights=WEIGHTS)

    assert copies["common"] > copies["rare"] >= 2.0


def test_without_frequencies_every_example_gets_the_same_number_of_copies() -> None:
    """The examples' own frequencies are then the stream's."""
    assert copies_of_each([*CODES, "common"], lines=84, weights=None) == {"common": 4.0, "rare": 4.0}


def test_data_large_enough_is_not_copied() -> None:
    """Ten million filings need no invention."""
    assert set(copies_of_each(CODES, lines=10, weights=None).values()) == {1.0}


def test_no_example_is_copied_without_end() -> None:
    """A handful of examples is not learnt by heart."""
    assert copies_of_each(["a", "b"], lines=90_000, weights={"a": 1.0, "b": 1e9})["b"] == MOST_COPIES
    assert copies_of_each(["a", "b"], lines=90_000, weights=None)["a"] == MOST_COPIES


def test_a_code_missing_from_the_frequencies_counts_as_the_rarest() -> None:
    """An unknown frequency is no reason to lose a code."""
    copies = copies_of_each([*CODES, *["unheard"] * 10], lines=90, weights=WEIGHTS)

    assert copies["unheard"] == copies["rare"]


def test_what_is_measured_has_codes_as_often_as_they_are_filed() -> None:
    """Shares within one filing of the real ones, and no more filings than the sample is worth."""
    rows = list(range(2_000))
    codes = ["common"] * 1_000 + ["rare"] * 1_000

    drawn = Counter(codes[row] for row in as_filed(rows, codes, WEIGHTS, seed=1))

    assert drawn.total() == pytest.approx(2_000**2 / (1_000 * 1.8**2 + 1_000 * 0.2**2), abs=1)
    assert drawn["common"] / drawn.total() == pytest.approx(0.9, abs=0.001)


def test_without_frequencies_everything_is_measured_once() -> None:
    """Users' own filings are measured as they came."""
    assert as_filed(["x", "y"], ["a", "b"], None, seed=1) == ["x", "y"]


def test_the_same_seed_draws_the_same_filings() -> None:
    """Measurements are reproducible."""
    rows = list(range(100))
    codes = ["common"] * 50 + ["rare"] * 50

    assert as_filed(rows, codes, WEIGHTS, seed=3) == as_filed(rows, codes, WEIGHTS, seed=3)
