"""What is usual on a weekday and at a time of the year."""

from __future__ import annotations

import json

import numpy as np
import pytest

from monitoring.layout import Layout
from monitoring.seasons import DAY_SECONDS, DAYS_KEPT, HALF_MONTHS_KEPT, Expectation, Seasons, widening
from schemas.signals import PERMANENCE

LAYOUT = Layout([PERMANENCE])
WEEKDAY, WEEKEND = np.array([0.0, 1_600, 400, 0]), np.array([0.0, 1_000, 1_000, 0])
EVEN = np.full(7, 3_000.0)
"""A baseline of whole weeks."""
BASELINE = np.array([0.0, 16_000, 4_000, 0])


def usual(day: int) -> np.ndarray:
    return WEEKEND if day % 7 in (5, 6) else WEEKDAY


def after(days: int, rows: object = usual) -> Seasons:
    seasons = Seasons(LAYOUT)
    for day in range(days):
        seasons.add(rows(day)[None, :], np.array([day * DAY_SECONDS + 1]))  # type: ignore[operator]
    return seasons


def expected(seasons: Seasons, days: list[float], week: np.ndarray = EVEN) -> list[Expectation]:
    total = BASELINE.sum()
    return seasons.expectations(BASELINE / total, np.array([total]), np.array(days) * DAY_SECONDS, week=week)


def shares(seasons: Seasons, day: float) -> list[list[float]]:
    return [found.profile[1:3].tolist() for found in expected(seasons, [day])]


def test_nothing_is_expected_before_every_weekday_has_been_seen() -> None:
    """Six days know nothing of the seventh."""
    assert shares(after(6), 6) == []
    assert len(shares(after(7), 7)) == 1


def test_a_weekday_is_the_baseline_moved_by_how_it_differs_from_the_week() -> None:
    """Five days of 0.8, two of 0.5: 0.714 on average, so that Saturday is 0.214 less than the baseline."""
    week = (5 * 0.8 + 2 * 0.5) / 7
    seasons = after(28)
    assert shares(seasons, 33)[0][0] == pytest.approx(0.8 + 0.5 - week)
    assert shares(seasons, 30)[0][0] == pytest.approx(0.8 + 0.8 - week)


def test_a_baseline_of_working_days_alone_is_not_taken_for_a_week() -> None:
    """It had no weekend to differ from: Saturday is 0.3 less than Friday, not 0.214."""
    friday = np.array([0.0, 0, 0, 0, 3_000, 0, 0])
    found = expected(after(28), [33], week=friday)
    assert found[0].profile[1] == pytest.approx(0.5)


def test_a_drift_that_stays_does_not_become_usual() -> None:
    """Four weeks in which every day has moved alike: what is expected has not moved."""
    moved = after(28, lambda day: np.array([0.0, 1_000, 1_000, 0]))
    assert shares(moved, 30)[0][0] == pytest.approx(0.8)


def test_a_window_over_two_days_is_expected_to_be_between_them() -> None:
    """Half of its steps on Friday, half on Saturday."""
    seasons = after(28)
    friday, saturday = shares(seasons, 32)[0][0], shares(seasons, 33)[0][0]
    both = expected(seasons, [32, 33])
    assert both[0].profile[1] == pytest.approx((friday + saturday) / 2)


def test_a_day_is_held_against_the_four_weeks_before_it_whenever_it_is_asked_for() -> None:
    """After a restart eleven days later as on the day itself: a window's days must not change under it."""
    at_once = after(60, lambda day: usual(day) + day)
    asked = shares(at_once, 59)
    later, again = after(71, lambda day: usual(day) + day), Seasons(LAYOUT)
    again.restore(json.loads(json.dumps(later.state())))
    assert shares(again, 59)[0] == pytest.approx(asked[0])
    assert shares(again, 66)[0] != pytest.approx(asked[0])


def test_the_same_fortnight_a_year_ago_is_expected_again() -> None:
    """A summer of 0.5 in a year of 0.8."""
    summer = after(400, lambda day: np.array([0.0, 500, 500, 0]) if 150 <= day < 240 else np.array([0.0, 800, 200, 0]))
    assert shares(summer, 365.25 + 10)[1][0] == pytest.approx(0.8)
    assert shares(summer, 365.25 + 195)[-1][0] == pytest.approx(0.5)


def test_memory_is_constant_and_comes_back_from_a_checkpoint() -> None:
    """After three years as after two months."""
    seasons, again = after(1_100), Seasons(LAYOUT)
    kept = json.loads(json.dumps(seasons.state()))
    assert (len(kept["days"]), len(kept["halves"])) == (DAYS_KEPT, HALF_MONTHS_KEPT)
    again.restore(kept)
    assert shares(again, 1_103) == shares(seasons, 1_103)


def test_a_limit_is_wider_where_less_is_known() -> None:
    """An expectation from 500 filings for a window of 500: 1/500 + 1/500 in place of 1/500 + 1/20,000."""
    wider = widening(np.array([500.0]), np.array([20_000.0]), np.array([500.0]))
    assert wider[0] == pytest.approx(np.sqrt(2 / (1 + 500 / 20_000)))
    assert widening(np.array([500.0]), np.array([500.0]), np.array([1e9]))[0] == 1.0
