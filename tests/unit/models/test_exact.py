"""Sums that no order changes, and the largest of a row."""

from __future__ import annotations

import numpy as np
import pytest

from models.exact import bits_for, largest, whole


@pytest.mark.parametrize("terms", [2, 100, 128, 180, 1_000])
def test_the_sum_of_products_of_whole_numbers_is_the_same_in_any_order(terms: int) -> None:
    """As large as they may be: forwards, backwards, by halves and through BLAS; plain float64 sums differ."""
    draw = np.random.default_rng(terms)
    left, right = (draw.standard_normal((1, terms)).astype(np.float32) * 50 for _ in range(2))
    numbers, others = (whole(vector, bits_for(terms))[0] for vector in (left, right))
    assert np.abs(numbers).max() > 2 ** (bits_for(terms) - 2)

    def sums(products: np.ndarray) -> set[float]:
        middle = terms // 2
        return {
            float(np.cumsum(products)[-1]),
            float(np.cumsum(products[::-1])[-1]),
            float(np.cumsum(products[:middle])[-1] + np.cumsum(products[middle:])[-1]),
        }

    assert sums((numbers * others)[0]) == {float((numbers @ others.T)[0, 0])}
    assert terms < 100 or len(sums((left.astype(np.float64) / 3 * right / 7)[0])) > 1


def test_rounding_to_whole_numbers_loses_no_more_than_half_of_one() -> None:
    """Relative to the largest of the row; a row of zeros stays one."""
    vectors = np.random.default_rng(1).standard_normal((50, 100)).astype(np.float32)
    vectors[7] = 0.0
    numbers, worth = whole(vectors, 23)

    assert np.array_equal(numbers, np.rint(numbers))
    assert np.abs(numbers * worth - vectors).max(axis=1) == pytest.approx(0.0, abs=2.0**-22)
    assert (np.abs(numbers * worth - vectors) <= worth / 2).all()
    assert not numbers[7].any()


def test_the_largest_of_a_row_come_in_order_and_equal_ones_by_their_place() -> None:
    """What a stable sort of each row gives."""
    values = np.random.default_rng(2).integers(0, 40, (60, 90)).astype(np.float32)
    expected = np.argsort(-values, axis=1, kind="stable")[:, :5]
    columns, found = largest(values.copy(), 5)

    assert np.array_equal(columns, expected)
    assert np.array_equal(found, np.take_along_axis(values, expected, axis=1))
