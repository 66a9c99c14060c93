"""Cells of several signals side by side in one vector, so that numpy counts and compares them at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from schemas.signals import SIGNALS, Signal, SignalKind

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NUMERIC = tuple(signal for signal in SIGNALS if signal.kind is SignalKind.NUMERIC)
"""The signals that have a value beside their bin, in the order of `Observations.values`."""


class Layout:
    """Where each signal's cells stand.

    A row is one vector: the counts of every cell, then for each numeric signal its sum and the sum of
    its squares. Rows add up, whatever the window.

    Parameters
    ----------
    signals
        In the order of the table.
    """

    def __init__(self, signals: Sequence[Signal]) -> None:
        self.signals = tuple(signals)
        self.names = tuple(signal.name for signal in self.signals)
        self.sizes: Ints = np.array([signal.size for signal in self.signals], dtype=np.int64)
        self.starts: Ints = np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.int64)
        self.cells = int(self.sizes.sum())
        self.columns = [SIGNALS.index(signal) for signal in self.signals]
        self.numeric = [signal for signal in self.signals if signal.kind is SignalKind.NUMERIC]
        self.value_columns = [NUMERIC.index(signal) for signal in self.numeric]
        self.width = self.cells + 2 * len(self.numeric)

    @cached_property
    def of_signal(self) -> dict[str, slice]:
        """Where a signal's cells are in a row."""
        return {
            signal.name: slice(int(start), int(start) + signal.size)
            for signal, start in zip(self.signals, self.starts, strict=True)
        }

    @cached_property
    def owner(self) -> Ints:
        """For each cell the position of its signal, shape (cells,)."""
        return np.repeat(np.arange(len(self.signals)), self.sizes)

    def rows(self, cells: npt.NDArray[np.integer], values: Floats, bucket: Ints, buckets: int) -> Floats:
        """Count observations into rows.

        Parameters
        ----------
        cells
            Cell of each observation in each signal of `SIGNALS`, -1 where it has none, shape (n, signals).
        values
            Of the numeric signals, NaN where there is none, shape (n, numeric).
        bucket
            The row each observation belongs to, shape (n,), from 0 to `buckets` - 1.

        Returns
        -------
        Shape (buckets, width).
        """
        own = cells[:, self.columns]
        place = np.where(own >= 0, own + self.starts, self.cells)
        known = np.nan_to_num(values[:, self.value_columns], nan=0.0)
        column = np.broadcast_to(np.arange(known.shape[1]), known.shape)
        if buckets > 1:
            place += (bucket * (self.cells + 1))[:, None]
            column = column + (bucket * known.shape[1])[:, None]
        counts = np.bincount(place.ravel(), minlength=buckets * (self.cells + 1))
        rows = np.zeros((buckets, self.width))
        rows[:, : self.cells] = counts.reshape(buckets, self.cells + 1)[:, :-1]
        for moment, weights in enumerate((known, known**2)):
            sums = np.bincount(column.ravel(), weights=weights.ravel(), minlength=buckets * known.shape[1])
            rows[:, self.cells + moment :: 2] = sums.reshape(buckets, known.shape[1])
        return rows

    def totals(self, rows: Floats) -> Floats:
        """Observations of each signal, shape (..., signals)."""
        found: Floats = np.add.reduceat(rows[..., : self.cells], self.starts, axis=-1)
        return found

    def moments(self, row: Floats, name: str) -> tuple[float, float] | None:
        """Mean and standard deviation of a numeric signal in a row; `None` without a value."""
        position = next(i for i, signal in enumerate(self.numeric) if signal.name == name)
        count = float(row[self.of_signal[name]].sum())
        if count <= 0:
            return None
        total, squares = row[self.cells + 2 * position], row[self.cells + 2 * position + 1]
        mean = float(total) / count
        return mean, max(0.0, float(squares) / count - mean**2) ** 0.5
