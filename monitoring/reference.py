"""What a model was trained on, as `reference.json` of its artefact says it: counts of every signal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitoring.categories import Categories
from monitoring.errors import UnreadableReference
from monitoring.layout import Floats, Layout
from schemas.signals import SIGNALS, SignalKind

FORMAT = 2
"""Of `reference.json`; format 1 had no floors and fewer signals."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The distributions of the filings kept aside from a model's training.

    Parameters
    ----------
    model_version
        The model's.
    filings
        How many were kept aside: the sampling noise of the reference itself.
    categories
        Signal -> category -> count, of the categorical signals.
    bins
        Signal -> count of each bin, of the numeric signals.
    moments
        Signal -> sum and sum of squares of its values.
    floors
        As written at training; see `monitoring.noise_floor.floors`.
    """

    model_version: str
    filings: int
    categories: Mapping[str, Mapping[str, float]]
    bins: Mapping[str, tuple[float, ...]]
    moments: Mapping[str, tuple[float, float]]
    floors: Mapping[str, Any] = field(default_factory=dict)

    def row(self, layout: Layout, categories: Categories) -> Floats:
        """The counts as a row of a layout."""
        row = np.zeros(layout.width)
        for signal in layout.signals:
            part = row[layout.of_signal[signal.name]]
            if signal.kind is SignalKind.NUMERIC:
                part[:] = self.bins.get(signal.name, (0.0,) * signal.size)
                continue
            for category, count in self.categories.get(signal.name, {}).items():
                part[categories.cell(signal.name, category)] += count
        for place, signal in enumerate(layout.numeric):
            row[layout.cells + 2 * place : layout.cells + 2 * place + 2] = self.moments.get(signal.name, (0.0, 0.0))
        return row


def parse(content: Mapping[str, Any], *, model_version: str) -> Reference:
    """Read the content of `reference.json`.

    Raises
    ------
    UnreadableReference
        Written by another version, or with other bins than this version's.
    """
    if content.get("format") != FORMAT:
        raise UnreadableReference(
            f"{model_version}: reference.json has format {content.get('format', 1)}, the monitor reads {FORMAT};"
            " train the model again"
        )
    known = {signal.name: signal for signal in SIGNALS}
    categories: dict[str, Mapping[str, float]] = {}
    bins: dict[str, tuple[float, ...]] = {}
    moments: dict[str, tuple[float, float]] = {}
    for name, said in content["signals"].items():
        signal = known.get(name)
        if signal is None:
            continue
        if signal.kind is SignalKind.CATEGORICAL:
            categories[name] = dict(sorted(said["categories"].items()))
            continue
        if list(said["edges"]) != list(signal.edges):
            raise UnreadableReference(f"{model_version}: {name} has other bins than this version; train it again")
        bins[name] = tuple(said["bins"])
        moments[name] = (float(said["sum"]), float(said["sum_squares"]))
    return Reference(model_version, int(content["rows"]), categories, bins, moments, content.get("floors", {}))
