"""Are the stated probabilities honest: reliability by bin, expected calibration error, Brier score."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict

from models.backtest.columns import Codings, Truth
from models.backtest.estimates import Estimate, Sums
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


class Calibration:
    """Judges the first code's probability where one was predicted and a label is known.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities"; Brier (1950).
    """

    def __init__(self, bins: int = CALIBRATION_BINS) -> None:
        self._bins = bins
        self._right = Sums(bins)
        self._said = np.zeros(bins)
        self._distance = 0.0

    def add(self, codings: Codings, truth: Truth) -> None:
        """Take in filings."""
        kept = np.flatnonzero(truth.counts & ~codings.settled)
        if not len(kept):
            return
        stated, weight = codings.probability[kept], truth.weight[kept]
        right = codings.right(truth)[kept]
        where = np.minimum((stated * self._bins).astype(np.intp), self._bins - 1)
        self._right.add(right, weight, where)
        np.add.at(self._said, where, weight * stated)
        self._distance += float((weight * (stated - right) ** 2).sum())

    def figures(self) -> Reliability:
        """What all of them say."""
        total, hit = self._right.total.tolist(), self._right.hit.tolist()
        said, everything = self._said.tolist(), sum(total)
        return Reliability(
            bins=tuple(
                ReliabilityBin(
                    low=position / self._bins,
                    high=(position + 1) / self._bins,
                    stated=said[position] / total[position] if total[position] else None,
                    right=right,
                )
                for position, right in enumerate(self._right.estimates())
            ),
            expected_calibration_error=(
                sum(abs(s - h) for s, h in zip(said, hit, strict=True)) / everything if everything else None
            ),
            brier=self._distance / everything if everything else None,
        )
