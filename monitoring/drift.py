"""The drift monitor: observations in, events and readings out. No clock, no I/O, no randomness unseeded.

    monitor = DriftMonitor({version: reference.parse(read_reference(folder), model_version=version)},
                           DriftSettings(), measurer=text_measurer, branches=section_and_division)
    monitor.resume(events_read_from_drift_detected)      # so that nothing is published twice
    for batch in consumer:                                # as near to event-time order as the source allows
        observations = monitor.read(from_json(value) for value in batch)
        for event in monitor.observe(observations):
            publish(event)
    monitor.observe_outcomes(outcomes)                    # decisions whose label has come
    for reading in monitor.readings():                    # at each scrape
        export(reading)
    state = monitor.checkpoint()                          # JSON; DriftMonitor(...).restore(state)

Input signals are watched across model versions, what a model puts out by version: a new model learns
a baseline of its own (from its training reference it is told apart at once), and no drift of the
world is announced because a model changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from monitoring.categories import Categories
from monitoring.column_observations import observe_columns
from monitoring.decision_columns import DecisionColumns
from monitoring.drift_settings import DriftSettings
from monitoring.observations import Branches, ObservationReader, Observations, TextMeasurer
from monitoring.oddities import OddFiling
from monitoring.outcomes import Outcomes
from monitoring.panels import Panels
from monitoring.reading import InFull
from monitoring.readings import SignalReading
from monitoring.reference import Reference
from schemas.drift import DriftEvent


class DriftMonitor:
    """Watches every signal of `schemas.signals`.

    Parameters
    ----------
    references
        Model version -> what it was trained on; a version that is not there is compared with its own
        baseline alone.
    settings
        How.
    measurer, branches
        What only a model knows; see `monitoring.observations`.
    categories
        Cells that are given out already, when observations were read elsewhere.
    """

    def __init__(
        self,
        references: Mapping[str, Reference],
        settings: DriftSettings | None = None,
        *,
        measurer: TextMeasurer,
        branches: Branches,
        categories: Categories | None = None,
    ) -> None:
        self.settings = settings or DriftSettings()
        self.categories = categories or Categories(_known(references.values()))
        self._branches = branches
        self._reader = ObservationReader(self.categories, measurer=measurer, branches=branches)
        self._panels = Panels(references, self.settings, self.categories)

    def read(self, decisions: DecisionColumns | Iterable[Mapping[str, Any]]) -> Observations:
        """Decisions as columns, or as parsed JSON objects, of which unreadable ones are counted and left out."""
        if isinstance(decisions, DecisionColumns):
            return observe_columns(decisions, self.categories, self._branches)
        return self._reader.read(decisions)

    def observe(self, observations: Observations) -> list[DriftEvent]:
        """Take decisions in; the detections and all-clears they bring about."""
        return self._panels.observe(observations)

    def observe_outcomes(self, outcomes: Outcomes) -> list[DriftEvent]:
        """Take in which decisions turned out right, as labels come."""
        return self._panels.observe_outcomes(outcomes)

    def readings(self, in_full: InFull | None = None) -> Sequence[SignalReading]:
        """Every signal in every window, against training, baseline and the window before.

        Parameters
        ----------
        in_full
            Which windows and comparisons are wanted with their numbers: of the others only that they
            are there, and the state. All of them by default.
        """
        return self._panels.readings(in_full)

    def add_reference(self, reference: Reference) -> None:
        """Know a further model version, such as one just promoted."""
        self._panels.add_reference(reference)

    def rebase(self, signal: str | None = None) -> list[DriftEvent]:
        """Take the stream as it is now for the new baseline of a signal, or of all: closes their detections."""
        return self._panels.rebase(signal)

    def resume(self, events: Iterable[DriftEvent]) -> None:
        """Take over what was published before a restart, oldest first: none of it is published again."""
        self._panels.resume(events)

    @property
    def standing(self) -> Sequence[DriftEvent]:
        """Detections without an all-clear."""
        return self._panels.standing

    @property
    def counts(self) -> Mapping[str, int]:
        """`filings`, `out_of_order`, `late` (by window), `model_swaps`."""
        return self._panels.counts

    def oddest(self, count: int = 10) -> Sequence[OddFiling]:
        """The oddest of the latest filings that were scored, one in `odd_every`; not part of a checkpoint."""
        return self._panels.oddest(count)

    def checkpoint(self) -> dict[str, Any]:
        """All that it remembers, as one JSON object; goes with the offsets up to which it has observed."""
        return self._panels.checkpoint()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a checkpoint of a monitor with the same settings."""
        self._panels.restore(state)


def _known(references: Iterable[Reference]) -> dict[str, list[str]]:
    """Every category of every reference, so that cells do not depend on which filing came first."""
    known: dict[str, set[str]] = {}
    for reference in references:
        for name, counts in reference.categories.items():
            known.setdefault(name, set()).update(counts)
    return {name: sorted(found) for name, found in known.items()}
