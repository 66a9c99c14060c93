"""Are the stated probabilities honest: reliability by bin, expected calibration error, Brier score."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from models.backtest.columns import Codings, Truth
from models.backtest.estimates import Estimate, of_sums
from models.evaluation import CALIBRATION_BINS


class ReliabilityBin(BaseModel):
    """First codes whose stated probability lies from `low` to `high`.

    Parameters
    ----------
    stated
        Their mean probability; `None` where there are none.
    right
        How many were right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    stated: float | None
    right: Estimate


class Reliability(BaseModel):
    """Calibration of a model on the labelled filings, each weighted as it was sampled.

    Parameters
    ----------
    expected_calibration_error
        Mean distance between stated probability and share of right codes over the bins.
    brier
        Mean square of that distance, filing by filing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bins: tuple[ReliabilityBin, ...]
    expected_calibration_error: float | None
    brier: float | None


def reliability(codings: Codings, truth: Truth, bins: int = CALIBRATION_BINS) -> Reliability:
    """Judge the first code's probability where one was predicted and a label is known.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities"; Brier (1950).
    """
    kept = truth.counts & ~codings.settled
    stated, weight = codings.probability[kept], truth.weight[kept]
    right = codings.right(truth)[kept]
    where = np.minimum((stated * bins).astype(np.int64), bins - 1)

    def summed(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
        return [float(value) for value in np.bincount(where, weights=values, minlength=bins)]

    rows = np.bincount(where, minlength=bins)
    total, squares = summed(weight), summed(weight * weight)
    hit, said = summed(weight * right), summed(weight * stated)
    everything = sum(total)
    return Reliability(
        bins=tuple(
            ReliabilityBin(
                low=position / bins,
                high=(position + 1) / bins,
                stated=said[position] / total[position] if total[position] else None,
                right=of_sums(
                    rows=int(rows[position]), total=total[position], hit=hit[position], squares=squares[position]
                ),
            )
            for position in range(bins)
        ),
        expected_calibration_error=(
            sum(abs(s - h) for s, h in zip(said, hit, strict=True)) / everything if everything else None
        ),
        brier=float(weight @ (stated - right) ** 2) / everything if everything else None,
    )
