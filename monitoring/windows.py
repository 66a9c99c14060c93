"""Rolling windows over rows of counts: by number of filings and by event time, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.layout import Floats, Ints, Layout


class CountWindow:
    """The last `steps` rows and their sum.

    Parameters
    ----------
    steps
        How many rows; a row counts a fixed number of filings.
    width
        Length of a row.

    Examples
    --------
    >>> window = CountWindow(2, width=1)
    >>> for count in (1.0, 2.0, 4.0):
    ...     window.push(np.array([count]))
    >>> window.total, window.full
    (array([6.]), True)
    """

    def __init__(self, steps: int, width: int) -> None:
        self._ring = np.zeros((steps, width))
        self._next = 0
        self.pushed = 0
        self.total = np.zeros(width)

    @property
    def full(self) -> bool:
        """Whether as many rows as it holds have been pushed."""
        return self.pushed >= len(self._ring)

    @property
    def capacity(self) -> int:
        """Rows it holds."""
        return len(self._ring)

    @property
    def steps(self) -> int:
        """Rows in it now."""
        return min(self.pushed, len(self._ring))

    def push(self, row: Floats) -> None:
        """Add a row; the oldest leaves."""
        self.push_all(row[None, :])

    def push_all(self, rows: Floats) -> Floats:
        """Add rows one after the other; the sum after each, shape (rows, width)."""
        sums = np.empty_like(rows)
        done = 0
        while done < len(rows):
            # Up to the ring's end, where the sum is made anew: counts are exact in float64, sums of
            # values are not, and their errors must not pile up for years.
            part = rows[done : done + len(self._ring) - self._next]
            place = slice(self._next, self._next + len(part))
            sums[done : done + len(part)] = self.total + np.cumsum(part - self._ring[place], axis=0)
            self._ring[place] = part
            done += len(part)
            self.pushed += len(part)
            self._next = place.stop % len(self._ring)
            self.total = self._ring.sum(axis=0) if self._next == 0 else sums[done - 1].copy()
        return sums

    def begin_at(self, pushed: int) -> None:
        """Count from here: the next row goes where it would have gone."""
        self.pushed = pushed
        self._next = pushed % len(self._ring)

    def rows(self) -> Floats:
        """The rows in it, oldest first."""
        kept = np.roll(self._ring, -self._next, axis=0)
        return kept[len(kept) - self.steps :]


class TimeWindow:
    """The filings of the last `seconds` of event time, in slots.

    The clock is the latest event time seen, so that a replayed history moves through the window as it
    once moved. What comes later than the window is long is counted and left out; what is out of order
    but within goes to its slot.

    Parameters
    ----------
    seconds
        Length.
    slots
        Parts it is kept in; the oldest part leaves as a whole, so the window covers between
        `seconds` less one part and `seconds`.
    """

    def __init__(self, seconds: float, layout: Layout, *, slots: int = 60) -> None:
        self._layout = layout
        self.seconds = seconds
        self._length = seconds / slots
        self._ring = np.zeros((slots, layout.width))
        self._filings = np.zeros(slots, dtype=np.int64)
        self._slot: Ints = np.full(slots, -1, dtype=np.int64)
        self._latest = -1
        self.late = 0

    def add(self, cells: npt.NDArray[np.integer], values: Floats, times: Floats) -> None:
        """Add filings, in any order."""
        if len(times) == 0:
            return
        slots = (times // self._length).astype(np.int64)
        self._advance(int(slots.max()))
        timely = slots > self._latest - len(self._ring)
        self.late += int((~timely).sum())
        if not timely.any():
            return
        if not timely.all():
            cells, values, slots = cells[timely], values[timely], slots[timely]
        if slots[0] == slots[-1] and (slots == slots[0]).all():
            touched, bucket = slots[:1], np.zeros(len(slots), dtype=np.int64)
        else:
            touched, bucket = np.unique(slots, return_inverse=True)
        place = touched % len(self._ring)
        self._ring[place] += self._layout.rows(cells, values, bucket, len(touched))
        self._filings[place] += np.bincount(bucket, minlength=len(touched))

    def _advance(self, latest: int) -> None:
        if latest <= self._latest:
            return
        for slot in range(max(self._latest + 1, latest - len(self._ring) + 1), latest + 1):
            place = slot % len(self._ring)
            self._ring[place] = 0.0
            self._filings[place] = 0
            self._slot[place] = slot
        self._latest = latest

    @property
    def total(self) -> Floats:
        """Sum of the rows in the window."""
        found: Floats = self._ring.sum(axis=0)
        return found

    @property
    def filings(self) -> int:
        """Filings in the window."""
        return int(self._filings.sum())

    def state(self) -> dict[str, Any]:
        """What it holds, for a checkpoint."""
        kept = np.flatnonzero(self._filings)
        return {
            "latest": self._latest,
            "late": self.late,
            "slots": [[int(self._slot[i]), int(self._filings[i]), sparse(self._ring[i])] for i in kept],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what a checkpoint holds."""
        self._advance(int(state["latest"]))
        self.late = int(state["late"])
        for slot, filings, row in state["slots"]:
            place = slot % len(self._ring)
            self._ring[place] = dense(row, self._layout.width)
            self._filings[place] = filings


def sparse(row: Floats) -> list[list[float]]:
    """Places and values of what is not zero: rows of short steps are mostly empty."""
    kept = np.flatnonzero(row)
    return [kept.tolist(), row[kept].tolist()]


def dense(pairs: Iterable[list[float]], width: int) -> Floats:
    """The row that `sparse` wrote."""
    places, values = pairs
    row = np.zeros(width)
    row[np.asarray(places, dtype=np.int64)] = values
    return row
