"""Filings in the order of event time, one day at a time, from files that are in the order of arrival."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from stream.replay.judged import DAY_MICROS, Micros, Run

FILES = 64
"""Files whose times are held, 1 MB each: those of a day, one or two a partition."""
Positions = npt.NDArray[np.int64]


def by_day(run: Run, more: Iterable[int] = ()) -> Iterator[tuple[int, Positions]]:
    """Days of a history, numbered from 0, and their filings: by event time, then by position.

    Parameters
    ----------
    more
        Days wanted though no filing may have come on them; the others are those with filings.
    """
    span = run.span

    @lru_cache(maxsize=FILES)
    def sorted_times(number: int) -> tuple[Micros, Positions]:
        received = run.received_at(run.read(number, ["received_at"]))
        order = np.argsort(received, kind="stable")
        return received[order], order + span.starts[number]

    for day in sorted({*(span.filed_days - span.first_day).tolist(), *more}):
        bounds = (np.array([0, 1]) + span.first_day + day) * DAY_MICROS
        pieces = []
        for number in span.files_of(span.first_day + day, span.first_day + day):
            received, places = sorted_times(number)
            first, last = np.searchsorted(received, bounds)
            pieces.append((received[first:last], places[first:last]))
        if not pieces:
            yield day, np.zeros(0, dtype=np.int64)
            continue
        received, places = (np.concatenate(column) for column in zip(*pieces, strict=True))
        yield day, places[np.argsort(received, kind="stable")]
