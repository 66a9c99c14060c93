"""Automation against error at every threshold, and what each would have cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import Codings, Floats, Truth
from models.backtest.estimates import Estimate, Fraction, Sums, of_sums

CURVE_POINTS = 200
STEPS = 1_000_000
"""Confidence indices are rounded to six decimals: there are so many, and one more."""
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
class Sent:
    """Filings by lane, and the error of the automatic one."""

    auto: int
    reviews: int
    error: Estimate


class Confidences:
    """How often each confidence index was given, and how often it was wrong: all that a threshold depends on.

    Some 40 MB for a history in which every index occurs with a label, whatever the number of filings.
    """

    def __init__(self) -> None:
        self.filings = 0
        self._reviewed_anyway = 0
        self._given = np.zeros(STEPS + 1, dtype=np.int64)
        self._wrong = Sums(STEPS + 1)

    def add(self, codings: Codings, truth: Truth) -> None:
        """Take in filings; those that no threshold decides have no index."""
        self.filings += len(codings.code)
        self._reviewed_anyway += int((codings.settled & (codings.code >= 0)).sum())
        step = np.rint(codings.confidence * STEPS).astype(np.intp)
        np.add.at(self._given, step[~codings.settled], 1)
        kept = truth.counts & ~codings.settled
        self._wrong.add(~codings.right(truth)[kept], truth.weight[kept], step[kept])

    def thresholds(self, extra: Sequence[float] = (), points: int = CURVE_POINTS) -> Floats:
        """Thresholds worth looking at, rising: quantiles of the confidence index, and `extra`.

        The last is above every confidence index: all to review.
        """
        chosen: list[Floats] = [np.asarray(extra, dtype=np.float64), np.asarray([1.01])]
        occurring = np.flatnonzero(self._given)
        up_to = np.cumsum(self._given[occurring])
        if len(up_to):
            # Towards the top, where a threshold is chosen, a step of quantiles hides nothing either.
            where = np.unique(np.linspace(0, up_to[-1] - 1, points).round().astype(np.int64))
            chosen.append(occurring[np.searchsorted(up_to, where, side="right")] / STEPS)
        return np.unique(np.concatenate(chosen))

    def sent(self, thresholds: Floats) -> list[Sent]:
        """What each threshold for all filings makes of them."""
        occurring = np.flatnonzero(self._given)
        reached = np.searchsorted(occurring / STEPS, thresholds, side="left")
        auto, rows, total, wrong, squares = (
            _from_top(values[occurring], reached).tolist()
            for values in (self._given, self._wrong.rows, self._wrong.total, self._wrong.hit, self._wrong.squares)
        )
        reviews = self._reviewed_anyway + int(self._given.sum())
        return [
            Sent(
                auto=auto[place],
                reviews=reviews - auto[place],
                error=of_sums(rows=rows[place], total=total[place], hit=wrong[place], squares=squares[place]),
            )
            for place in range(len(thresholds))
        ]

    def curve(self, costs: Costs, thresholds: Floats) -> list[CurvePoint]:
        """What each threshold would have done, in the order of the thresholds.

        Automation counts every filing; the error is estimated on the labelled ones, by weight.
        """
        return [
            CurvePoint(
                threshold=threshold,
                automation=sent.auto / max(1, self.filings),
                auto_error=sent.error,
                auto_error_upper=sent.error.upper,
                minutes=minutes_a_filing(costs, self.filings, sent.reviews, sent.auto, sent.error),
            )
            for threshold, sent in zip(thresholds.tolist(), self.sent(thresholds), strict=True)
        ]


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


def _from_top(values: npt.NDArray[Any], reached: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """Sum of each value from a place on, added from the last to the first."""
    sums = np.zeros(len(values) + 1, dtype=values.dtype)
    np.cumsum(values[::-1], out=sums[1:])
    return sums[len(values) - reached]
