"""Rolling windows against the same thing done naively."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.layout import NUMERIC, Layout
from monitoring.windows import CountWindow, TimeWindow, dense, sparse
from schemas.signals import NATURE, SIGNALS, TEXT_WORDS

LAYOUT = Layout([TEXT_WORDS, NATURE])


@given(st.integers(1, 7), st.lists(st.integers(1, 9), max_size=12), st.integers(0, 2**31))
def test_a_count_window_is_the_sum_of_the_last_rows_however_they_come(
    steps: int, batches: list[int], seed: int
) -> None:
    """One by one or many at once, across the ring's end."""
    chance = np.random.default_rng(seed)
    window, every = CountWindow(steps, width=3), np.zeros((0, 3))
    for size in batches:
        rows = chance.integers(0, 50, (size, 3)).astype(float)
        sums = window.push_all(rows)
        every = np.concatenate([every, rows])
        expected = [every[: len(every) - size + n + 1][-steps:].sum(axis=0) for n in range(size)]
        assert np.array_equal(sums, np.array(expected))
    assert np.array_equal(window.total, every[-steps:].sum(axis=0))
    assert np.array_equal(window.rows(), every[-steps:])
    assert window.full == (len(every) >= steps)


def filings(natures: list[int], words: list[float]) -> tuple[np.ndarray, np.ndarray]:
    cells = np.full((len(natures), len(SIGNALS)), -1, dtype=np.int16)
    values = np.full((len(natures), len(NUMERIC)), np.nan)
    cells[:, SIGNALS.index(NATURE)] = natures
    values[:, NUMERIC.index(TEXT_WORDS)] = words
    return cells, values


def test_a_time_window_counts_what_is_in_it_by_event_time_and_nothing_later() -> None:
    """Sixty slots of a minute: at 01:30 what came before 00:31 has left."""
    window = TimeWindow(3_600, LAYOUT)
    window.add(*filings([1, 2, 3], [1, 1, 1]), np.array([0.0, 1_900.0, 3_000.0]))
    window.add(*filings([4], [1]), np.array([5_400.0]))
    assert window.filings == 3
    assert window.total[LAYOUT.of_signal["nature"]].nonzero()[0].tolist() == [2, 3, 4]


def test_out_of_order_filings_go_to_their_slot_and_late_ones_are_counted() -> None:
    """A filing of two hours ago is late, one of ten minutes ago is not."""
    window = TimeWindow(3_600, LAYOUT)
    window.add(*filings([1], [5]), np.array([10_000.0]))
    window.add(*filings([2, 3], [5, 5]), np.array([9_400.0, 2_800.0]))
    assert (window.filings, window.late) == (2, 1)


@given(st.lists(st.floats(0, 20_000), min_size=1, max_size=40), st.data())
def test_how_filings_are_cut_into_batches_is_of_no_account(times: list[float], data: st.DataObject) -> None:
    """In order of time, all at once or in pieces."""
    ordered = np.sort(np.array(times))
    cut = data.draw(st.integers(0, len(times)))
    cells, values = filings([1 + n % 5 for n in range(len(times))], [float(n) for n in range(len(times))])
    whole, parts = TimeWindow(3_600, LAYOUT), TimeWindow(3_600, LAYOUT)
    whole.add(cells, values, ordered)
    parts.add(cells[:cut], values[:cut], ordered[:cut])
    parts.add(cells[cut:], values[cut:], ordered[cut:])
    assert parts.total == pytest.approx(whole.total)
    assert parts.filings == whole.filings


def test_moments_of_a_numeric_signal_are_those_of_its_values() -> None:
    """Exact, not read off the bins; what has no value does not count."""
    cells, values = filings([1, 1, 1], [2.0, 4.0, np.nan])
    cells[:2, SIGNALS.index(TEXT_WORDS)] = 1
    row = LAYOUT.rows(cells, values, np.zeros(3, dtype=np.int64), 1)[0]
    assert LAYOUT.moments(row, "text_words") == pytest.approx((3.0, 1.0))


def test_a_time_window_comes_back_from_its_checkpoint() -> None:
    """Through JSON, and goes on as the other does."""
    window, again = TimeWindow(3_600, LAYOUT), TimeWindow(3_600, LAYOUT)
    window.add(*filings([1, 2], [1, 2]), np.array([100.0, 3_000.0]))
    again.restore(json.loads(json.dumps(window.state())))
    for one in (window, again):
        one.add(*filings([3], [1]), np.array([3_900.0]))
    assert np.array_equal(window.total, again.total)
    assert window.filings == again.filings == 2


def test_a_row_is_kept_by_what_is_not_zero() -> None:
    """And comes back whole."""
    row = np.array([0.0, 3.0, 0.0, 0.5])
    assert sparse(row) == [[1, 3], [3.0, 0.5]]
    assert np.array_equal(dense(sparse(row), 4), row)
