"""Automation against error at every threshold, and what each would have cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import Codings, Floats, Truth
from models.backtest.estimates import Estimate, Fraction, of_sums

CURVE_POINTS = 200
ERROR_RATIOS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Costs of an error, in reviews, for which the cheapest threshold is told."""


class Costs(BaseModel):
    """What work and errors are taken to cost: the reader's assumption, in minutes of an agent.

    Parameters
    ----------
    review_minutes
        Of one filing in review.
    error_minutes
        What one wrong code that left without a human costs, put right or not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    review_minutes: Annotated[float, Field(gt=0.0, allow_inf_nan=False)] = 3.0
    error_minutes: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] = 30.0


class CurvePoint(BaseModel):
    """What one threshold for all filings would have done.

    Parameters
    ----------
    threshold
        Confidence index needed for auto; above 1 all goes to review.
    automation
        Share of all filings without a human.
    auto_error
        Share of wrong codes among those.
    auto_error_upper
        Its one-sided 95 % upper bound.
    minutes
        Expected cost of a filing: reviews and errors.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: float
    automation: Fraction
    auto_error: Estimate
    auto_error_upper: Fraction
    minutes: float


class CheapestThreshold(BaseModel):
    """The threshold that costs least when an error costs so many reviews."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_ratio: float
    threshold: float
    automation: Fraction
    auto_error: float | None


@dataclass(frozen=True)
class _Sums:
    """Sums over the labelled filings at or above each threshold; shape (thresholds,)."""

    rows: npt.NDArray[np.int64]
    total: Floats
    wrong: Floats
    squares: Floats


def thresholds_of(codings: Codings, extra: Sequence[float] = (), points: int = CURVE_POINTS) -> Floats:
    """Thresholds worth looking at, rising: quantiles of the confidence index, and `extra`.

    The last is above every confidence index: all to review.
    """
    open_ones = np.sort(codings.confidence[~codings.settled])
    chosen: list[Floats] = [np.asarray(extra, dtype=np.float64), np.asarray([1.01])]
    if len(open_ones):
        # Towards the top, where a threshold is chosen, a step of quantiles hides nothing either.
        where = np.unique(np.linspace(0, len(open_ones) - 1, points).round().astype(np.int64))
        chosen.append(open_ones[where])
    return np.unique(np.concatenate(chosen))


def curve(codings: Codings, truth: Truth, costs: Costs, thresholds: Floats) -> list[CurvePoint]:
    """What each threshold would have done, in the order of the thresholds.

    Automation counts every filing; the error is estimated on the labelled ones, by weight.
    """
    filings = len(codings.code)
    confidences = np.sort(codings.confidence[~codings.settled])
    auto = len(confidences) - np.searchsorted(confidences, thresholds, side="left")
    reviewed_anyway = int((codings.settled & (codings.code >= 0)).sum())
    sums = _labelled_sums(codings, truth, thresholds)
    found: list[CurvePoint] = []
    for position, threshold in enumerate(thresholds):
        error = of_sums(
            rows=int(sums.rows[position]),
            total=float(sums.total[position]),
            hit=float(sums.wrong[position]),
            squares=float(sums.squares[position]),
        )
        reviews = reviewed_anyway + len(confidences) - int(auto[position])
        found.append(
            CurvePoint(
                threshold=float(threshold),
                automation=int(auto[position]) / max(1, filings),
                auto_error=error,
                auto_error_upper=error.upper,
                minutes=minutes_a_filing(costs, filings, reviews, int(auto[position]), error),
            )
        )
    return found


def minutes_a_filing(costs: Costs, filings: int, reviews: int, auto: int, error: Estimate) -> float:
    """Expected minutes of a filing; a human's code is taken to be right."""
    wrong = auto * (error.value or 0.0)
    return (reviews * costs.review_minutes + wrong * costs.error_minutes) / max(1, filings)


def cheapest(points: Sequence[CurvePoint]) -> CurvePoint | None:
    """The point that costs least; the highest threshold among equals. `None` without labels.

    Points without a labelled filing in the auto lane say nothing about its error and are left out,
    save the one that sends everything to review.
    """
    known = [point for point in points if point.auto_error.rows or point.automation == 0.0]
    if not any(point.auto_error.rows for point in points):
        return None
    return min(known, key=lambda point: (point.minutes, -point.threshold))


def cheapest_by_ratio(points: Sequence[CurvePoint], ratios: Sequence[float] = ERROR_RATIOS) -> list[CheapestThreshold]:
    """The cheapest threshold for each cost of an error, in reviews: how much the answer hangs on it."""
    known = [point for point in points if point.auto_error.rows or point.automation == 0.0]
    if not any(point.auto_error.rows for point in points):
        return []
    found = []
    for ratio in ratios:
        best = min(
            known,
            key=lambda point: (
                -point.automation + ratio * point.automation * (point.auto_error.value or 0.0),
                -point.threshold,
            ),
        )
        found.append(
            CheapestThreshold(
                error_ratio=ratio,
                threshold=best.threshold,
                automation=best.automation,
                auto_error=best.auto_error.value,
            )
        )
    return found


def _labelled_sums(codings: Codings, truth: Truth, thresholds: Floats) -> _Sums:
    kept = truth.counts & ~codings.settled
    confidence = codings.confidence[kept]
    order = np.argsort(-confidence, kind="stable")
    weight = truth.weight[kept][order]
    wrong = ~codings.right(truth)[kept][order]
    reached = np.searchsorted(-confidence[order], -thresholds, side="right")

    def summed(values: Floats) -> Floats:
        return np.concatenate([[0.0], np.cumsum(values)])[reached]

    return _Sums(reached, summed(weight), summed(weight * wrong), summed(weight * weight))
