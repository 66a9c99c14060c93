"""Accuracy: weighted estimates against known values, windows, and a simulation that knows the truth."""

from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pytest

from monitoring.accuracy import AccuracyReading, AccuracyWindows
from monitoring.audit import Stratum, estimate, wilson
from monitoring.judged import HOUR_SECONDS, Judged, Made, MadeCount, levels_right

NOW = 1_000 * HOUR_SECONDS + 5.0


def judged(
    lane: str, right: int, *, at: float = NOW, section: str = "F", model: str = "m", policy: str = "p"
) -> Judged:
    return Judged(at, lane, "model", section, model, policy, right, 5)


def made(windows: AccuracyWindows, lane: str, decisions: int, audited: int = 0, *, policy: str = "p") -> None:
    windows.made(Made(1_000, lane, "m", policy), MadeCount(decisions, audited, decisions * 800_000))


def reading(windows: AccuracyWindows, lane: str, level: int = 5, hours: int = 24) -> AccuracyReading:
    found = windows.readings(NOW, hours, (1, 5))
    return next(r for r in found if (r.lane, r.level, r.stage, r.section) == (lane, level, "", ""))


@pytest.mark.parametrize(
    ("right", "labels", "lower", "upper"),
    # Newcombe (1998), table I, Wilson's score interval without continuity correction.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_the_literature(right: int, labels: int, lower: float, upper: float) -> None:
    """Newcombe's worked examples."""
    assert wilson(right / labels, labels) == pytest.approx((lower, upper), abs=5e-5)


def test_unequal_weights_widen_the_interval() -> None:
    """Kish: the effective sample is smaller than the number of labels."""
    equal = estimate([Stratum(1.0, 50, 40), Stratum(1.0, 50, 40)])
    unequal = estimate([Stratum(1.0, 50, 40), Stratum(20.0, 50, 40)])
    assert equal is not None
    assert unequal is not None
    assert unequal.share == pytest.approx(equal.share)
    assert unequal.upper - unequal.lower > equal.upper - equal.lower


def test_without_a_label_there_is_no_accuracy() -> None:
    """Not zero, not one: nothing."""
    assert estimate([Stratum(1.0, 0, 0)]) is None
    assert list(AccuracyWindows(24).readings(NOW, 24, (1, 5))) == []
    assert AccuracyWindows(24).expected(NOW, 24) == {}
    assert AccuracyWindows(24).audit_share(NOW, 24) is None


def test_both_lanes_together_weigh_as_the_decisions_do() -> None:
    """900 auto decisions of which ten were audited, 100 for review, all labelled."""
    windows = AccuracyWindows(24)
    made(windows, "auto", 900, 10)
    made(windows, "review", 100)
    for number in range(10):
        windows.judged(judged("auto", 5 if number else 0))
    for number in range(100):
        windows.judged(judged("review", 5 if number < 50 else 0))
    assert reading(windows, "auto").estimate.share == pytest.approx(0.9)
    assert reading(windows, "review").estimate.share == pytest.approx(0.5)
    assert reading(windows, "both").estimate.share == pytest.approx(0.9 * 0.9 + 0.1 * 0.5)
    assert reading(windows, "auto").estimate.labels == 10


def test_policies_with_other_audit_shares_are_weighed_by_their_own() -> None:
    """1 % of one policy's decisions and 50 % of another's: labels of the first stand for fifty times as many."""
    windows = AccuracyWindows(24)
    made(windows, "auto", 10_000, 100, policy="seldom")
    made(windows, "auto", 200, 100, policy="often")
    for _ in range(100):
        windows.judged(judged("auto", 5, policy="seldom"))
        windows.judged(judged("auto", 0, policy="often"))
    assert reading(windows, "auto").estimate.share == pytest.approx(10_000 / 10_200)


def test_the_audit_estimate_is_unbiased_and_its_interval_covers() -> None:
    """200 simulated days with a known accuracy, two audit shares, auto lane: 95 % of intervals hold it."""
    chance = np.random.default_rng(7)
    covered, shares = 0, []
    for _ in range(200):
        windows = AccuracyWindows(24)
        for policy, decisions, share, accuracy in (("a", 4_000, 0.02, 0.95), ("b", 1_000, 0.2, 0.80)):
            audited = int(chance.binomial(decisions, share))
            right = int(chance.binomial(audited, accuracy))
            made(windows, "auto", decisions, audited, policy=policy)
            for number in range(audited):
                windows.judged(judged("auto", 5 if number < right else 2, policy=policy))
        found = reading(windows, "auto").estimate
        shares.append(found.share)
        covered += found.lower <= 0.92 <= found.upper
    assert np.mean(shares) == pytest.approx(0.92, abs=0.005)
    assert covered >= 180


def test_levels_sections_and_versions_are_told_apart() -> None:
    """Right down to the division is right at level 2 and wrong at level 3."""
    windows = AccuracyWindows(24)
    windows.judged(judged("review", 2))
    windows.judged(judged("review", 5, section="G"))
    windows.judged(judged("review", 0, model="other"))
    found = {
        (r.model_version, r.level, r.section, r.stage, r.lane): r.estimate.share
        for r in windows.readings(NOW, 24, (1, 5))
    }
    assert found["m", 1, "", "", "review"] == 1.0
    assert found["m", 3, "", "", "review"] == 0.5
    assert found["m", 5, "F", "", "both"] == 0.0
    assert found["m", 5, "G", "", "both"] == 1.0
    assert found["m", 5, "", "model", "both"] == 0.5
    assert found["other", 1, "", "", "review"] == 0.0
    assert ("m", 2, "F", "", "both") not in found


def test_a_window_forgets_and_takes_back() -> None:
    """Labels older than the window are out of it, and a replaced one is as if it had not been."""
    windows = AccuracyWindows(48)
    windows.judged(judged("review", 0, at=NOW - 30 * HOUR_SECONDS))
    windows.judged(judged("review", 5))
    assert reading(windows, "review", hours=24).estimate.labels == 1
    assert reading(windows, "review", hours=48).estimate.labels == 2
    windows.judged(judged("review", 0, at=NOW - 30 * HOUR_SECONDS), sign=-1)
    assert reading(windows, "review", hours=48).estimate.share == 1.0
    windows.forget(NOW + 100 * HOUR_SECONDS)
    assert list(windows.readings(NOW, 48, (1,))) == []


def test_the_order_of_labels_changes_no_digit() -> None:
    """After a restart labels come in another order, and every figure must be the same."""
    labels = [judged("review", 5), judged("auto", 3), judged("review", 0, section="G"), judged("auto", 5, policy="q")]
    ends = set()
    for order in permutations(labels):
        windows = AccuracyWindows(24)
        made(windows, "auto", 300, 7)
        made(windows, "auto", 100, 3, policy="q")
        made(windows, "review", 77)
        for found in order:
            windows.judged(found)
        ends.add(tuple(sorted(map(repr, windows.readings(NOW, 24, (1, 5))))))
    assert len(ends) == 1


def test_expected_accuracy_is_realised_where_probabilities_are_calibrated() -> None:
    """Filings right with the probability the model gives: both figures agree within noise."""
    chance = random.Random(3)
    windows = AccuracyWindows(24)
    for _ in range(20_000):
        probability = chance.uniform(0.4, 1.0)
        windows.made(Made(1_000, "review", "m", "p"), MadeCount(1, 0, int(probability * 1_000_000)))
        windows.judged(judged("review", 5 if chance.random() < probability else 0))
    assert windows.expected(NOW, 24)["review", "m"] == pytest.approx(
        reading(windows, "review").estimate.share, abs=0.01
    )


def test_levels_right_counts_from_the_top() -> None:
    """Two branches that meet again further down are two branches."""
    assert levels_right(("F", "43"), ("F", "43")) == 2
    assert levels_right(("F", "43"), ("G", "43")) == 0
    assert levels_right(("F", "43"), None) == 0
