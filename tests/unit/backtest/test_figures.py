"""Curves, costs, groups, calibration, days and schedules, by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models.backtest import comparison, curve, days
from models.backtest.curve import Costs
from models.backtest.groups import Groups
from models.backtest.reliability import Calibration
from models.backtest.schedule import Period, periods
from models.errors import TrainingError
from models.evaluation import expected_calibration_error
from models.thresholds import Outcome
from models.thresholds import curve as plain_curve
from tests.unit.backtest import histories as small

COSTS = Costs(review_minutes=3.0, error_minutes=30.0)


def test_the_curve_is_that_of_choose_threshold_where_every_filing_has_a_label() -> None:
    """Same automation, error and bound at every confidence index as `models.thresholds`."""
    chance = np.random.default_rng(1)
    confidence = chance.random(400).round(3)
    right = chance.random(400) < confidence
    found = small.codings(["A1"] * 400, confidence.tolist())
    known = small.truth(["A1" if one else "B1" for one in right])
    ours = small.confidences(found, known).curve(COSTS, np.unique(confidence))
    outcomes = [Outcome(float(c), bool(r)) for c, r in zip(confidence, right, strict=True)]
    theirs = sorted(plain_curve(outcomes), key=lambda point: point.threshold)
    assert [(p.threshold, p.automation, p.auto_error.value, p.auto_error_upper) for p in ours] == [
        pytest.approx((p.threshold, p.automation, p.auto_error, p.auto_error_upper)) for p in theirs
    ]


def test_a_curve_weighs_labels_and_counts_every_filing() -> None:
    """Four filings, three labelled; at 0.5 two of four are auto and the error is 4 of 1 + 4."""
    found = small.codings(["A1", "A1", "A2", None], [0.9, 0.6, 0.2, 0.0])
    known = small.truth(["A1", "B1", "A2", None], weights=[1.0, 4.0, 1.0, 0.0])
    low, high, none = small.confidences(found, known).curve(COSTS, np.array([0.5, 0.7, 1.01]))
    assert (low.automation, low.auto_error.value) == (0.5, 0.8)
    assert (high.automation, high.auto_error.value) == (0.25, 0.0)
    assert (none.automation, none.auto_error.value) == (0.0, None)
    assert low.minutes == pytest.approx((1 * 3 + 2 * 0.8 * 30) / 4)
    assert high.minutes == pytest.approx(2 * 3 / 4)
    assert none.minutes == pytest.approx(3 * 3 / 4)


def test_the_cheapest_threshold_moves_with_the_cost_of_an_error() -> None:
    """Ten sure and right, ten unsure of which two wrong: auto for all pays while an error costs under five reviews."""
    found = small.codings(["A1"] * 20, [0.9] * 10 + [0.3] * 10)
    known = small.truth(["A1"] * 18 + ["B1"] * 2)
    counted = small.confidences(found, known)
    points = counted.curve(COSTS, counted.thresholds())
    best = curve.cheapest(points)
    assert best is not None
    assert (best.threshold, best.automation, best.minutes) == (0.9, 0.5, 1.5)
    chosen = {one.error_ratio: one.threshold for one in curve.cheapest_by_ratio(points)}
    assert (chosen[1.0], chosen[2.0], chosen[10.0], chosen[100.0]) == (0.3, 0.3, 0.9, 0.9)


def test_without_labels_no_threshold_is_called_cheapest() -> None:
    """Nothing is known of errors, so that nothing is said of their cost."""
    found = small.codings(["A1", "A2"])
    counted = small.confidences(found, small.truth([None, None]))
    points = counted.curve(COSTS, counted.thresholds())
    assert curve.cheapest(points) is None
    assert curve.cheapest_by_ratio(points) == []


def test_a_returned_filing_is_right_where_a_human_found_nothing_to_code() -> None:
    """Returned and found uncodable agree; returned and coded do not."""
    found = small.codings([None, None, "A1"])
    assert found.right(small.truth(["-", "A1", "-"])).tolist() == [True, False, False]


def test_groups_count_filings_automation_and_errors_of_their_own() -> None:
    """Section A: three filings, two auto, one of them wrong; B: one, in review; one returned."""
    found = small.codings(["A1", "A2", "A1", "B1", None], [0.9, 0.8, 0.1, 0.2, 0.0])
    known = small.truth(["A1", "B2", "A1", None, None])
    member = small.BRANCHES.at(1, found.code)
    counted = Groups(small.BRANCHES.names[0])
    counted.add(member, found, small.lanes(found, 0.5), known)
    one, *others = counted.figures()
    assert (one.name, one.filings, one.automation.value, one.auto_error.value) == ("A", 3, pytest.approx(2 / 3), 0.5)
    assert one.accuracy.value == pytest.approx(2 / 3)
    assert [(g.name, g.filings, g.automation.value, g.auto_error.value) for g in others] == [
        ("", 1, 0.0, None),
        ("B", 1, 0.0, None),
    ]


def test_calibration_is_that_of_the_evaluation_where_weights_are_equal() -> None:
    """Expected calibration error and Brier score as `models.evaluation` has them."""
    chance = np.random.default_rng(2)
    stated = chance.random(300)
    right = chance.random(300) < stated**2
    found = small.codings(["A1"] * 300, [0.5] * 300, probability=stated.tolist())
    calibration = Calibration()
    calibration.add(found, small.truth(["A1" if one else "B1" for one in right]))
    figures = calibration.figures()
    pairs = list(zip(stated.tolist(), right.tolist(), strict=True))
    assert figures.expected_calibration_error == pytest.approx(expected_calibration_error(pairs))
    assert figures.brier == pytest.approx(sum((p - r) ** 2 for p, r in pairs) / 300)
    assert sum(one.right.rows for one in figures.bins) == 300


def test_an_error_is_known_only_once_its_label_has_come() -> None:
    """Wrong on day 0, label on day 2: known on the evening of day 2, in hindsight from day 0."""
    found = small.codings(["A1", "A1", "A1"])
    known = small.truth(["B1", "A1", "A1"], arrival=[2, 1, 5])
    three = small.daily(small.filings([0, 0, 2]), found, small.lanes(found, 0.5), known)
    assert [one.auto_error_known.value for one in three] == [None, 0.0, 0.5]
    assert [one.auto_error_hindsight.value for one in three] == pytest.approx([0.5, 0.5, 1 / 3])
    assert [one.labels for one in three] == [0, 1, 1]
    assert [one.auto for one in three] == [2, 0, 1]


def test_an_estimate_of_a_day_looks_back_on_its_window_alone() -> None:
    """A window of two days: the error of day 0 is out of it on day 2."""
    found = small.codings(["A1", "A1", "A1"])
    known = small.truth(["B1", "A1", "A1"], arrival=[0, 1, 2])
    lanes = small.lanes(found, 0.5)
    three = small.daily(small.filings([0, 1, 2]), found, lanes, known, window=2)
    assert [one.auto_error_known.value for one in three] == [1.0, 0.5, 0.0]


def test_the_review_teams_day_counts_reviews_and_audits() -> None:
    """Two reviews and an audit on day 0, none on day 1: 3 and 0."""
    found = small.codings(["A1", "A1", "A1", "A1"], [0.1, 0.1, 0.9, 0.9])
    lanes = small.lanes(found, 0.5, audit=[False, False, True, False])
    nothing = small.truth([None] * 4)
    load = days.workload(small.daily(small.filings([0, 0, 0, 1]), found, lanes, nothing), 4.0)
    assert (load.mean, load.most, load.hours_mean) == (1.5, 3, 0.1)


def test_a_comparison_does_not_favour_the_model_that_did_not_choose_the_labels() -> None:
    """All of A's unsure filings are labelled and 5 % of its sure ones: by weight B's edge is the true one.

    A is right on 96 % of 9,000 sure filings and 40 % of 1,000 unsure ones; B on 96 % and 50 %. The
    true difference is one point; counted alike, the labelled would say some seven.
    """
    chance = np.random.default_rng(3)
    unsure = np.arange(10_000) < 1_000
    right_a = chance.random(10_000) < np.where(unsure, 0.4, 0.96)
    right_b = chance.random(10_000) < np.where(unsure, 0.5, 0.96)
    labelled = unsure | (chance.random(10_000) < 0.05)
    weights = np.where(labelled, np.where(unsure, 1.0, 20.0), 0.0)
    known = small.truth(["A1" if one else None for one in labelled], weights=weights.tolist())
    a, b = (small.codings(["A1" if one else "B1" for one in right]) for right in (right_a, right_b))
    found = small.compared(a, b, known).test()
    assert found.method == "weighted"
    assert found.low < right_b.mean() - right_a.mean() < found.high
    plain = comparison.mcnemar(found.both, found.only_a, found.only_b, found.neither)
    assert plain.low > right_b.mean() - right_a.mean()


def test_disagreements_are_counted_by_pair_of_codes() -> None:
    """A1 against B1 twice, once labelled B1; A2 against nothing once."""
    a, b = small.codings(["A1", "A1", "A2", "B2"]), small.codings(["B1", "B1", None, "B2"])
    first, second = small.compared(a, b, small.truth(["B1", None, None, "B2"])).pairs()
    assert (first.a, first.b, first.filings, first.labelled, first.a_right, first.b_right) == ("A1", "B1", 2, 1, 0, 1)
    assert (second.a, second.b, second.filings) == ("A2", "", 1)


def test_schedules_cut_a_history_at_the_calendars_turns() -> None:
    """Months, quarters, Mondays and days; the first period begins with the history."""
    first, end = date(2025, 12, 20), date(2026, 4, 3)
    starts = {name: [p.start.isoformat() for p in periods(name, first, end)] for name in ("monthly", "quarterly")}
    assert starts["monthly"] == ["2025-12-20", "2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01"]
    assert starts["quarterly"] == ["2025-12-20", "2026-01-01", "2026-04-01"]
    assert periods("weekly", first, end)[1].start == date(2025, 12, 22)
    assert periods("never", first, end) == [Period(first, end)]
    assert periods("60d", first, end) == [Period(first, date(2026, 2, 18)), Period(date(2026, 2, 18), end)]
    with pytest.raises(TrainingError, match="fortnightly"):
        periods("fortnightly", first, end)


@pytest.mark.parametrize("schedule", ["daily", "weekly", "monthly", "quarterly", "yearly", "30d"])
def test_retraining_stops_at_the_end_of_the_calendar(schedule: str) -> None:
    """The last day that a filing may have is in the last period."""
    assert periods(schedule, date(9999, 11, 20), date.max)[-1].end == date.max
