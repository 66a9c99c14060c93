"""Day by day: the review team's work, and the error as it was known then and with hindsight."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import NO_CODE, Bools, Codings, Filings, Floats, Ints, Lanes, Truth
from models.backtest.estimates import Estimate, Sums, of_sums

WINDOW_DAYS = 28
"""Days that an estimate of a day looks back: four weeks, so that each weekday weighs the same.

As many days in a row without a filing are a gap: one filing with the wrong century makes thousands of days.
"""
EPOCH = date(1970, 1, 1)
COUNTS = ("auto", "review", "returned", "audit", "labels")
Positions = npt.NDArray[np.intp]
ESTIMATES = ("auto_error_known", "auto_error_hindsight", "accuracy_known", "accuracy_hindsight")


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
    """What the review team does in a day, audits included; days of a gap are no days of work.

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


class Daily:
    """Counts filings and labels by day.

    Parameters
    ----------
    first_day, days
        Of the history, as in `Filings`.
    window
        Days that an estimate looks back.
    """

    def __init__(self, first_day: int, days: int, window: int = WINDOW_DAYS) -> None:
        self._first_day = first_day
        self._days = days
        self._window = window
        self._counts = {name: np.zeros(days, dtype=np.int64) for name in COUNTS}
        self._sums = {name: Sums(days) for name in ESTIMATES}

    def add(self, filings: Filings, codings: Codings, lanes: Lanes, *, known: Truth, truth: Truth) -> None:
        """Take in filings.

        Parameters
        ----------
        known
            The first label of each filing, as it arrived.
        truth
            The last one: what hindsight holds.
        """
        for name, among in (
            ("auto", lanes.auto),
            ("review", lanes.review),
            ("returned", ~lanes.auto & ~lanes.review),
            ("audit", lanes.audit),
        ):
            np.add.at(self._counts[name], filings.day[among], 1)
        labelled = (known.code != NO_CODE) & self._within(known.arrival)
        np.add.at(self._counts["labels"], known.arrival[labelled], 1)
        then, right = codings.right(known), codings.right(truth)
        self._add("auto_error_known", ~then, known.weight, known.arrival, lanes.auto)
        self._add("auto_error_hindsight", ~right, truth.weight, filings.day, lanes.auto)
        self._add("accuracy_known", then, known.weight, known.arrival)
        self._add("accuracy_hindsight", right, truth.weight, filings.day)

    def _within(self, day: Ints) -> Bools:
        inside: Bools = (day >= 0) & (day < self._days)
        return inside

    def _add(self, name: str, hits: Bools, weight: Floats, day: Ints, among: Bools | None = None) -> None:
        inside = self._within(day) if among is None else self._within(day) & among
        self._sums[name].add(hits, np.where(inside, weight, 0.0), day)

    def figures(self) -> tuple[Day, ...]:
        """Every day on which a filing or a label is within the window, those without anything new too.

        They follow each other but for gaps, in which nothing can be said.
        """
        given = self._given()
        estimates = {name: self._rolling(sums, given) for name, sums in self._sums.items()}
        return tuple(
            Day(
                day=EPOCH + timedelta(days=self._first_day + position),
                **{name: int(values[position]) for name, values in self._counts.items()},
                **{name: values[place] for name, values in estimates.items()},
            )
            for place, position in enumerate(given.tolist())
        )

    def _given(self) -> Positions:
        """Positions of the days that `figures` gives."""
        moved = sum(self._counts[name] for name in ("auto", "review", "returned", "labels"))
        every = np.arange(self._days, dtype=np.int64)
        latest = np.maximum.accumulate(np.where(moved > 0, every, -self._window))
        return np.flatnonzero(every - latest < self._window)

    def _rolling(self, sums: Sums, given: Positions) -> list[Estimate]:
        """Estimates of some days, each from the filings whose day is in the window that ends with it."""
        filled = np.flatnonzero(sums.rows)
        until, since = (np.searchsorted(filled, days, side="right") for days in (given, given - self._window))

        def summed(values: npt.NDArray[Any]) -> Floats:
            total = np.concatenate([np.zeros(1), np.cumsum(values[filled].astype(np.float64))])
            return np.asarray(total[until] - total[since], dtype=np.float64)

        columns = (summed(values) for values in (sums.rows, sums.total, sums.hit, sums.squares))
        return [
            of_sums(rows=round(float(n)), total=float(t), hit=float(h), squares=float(s))
            for n, t, h, s in zip(*columns, strict=True)
        ]


def counted(days: Sequence[Day]) -> tuple[Day, ...]:
    """Days but those of gaps: of `WINDOW_DAYS` days in a row, or more, on which no filing came."""
    numbers = np.asarray([day.day.toordinal() for day in days], dtype=np.int64)
    filed = numbers[[day.auto + day.review + day.returned > 0 for day in days]]
    if not len(filed):
        return tuple(days)
    last = filed[np.searchsorted(filed, numbers, side="right") - 1]
    following = filed[np.minimum(np.searchsorted(filed, numbers), len(filed) - 1)]
    return tuple(day for day, kept in zip(days, following - last <= WINDOW_DAYS, strict=True) if kept)


def uncounted(days: Sequence[Day]) -> int:
    """Days of gaps between the first and the last one."""
    span = (days[-1].day - days[0].day).days + 1 if days else 0
    return span - len(counted(days))


def workload(days: tuple[Day, ...], review_minutes: float) -> Workload:
    """The review team's days in figures: days without a filing are days of no work, gaps are no days.

    Parameters
    ----------
    days
        As `Daily.figures` gives them.
    review_minutes
        Of one filing.
    """
    work = np.asarray([day.review + day.audit for day in counted(days)], dtype=np.float64)
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
