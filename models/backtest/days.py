"""Day by day: the review team's work, and the error as it was known then and with hindsight."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import NO_CODE, Bools, Codings, Filings, Floats, Ints, Lanes, Truth
from models.backtest.estimates import Estimate, of_sums

WINDOW_DAYS = 28
"""Days that an estimate of a day looks back: four weeks, so that each weekday weighs the same."""
EPOCH = date(1970, 1, 1)


class Day(BaseModel):
    """One day, in UTC.

    Parameters
    ----------
    auto, review, returned, audit
        Filings of that day by route; audit is a sample of auto.
    labels
        Labels that arrived on it.
    auto_error_known
        Share of wrong codes in the auto lane as it could be estimated that evening: from the labels
        that arrived in the `WINDOW_DAYS` days up to then.
    auto_error_hindsight
        The same for the filings received in those days, with every label that ever came.
    accuracy_known, accuracy_hindsight
        Share of right first codes, likewise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    auto: int = Field(ge=0)
    review: int = Field(ge=0)
    returned: int = Field(ge=0)
    audit: int = Field(ge=0)
    labels: int = Field(ge=0)
    auto_error_known: Estimate
    auto_error_hindsight: Estimate
    accuracy_known: Estimate
    accuracy_hindsight: Estimate


class Workload(BaseModel):
    """What the review team does in a day, audits included.

    Parameters
    ----------
    mean, median, busy, most
        Filings a day; `busy` is the 95th percentile.
    hours_mean, hours_busy
        The same in hours of work.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    median: float
    busy: float
    most: int
    hours_mean: float
    hours_busy: float


def daily(
    filings: Filings,
    codings: Codings,
    lanes: Lanes,
    *,
    known: Truth,
    truth: Truth,
    window: int = WINDOW_DAYS,
) -> tuple[Day, ...]:
    """Every day of the history, the empty ones too.

    Parameters
    ----------
    known
        The first label of each filing, as it arrived.
    truth
        The last one: what hindsight holds.
    """
    counts = {
        "auto": _by_day(filings, filings.day[lanes.auto]),
        "review": _by_day(filings, filings.day[lanes.review]),
        "returned": _by_day(filings, filings.day[~lanes.auto & ~lanes.review]),
        "audit": _by_day(filings, filings.day[lanes.audit]),
        "labels": _by_day(filings, known.arrival[known.code != NO_CODE]),
    }
    right_then, right = codings.right(known), codings.right(truth)
    estimates = {
        "auto_error_known": _rolling(filings, known.arrival, known.weight, ~right_then, lanes.auto, window),
        "auto_error_hindsight": _rolling(filings, filings.day, truth.weight, ~right, lanes.auto, window),
        "accuracy_known": _rolling(filings, known.arrival, known.weight, right_then, known.counts, window),
        "accuracy_hindsight": _rolling(filings, filings.day, truth.weight, right, truth.counts, window),
    }
    return tuple(
        Day(
            day=EPOCH + timedelta(days=filings.first_day + position),
            **{name: int(values[position]) for name, values in counts.items()},
            **{name: values[position] for name, values in estimates.items()},
        )
        for position in range(filings.days)
    )


def workload(days: tuple[Day, ...], review_minutes: float) -> Workload:
    """The review team's days in figures.

    Parameters
    ----------
    review_minutes
        Of one filing.
    """
    work = np.asarray([day.review + day.audit for day in days], dtype=np.float64)
    if not len(work):
        work = np.zeros(1)
    busy = float(np.quantile(work, 0.95))
    return Workload(
        mean=float(work.mean()),
        median=float(np.median(work)),
        busy=busy,
        most=int(work.max()),
        hours_mean=float(work.mean()) * review_minutes / 60,
        hours_busy=busy * review_minutes / 60,
    )


def _by_day(filings: Filings, days: Ints) -> npt.NDArray[np.int64]:
    inside = days[(days >= 0) & (days < filings.days)]
    return np.bincount(inside, minlength=filings.days)


def _rolling(filings: Filings, day: Ints, weight: Floats, hits: Bools, among: Bools, window: int) -> list[Estimate]:
    """Estimate of each day from the filings whose `day` is in the window that ends with it."""
    kept = among & (weight > 0.0) & (day >= 0) & (day < filings.days)
    where, weight, hits = day[kept], weight[kept], hits[kept]

    def summed(values: Floats | None) -> Floats:
        total = np.cumsum(np.bincount(where, weights=values, minlength=filings.days).astype(np.float64))
        before = np.concatenate([np.zeros(window), total])[: filings.days]
        return np.asarray(total - before, dtype=np.float64)

    rows, total, hit, squares = summed(None), summed(weight), summed(weight * hits), summed(weight * weight)
    return [
        of_sums(rows=round(float(n)), total=float(t), hit=float(h), squares=float(s))
        for n, t, h, s in zip(rows, total, hit, squares, strict=True)
    ]
