"""A history with weeks, or centuries, in which no filing came: one wrong date is enough."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from models.backtest import days
from models.backtest.days import Day
from stream.replay.report import calendar
from tests.unit.backtest import histories as small

CENTURY = 46_020
"""Days from Excel's zero date to 2026."""
LAST = (date(9999, 12, 30) - days.EPOCH).days - 20_000
"""Of the calendar, as a day of the small histories."""


def history(filed: Sequence[int], reviews: int = 1) -> tuple[Day, ...]:
    """Days of a history with so many reviews on each of some days, labelled at once."""
    every = [day for day in filed for _ in range(reviews)]
    found = small.codings(["A1"] * len(every), [0.1] * len(every))
    known = small.truth(["A1"] * len(every), arrival=every)
    return small.daily(small.filings(every), found, small.lanes(found, 0.5), known)


def positions(given: Sequence[Day]) -> list[int]:
    """Numbers of days in their history."""
    return [(one.day - days.EPOCH).days - 20_000 for one in given]


@pytest.mark.parametrize("last", [CENTURY, LAST])
def test_days_with_nothing_in_their_window_are_not_given(last: int) -> None:
    """A filing centuries later adds one day, and 27 of which the window still has something to say."""
    given = history([0, 1, last])
    assert positions(given) == [*range(29), last]
    assert [one.accuracy_known.rows for one in given] == [1] + [2] * 27 + [1, 1]
    assert [one.review for one in given] == [1, 1] + [0] * 27 + [1]


def test_every_day_is_given_where_a_window_is_never_empty() -> None:
    """27 days in a row without a filing are none of those left out, and are days of no work."""
    given = history([0, 28], reviews=2)
    assert positions(given) == list(range(29))
    assert days.uncounted(given) == 0
    assert days.workload(given, 3.0).mean == pytest.approx(4 / 29)


def test_windows_are_those_counted_by_hand() -> None:
    """Filings and labels by chance, with gaps: what is given, and how many labels each window has."""
    chance = np.random.default_rng(11)
    filed, arrived = np.sort(chance.integers(0, 300, 40)), chance.integers(0, 300, 40)
    found = small.codings(["A1"] * 40)
    known = small.truth(["A1"] * 40, arrival=arrived.tolist())
    given = small.daily(small.filings(filed.tolist()), found, small.lanes(found, 0.5), known, window=5)
    expected = {}
    for day in range(int(filed.max()) + 1):
        labels, filings = (((times > day - 5) & (times <= day)).sum() for times in (arrived, filed))
        if labels or filings:
            expected[day] = (labels, filings)
    assert 100 < len(expected) < filed.max()
    assert positions(given) == list(expected)
    assert [(one.accuracy_known.rows, one.accuracy_hindsight.rows) for one in given] == list(expected.values())


def test_a_gap_is_no_time_without_work() -> None:
    """Ten days of three reviews stay a median of three, whatever one filing's date."""
    given = history([*([day for day in range(10) for _ in range(3)]), CENTURY])
    load = days.workload(given, 3.0)
    assert (load.median, load.most, load.mean) == (3.0, 3, pytest.approx(31 / 11))
    assert days.uncounted(given) == CENTURY - 10


def test_charts_place_days_by_date_and_draw_no_line_across_a_gap() -> None:
    """Two stretches of ten days, a hundred apart: bars at both ends of the axis, two lines of each kind."""
    given = history([*range(10), *range(100, 110)], reviews=40)
    bars = [
        (float(x), float(width))
        for x, width in re.findall(
            r'<rect class="f1 " x="([\d.]+)" y="[\d.]+" width="([\d.]+)"',
            calendar.work("work", given, days.workload(given, 3.0), 3.0),
        )
    ]
    filled = [*bars[:10], *bars[-10:]]
    day = (filled[9][0] - filled[0][0]) / 9
    assert filled[-1][0] - filled[0][0] == pytest.approx(109 * day, rel=0.01)
    assert [width / day for _, width in filled] == pytest.approx([0.76] * 20, rel=0.05)
    auto = small.codings(["A1"] * 800)
    every = [day for day in (*range(10), *range(100, 110)) for _ in range(40)]
    known = small.truth(["A1"] * 800, arrival=every)
    drawn = calendar.knowledge(small.daily(small.filings(every), auto, small.lanes(auto, 0.5), known))
    assert drawn.count('class="line s1 "') == drawn.count('class="line s2 dashed"') == 2
    assert drawn.count('class="band f1"') == 2


def test_a_week_is_a_bar_by_the_calendar_not_by_the_days_given() -> None:
    """Twenty filings in two years: each in the week that it came in."""
    given = history(list(range(0, 700, 35)))
    assert calendar.days_a_bar(given) == 7
    assert calendar.days_a_bar(history(list(range(0, 130, 10)))) == 1
    drawn = calendar.work("work", given, days.workload(given, 3.0), 3.0)
    heights = re.findall(r'<rect class="f1 " x="[\d.]+" y="[\d.]+" width="[\d.]+" height="([\d.]+)"', drawn)
    assert sum(float(height) > 0.0 for height in heights) == 20


def test_the_calendars_end_is_no_error() -> None:
    """Charts up to 9999-12-30, the last day that a filing may have."""
    given = history([0, LAST])
    assert given[-1].day == date(9999, 12, 30)
    for drawn in (calendar.knowledge(given), calendar.work("work", given, days.workload(given, 3.0), 3.0)):
        assert 6 < drawn.count('class="tick middle"') < 10
