"""Choosing the threshold: how much can go without a human while the error stays under a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.artefact import ThresholdPoint
from models.errors import TrainingError
from models.intervals import clopper_pearson_upper

MAX_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of one labelled filing: its confidence index and whether the code was right."""

    confidence_index: float
    correct: bool


def curve(outcomes: Sequence[Outcome], *, total: int | None = None, confidence: float = 0.95) -> list[ThresholdPoint]:
    """Automation and error at every threshold that makes a difference, highest threshold first.

    Parameters
    ----------
    outcomes
        Filings the policy decides (rejected ones are no matter of a threshold).
    total
        What automation is a share of; the number of outcomes unless given.
    confidence
        Of the one-sided Clopper-Pearson upper bound on the error.
    """
    total = total or len(outcomes)
    points: list[ThresholdPoint] = []
    errors = 0
    ordered = sorted(outcomes, key=lambda outcome: -outcome.confidence_index)
    for count, outcome in enumerate(ordered, start=1):
        errors += not outcome.correct
        if count < len(ordered) and ordered[count].confidence_index == outcome.confidence_index:
            continue
        points.append(
            ThresholdPoint(
                threshold=outcome.confidence_index,
                automation=count / total,
                auto_error=errors / count,
                auto_error_upper=clopper_pearson_upper(errors, count, confidence),
            )
        )
    return points


def choose(points: Sequence[ThresholdPoint], *, max_error: float) -> ThresholdPoint:
    """The point of highest automation whose error bound keeps the target.

    Raises
    ------
    TrainingError
        No threshold does: the model or the data do not allow it.
    """
    fitting = [point for point in points if point.auto_error_upper <= max_error]
    if not fitting:
        raise TrainingError(
            f"no threshold keeps the error of the auto lane under {max_error:g}: label more filings"
            " (the bound narrows with their number), train a better model or allow more error"
        )
    return max(fitting, key=lambda point: point.automation)


def thinned(points: Sequence[ThresholdPoint], limit: int = MAX_CURVE_POINTS) -> list[ThresholdPoint]:
    """At most `limit` points, evenly over the curve, both ends kept: what a manifest has room for."""
    if len(points) <= limit:
        return list(points)
    step = (len(points) - 1) / (limit - 1)
    positions = {round(position * step) for position in range(limit)}
    return [points[position] for position in sorted(positions)]
