"""What the windows hold: shares of sections and routes, the confidence histogram, across model versions.

The distances say how far something moved; these say what is there, for the panels that a person reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitoring.categories import Categories
from monitoring.layout import Floats, Layout
from monitoring.observations import Observations
from monitoring.reference import Reference
from monitoring.windows import TimeWindow
from schemas.signals import CONFIDENCE, MISSING, OTHER, ROUTE, SECTION, Signal

SLOTS = 60
LOWER_EDGES = (0.0, *CONFIDENCE.edges)
"""Of the confidence histogram's bins; a threshold at one of them can be counted exactly."""


class Mix:
    """Counts of section, route and confidence in windows of event time.

    Parameters
    ----------
    spans
        Lengths of the windows, seconds.
    categories
        The drift monitor's: which cell is which category.
    """

    def __init__(self, spans: Sequence[float], categories: Categories) -> None:
        self._layout = Layout((SECTION, ROUTE, CONFIDENCE))
        self._categories = categories
        self._windows = {f"{span:g}_seconds": TimeWindow(span, self._layout, slots=SLOTS) for span in spans}

    def observe(self, observations: Observations) -> None:
        """Take decisions in."""
        for window in self._windows.values():
            window.add(observations.cells, observations.values, observations.times)

    def filings(self) -> dict[str, int]:
        """Decisions in each window."""
        return {name: window.filings for name, window in self._windows.items()}

    def shares(self, signal: Signal) -> dict[tuple[str, str], float]:
        """(category, window) -> its share, of `SECTION` or `ROUTE`."""
        found: dict[tuple[str, str], float] = {}
        for name, window in self._windows.items():
            counts = self._counts(window, signal)
            for category, cell in self._categories.table(signal.name).items():
                if category not in (MISSING, OTHER) and counts[cell] > 0:
                    found[category, name] = float(counts[cell] / counts.sum())
        return found

    def confidence(self) -> dict[tuple[str, str], float]:
        """(lower edge, window) -> share of the decisions that have a confidence index."""
        found: dict[tuple[str, str], float] = {}
        for name, window in self._windows.items():
            counts = self._counts(window, CONFIDENCE)
            if counts.sum() > 0:
                found |= {
                    (edge_name(e), name): float(c / counts.sum()) for e, c in zip(LOWER_EDGES, counts, strict=True)
                }
        return found

    def auto_at(self) -> dict[tuple[str, str], float]:
        """(threshold, window) -> share of all decisions whose confidence index reaches the threshold."""
        found: dict[tuple[str, str], float] = {}
        for name, window in self._windows.items():
            filings = window.filings
            reaching = self._counts(window, CONFIDENCE)[::-1].cumsum()[::-1]
            if filings:
                found |= {(edge_name(e), name): float(c / filings) for e, c in zip(LOWER_EDGES, reaching, strict=True)}
        return found

    def _counts(self, window: TimeWindow, signal: Signal) -> Floats:
        return window.total[self._layout.of_signal[signal.name]]

    def checkpoint(self) -> list[dict[str, Any]]:
        """All that it remembers, as JSON."""
        return [window.state() for window in self._windows.values()]

    def restore(self, state: Iterable[dict[str, Any]]) -> None:
        """Take over a checkpoint with the same spans."""
        for window, kept in zip(self._windows.values(), state, strict=True):
            window.restore(kept)


def edge_name(edge: float) -> str:
    """An edge as a label's value.

    >>> edge_name(0.15000000000000002)
    '0.15'
    """
    return f"{edge:.2f}"


def reference_sections(reference: Reference) -> dict[str, float]:
    """Section -> its share in training."""
    return _shares(reference.categories.get(SECTION.name, {}))


def reference_confidence(reference: Reference) -> dict[str, float]:
    """Lower edge -> share in training."""
    counts = reference.bins.get(CONFIDENCE.name, ())
    return _shares({edge_name(edge): count for edge, count in zip(LOWER_EDGES, counts, strict=False)})


def _shares(counts: Mapping[str, float]) -> dict[str, float]:
    known = {name: count for name, count in counts.items() if name not in (MISSING, OTHER)}
    total = sum(known.values())
    return {name: count / total for name, count in known.items()} if total else {}
