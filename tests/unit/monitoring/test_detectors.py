"""River's detectors behind their door."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.detectors import OddFilings, ddm_detector, error_detector, step_detector
from monitoring.drift_settings import DetectorKind, DriftSettings

KINDS = [
    DriftSettings(),
    DriftSettings(detector=DetectorKind.ADWIN, detector_delta=0.002),
]


@pytest.mark.parametrize("settings", KINDS, ids=["page-hinkley", "adwin"])
def test_a_step_detector_sees_a_shift_of_two_deviations_within_thirty_steps(settings: DriftSettings) -> None:
    """After two hundred steps of noise, at which it is silent."""
    chance = np.random.default_rng(1)
    detector = step_detector(settings)
    assert [n for n in range(200) if detector.update(0.2 * chance.normal())] == []
    assert any(detector.update(2 + 0.2 * chance.normal()) for _ in range(30))


@pytest.mark.parametrize("settings", KINDS, ids=["page-hinkley", "adwin"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_never_reaches_a_detector(settings: DriftSettings, value: float) -> None:
    """One such value would blind it: it still sees the shift that follows."""
    detector = step_detector(settings)
    for _ in range(100):
        assert not detector.update(0.1)
        assert not detector.update(value)
    assert any(detector.update(3.0) for _ in range(30))


def test_errors_that_rise_are_seen_and_errors_that_fall_are_not() -> None:
    """One in ten to four in ten, and back, over single labels."""
    chance = np.random.default_rng(2)
    rising, falling = error_detector(), error_detector()
    for _ in range(1_000):
        rising.update(float(chance.random() < 0.1))
        falling.update(float(chance.random() < 0.4))
    assert any(rising.update(float(chance.random() < 0.4)) for _ in range(300))
    assert not any(falling.update(float(chance.random() < 0.1)) for _ in range(300))


def test_ddm_sees_the_same_rise() -> None:
    """The classic, for comparison."""
    chance = np.random.default_rng(3)
    detector = ddm_detector()
    for _ in range(1_000):
        detector.update(float(chance.random() < 0.1))
    assert any(detector.update(float(chance.random() < 0.5)) for _ in range(400))


def test_an_odd_filing_scores_above_every_usual_one_after_it() -> None:
    """Half-space trees over two features; a feature that is missing is left out."""
    chance = np.random.default_rng(4)
    odd = OddFilings({"a": (0.0, 100.0), "b": (0.0, 1.0), "flat": (3.0, 3.0), "none": (math.nan, math.nan)})
    for _ in range(600):
        odd.score({"a": 20 + 5 * chance.random(), "b": 0.3 + 0.05 * chance.random()})
    usual = [odd.score({"a": 20 + 5 * chance.random(), "b": 0.3 + 0.05 * chance.random()}) for _ in range(20)]
    assert odd.score({"a": 95.0, "b": 0.95}) > max(usual)
    assert 0.0 <= odd.score({"b": math.nan}) <= 1.0
    assert odd.seen == 622
