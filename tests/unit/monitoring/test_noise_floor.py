"""What chance alone gives, against theory."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from monitoring.distances import Distance
from monitoring.noise_floor import QUANTILE, SIZES, floor_at, floors, simulate

EVEN = np.full(10, 1_000.0)
START = np.array([0])


def simulated(window: int, reference: int, draws: int = 2_000) -> dict[Distance, object]:
    return simulate(EVEN, START, window=np.array([window]), reference=np.array([reference]), draws=draws, seed=3)  # type: ignore[return-value]


def test_squared_hellinger_follows_the_chi_square_that_theory_says() -> None:
    """8 H^2 n m / (n + m) has nine degrees of freedom over ten cells: mean 9, 99th percentile 21.7."""
    noise = simulated(500, 20_000)[Distance.HELLINGER]
    worth = 8 * 500 * 20_000 / 20_500
    assert worth * noise.mean[0] == pytest.approx(9.0, rel=0.05)
    assert worth * noise.floor[0] ** 2 == pytest.approx(chi2.ppf(QUANTILE, 9), rel=0.06)


def test_the_tail_reaches_one_in_ten_millions_within_a_tenth() -> None:
    """The gamma of the moments against the chi-square, far beyond what was drawn."""
    noise = simulated(500, 20_000)[Distance.HELLINGER]
    worth = 8 * 500 * 20_000 / 20_500
    assert worth * noise.critical(1e-7)[0] ** 2 == pytest.approx(chi2.isf(1e-7, 9), rel=0.1)


def test_limit_and_p_value_say_the_same() -> None:
    """The limit of a level has that level for its p-value."""
    for noise in simulated(500, 20_000).values():
        assert noise.p_values(noise.critical(1e-5))[0] == pytest.approx(1e-5, rel=1e-6)


def test_a_larger_window_and_a_larger_reference_lower_the_floor() -> None:
    """Both are samples."""
    small, large, poor = simulated(200, 20_000), simulated(2_000, 20_000), simulated(2_000, 500)
    for distance in Distance:
        assert large[distance].floor[0] < small[distance].floor[0]
        assert large[distance].floor[0] < poor[distance].floor[0]


def test_a_signal_with_one_value_has_a_floor_all_the_same() -> None:
    """Its first new value must not be an alarm, eight or more in 500 filings may be."""
    one = np.array([20_000.0, 0.0])
    noise = simulate(one, START, window=np.array([500]), reference=np.array([20_000]))[Distance.HELLINGER]
    alone = np.sqrt(1 - np.sqrt(1 - 1 / 500))
    several = np.sqrt(1 - np.sqrt(1 - 15 / 500))
    assert alone < noise.floor[0] < noise.critical(1e-7)[0] < several


def test_a_signal_without_observations_has_no_floor_and_is_never_beyond_it() -> None:
    """No limit can be exceeded, no p-value is small."""
    empty = np.zeros(2)
    noise = simulate(empty, START, window=np.array([1]), reference=np.array([0]))[Distance.HELLINGER]
    assert not np.array([0.9]) > noise.critical(1e-7)
    assert noise.p_values(np.array([0.9]))[0] == 1.0


def test_the_floors_of_an_artefact_fall_with_size_and_are_read_between_sizes() -> None:
    """Straight lines on logarithmic scales, by signal and distance; a signal without counts has none."""
    found = floors({"nature": [500.0, 300, 200], "event": []})
    kept = found["signals"]["nature"]
    assert set(found["signals"]) == {"nature"}
    assert sorted(kept["hellinger"], reverse=True) == kept["hellinger"]
    between = floor_at(kept, SIZES, Distance.HELLINGER, 700)
    assert kept["hellinger"][3] < between < kept["hellinger"][2]
