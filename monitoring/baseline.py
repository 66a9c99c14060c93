"""The stream's own distribution when a model came, and how far windows stray from it by chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitoring.distances import SQUARED, Distance, measured, shares
from monitoring.layout import Floats, Layout
from monitoring.noise_floor import Noise, simulate
from monitoring.windows import dense, sparse

SEED = 7


class Baseline:
    """Learnt from the first filings; from then on fixed until it is made anew.

    Parameters
    ----------
    filings
        How many make it.
    sizes
        Filings in the step and in each window: noise is known at these.
    """

    def __init__(self, layout: Layout, *, filings: int, sizes: Sequence[int]) -> None:
        self._layout = layout
        self._wanted = filings
        self._sizes = tuple(sizes)
        self.row = np.zeros(layout.width)
        self.filings = 0
        self._roots = np.zeros(layout.cells)
        self.noise: dict[int, dict[Distance, Noise]] = {}

    @property
    def ready(self) -> bool:
        """Whether it is complete."""
        return bool(self.noise)

    @property
    def counts(self) -> Floats:
        """Its cells."""
        return self.row[: self._layout.cells]

    def learn(self, row: Floats, filings: int) -> None:
        """Add a step."""
        self.row = self.row + row
        self.filings += filings
        if self.filings >= self._wanted:
            self._measure_noise()

    def replace(self, row: Floats, filings: int, cells: slice | None = None) -> None:
        """Take a window for the baseline: all of it, or one signal's cells."""
        if cells is None:
            self.row = row.copy()
            self.filings = filings
        else:
            scale = max(1, self.filings) / max(1, filings)
            self.row[cells] = np.round(row[cells] * min(1.0, scale))
        self._measure_noise()

    def _measure_noise(self) -> None:
        totals = self._layout.totals(self.row)
        self._roots = np.sqrt(shares(self.counts, self._layout.starts))
        reference = totals.astype(np.int64)
        self.noise = {
            size: simulate(
                self.counts,
                self._layout.starts,
                window=np.maximum(1, np.round(totals / max(1, self.filings) * size)).astype(np.int64),
                reference=reference,
                seed=SEED + size,
            )
            for size in self._sizes
        }

    def strayed(self, rows: Floats, distance: Distance) -> Floats:
        """Distance of rows from the baseline, shape (..., signals)."""
        cells = rows[..., : self._layout.cells]
        if distance is not Distance.HELLINGER:
            return measured(distance, cells, self.counts, self._layout.starts)
        # The same as `measured`, several times faster: the baseline's roots are taken once.
        overlap = np.add.reduceat(np.sqrt(cells) * self._roots, self._layout.starts, axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            overlap /= np.sqrt(np.add.reduceat(cells, self._layout.starts, axis=-1))
        found: Floats = np.sqrt(np.maximum(1.0 - overlap, 0.0))
        return found

    def deviations(self, rows: Floats, distance: Distance, size: int) -> Floats:
        """The same in standard deviations of a row of that many filings without drift."""
        found = self.strayed(rows, distance)
        noise = self.noise[size][distance]
        with np.errstate(invalid="ignore", divide="ignore"):
            standing: Floats = ((found**2 if distance in SQUARED else found) - noise.mean) / noise.spread
        return standing

    def state(self) -> dict[str, Any]:
        """For a checkpoint; the noise is simulated again from the same seed."""
        return {"filings": self.filings, "ready": self.ready, "row": sparse(self.row)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """From a checkpoint."""
        self.row = dense(state["row"], self._layout.width)
        self.filings = int(state["filings"])
        if state["ready"]:
            self._measure_noise()
