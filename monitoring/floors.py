"""Noise floors of many signals at any window size, between the sizes they were simulated at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from monitoring.baseline import Baseline
from monitoring.distances import Distance
from monitoring.layout import Floats, Layout
from monitoring.noise_floor import LEAST_FLOOR
from monitoring.reference import Reference


class Floors:
    """Straight lines on logarithmic scales, as `noise_floor.floor_at` draws them, for every signal at once.

    Parameters
    ----------
    sizes
        Filings in a window, rising, shape (k,).
    floors
        Distance -> floors at these sizes, NaN for a signal that has none, shape (k, signals).
    """

    def __init__(self, sizes: Sequence[int], floors: Mapping[Distance, Floats]) -> None:
        self._sizes = np.log(np.asarray(sizes, dtype=np.float64))
        self._floors = {d: np.log(np.maximum(found, LEAST_FLOOR)) for d, found in floors.items()}

    def at(self, totals: Floats) -> dict[Distance, Floats]:
        """Floors of windows with so many observations of each signal, shape (signals,)."""
        place = np.clip(np.log(np.maximum(totals, 1.0)), self._sizes[0], self._sizes[-1])
        if len(self._sizes) == 1:
            return {d: np.exp(known[0]) for d, known in self._floors.items()}
        after = np.clip(np.searchsorted(self._sizes, place), 1, len(self._sizes) - 1)
        low, high = self._sizes[after - 1], self._sizes[after]
        part = (place - low) / (high - low)
        signal = np.arange(len(totals))
        return {
            d: np.exp(known[after - 1, signal] + part * (known[after, signal] - known[after - 1, signal]))
            for d, known in self._floors.items()
        }


def of_baseline(baseline: Baseline) -> Floors | None:
    """Of windows against a baseline; `None` before it is complete."""
    if not baseline.ready:
        return None
    sizes = sorted(baseline.noise)
    found = {d: np.stack([baseline.noise[size][d].floor for size in sizes]) for d in Distance}
    unknown = ~np.all([np.isfinite(floors).all(axis=0) for floors in found.values()], axis=0)
    return Floors(sizes, {d: np.where(unknown, np.nan, floors) for d, floors in found.items()})


def of_training(reference: Reference | None, layout: Layout) -> Floors | None:
    """Of windows against a training reference, as its artefact keeps them; `None` without any."""
    kept = {} if reference is None else reference.floors.get("signals", {})
    if reference is None or not kept:
        return None
    sizes = reference.floors["sizes"]
    none = [np.nan] * len(sizes)
    return Floors(
        sizes, {d: np.array([kept[n][str(d)] if n in kept else none for n in layout.names]).T for d in Distance}
    )
