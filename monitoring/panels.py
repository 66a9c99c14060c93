"""Which panel watches what: inputs across model versions, outputs and errors by version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from monitoring.categories import Categories
from monitoring.drift_settings import DriftSettings
from monitoring.observations import Observations, Versions
from monitoring.oddities import OddFiling, Oddities
from monitoring.outcomes import Outcomes, columns
from monitoring.panel import Panel
from monitoring.reading import InFull, panel_readings
from monitoring.readings import SignalReading
from monitoring.reference import Reference
from schemas.drift import DriftEvent
from schemas.signals import SignalGroup, of_group

_INPUTS = of_group(SignalGroup.INPUT, SignalGroup.SERVICE)
_MODEL = of_group(SignalGroup.MODEL)
_POLICY = of_group(SignalGroup.POLICY)
_LABELS = of_group(SignalGroup.LABEL)

DISORDER_SECONDS = 60.0
"""Partitions and workers bring what was received in one second in any order, and a window's slot is no shorter."""


class Panels:
    """The panels of a monitor; outputs of a version that is no longer among the latest are forgotten."""

    def __init__(self, references: Mapping[str, Reference], settings: DriftSettings, categories: Categories) -> None:
        self._references = dict(references)
        self._settings = settings
        self._label_settings = for_labels(settings)
        self._categories = categories
        self._inputs = self._panel(_INPUTS, settings, "")
        self._outputs: dict[str, Panel] = {}
        self._policies: dict[Versions, Panel] = {}
        self._labels: dict[str, Panel] = {}
        self._oddities = Oddities(settings.odd_every)
        self._resumed: tuple[DriftEvent, ...] = ()
        self._latest = -np.inf
        self._counts = {"filings": 0, "unreadable": 0, "out_of_order": 0, "model_swaps": 0}
        self.model_version = ""

    def _panel(self, signals: Sequence[Any], settings: DriftSettings, version: str) -> Panel:
        return Panel(signals, settings, self._categories, model_version=version)

    def _all(self) -> Iterator[Panel]:
        yield self._inputs
        yield from self._outputs.values()
        yield from self._policies.values()
        yield from self._labels.values()

    def observe(self, observations: Observations) -> list[DriftEvent]:
        """See `DriftMonitor.observe`."""
        self._counts["unreadable"] += observations.unreadable
        if len(observations) == 0:
            return []
        self._count(observations)
        parts = list(_by_version(observations))
        self._enter(parts[-1][0][0])
        events = self._inputs.observe(observations.cells, observations.values, observations.times)
        for (model, _), part in _by_version(_policies_apart(observations)):
            outputs = self._of(self._outputs, model, _MODEL, self._settings, model)
            events += outputs.observe(part.cells, part.values, part.times)
        for (model, policy), part in parts:
            routes = self._of(self._policies, (model, policy), _POLICY, self._settings, model)
            events += routes.observe(part.cells, part.values, part.times)
        if not self._oddities.begun and self._inputs.baseline.ready:
            ready = [panel for panel in (self._inputs, *self._outputs.values()) if panel.baseline.ready]
            self._oddities.begin([(panel.layout, panel.baseline.row) for panel in ready])
        self._oddities.observe(observations)
        return sorted(events, key=_when)

    def oddest(self, count: int) -> list[OddFiling]:
        """See `DriftMonitor.oddest`."""
        return self._oddities.oddest(count)

    def observe_outcomes(self, outcomes: Outcomes) -> list[DriftEvent]:
        """See `DriftMonitor.observe_outcomes`."""
        if not outcomes:
            return []
        events: list[DriftEvent] = []
        for (model, _), part in _by_version(columns(outcomes, self._categories)):
            panel = self._of(self._labels, model, _LABELS, self._label_settings, model)
            events += panel.observe(part.cells, part.values, part.times)
        return sorted(events, key=_when)

    def _count(self, observations: Observations) -> None:
        self._counts["filings"] += len(observations)
        before = np.maximum.accumulate(np.concatenate([[self._latest], observations.times]))
        self._counts["out_of_order"] += int((observations.times < before[:-1] - DISORDER_SECONDS).sum())
        self._latest = float(before[-1])

    def _enter(self, model: str) -> None:
        if model == self.model_version:
            return
        self._counts["model_swaps"] += bool(self.model_version)
        self.model_version = model
        self._inputs.model_version = model

    def _of(
        self, panels: dict[Any, Panel], key: Any, signals: Sequence[Any], settings: DriftSettings, version: str
    ) -> Panel:
        panel = panels.pop(key, None)
        if panel is None:
            panel = self._panel(signals, settings, version)
            panel.resume(self._resumed)
        panels[key] = panel
        while len(panels) > self._settings.versions:
            panels.pop(next(iter(panels)))
        return panel

    def readings(self, in_full: InFull | None = None) -> list[SignalReading]:
        """See `DriftMonitor.readings`."""
        found: list[SignalReading] = []
        for panel in self._all():
            found += panel_readings(panel, self._references.get(panel.model_version), in_full)
        return found

    def add_reference(self, reference: Reference) -> None:
        """See `DriftMonitor.add_reference`."""
        self._references[reference.model_version] = reference

    def rebase(self, signal: str | None) -> list[DriftEvent]:
        """See `DriftMonitor.rebase`."""
        chosen = [panel for panel in self._all() if signal is None or signal in panel.layout.names]
        return [event for panel in chosen for event in panel.rebase(signal, self._latest)]

    def resume(self, events: Any) -> None:
        """See `DriftMonitor.resume`."""
        self._resumed = tuple(events)
        for panel in self._all():
            panel.resume(self._resumed)

    @property
    def standing(self) -> list[DriftEvent]:
        """See `DriftMonitor.standing`."""
        return [event for panel in self._all() for event in panel.events.values()]

    @property
    def counts(self) -> dict[str, int]:
        """See `DriftMonitor.counts`."""
        late = {f"late_{span.seconds:g}_seconds": span.late for span in self._inputs.spans}
        return {**self._counts, **late}

    def checkpoint(self) -> dict[str, Any]:
        """See `DriftMonitor.checkpoint`."""
        return {
            "categories": self._categories.known(),
            "counts": self._counts,
            "latest": self._latest if np.isfinite(self._latest) else None,
            "model_version": self.model_version,
            "inputs": self._inputs.checkpoint(),
            "outputs": [[key, panel.checkpoint()] for key, panel in self._outputs.items()],
            "policies": [[list(key), panel.checkpoint()] for key, panel in self._policies.items()],
            "labels": [[key, panel.checkpoint()] for key, panel in self._labels.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """See `DriftMonitor.restore`."""
        for name, known in state["categories"].items():
            for category in known:
                self._categories.cell(name, category)
        self._counts.update(state["counts"])
        self._latest = -np.inf if state["latest"] is None else float(state["latest"])
        self.model_version = self._inputs.model_version = state["model_version"]
        self._inputs.restore(state["inputs"])
        for key, kept in state["outputs"]:
            self._of(self._outputs, key, _MODEL, self._settings, key).restore(kept)
        for (model, policy), kept in state["policies"]:
            self._of(self._policies, (model, policy), _POLICY, self._settings, model).restore(kept)
        for key, kept in state["labels"]:
            self._of(self._labels, key, _LABELS, self._label_settings, key).restore(kept)


def for_labels(settings: DriftSettings) -> DriftSettings:
    """Labels are few: shorter steps, windows and baseline than for filings."""
    return replace(settings, step=20, windows=(300, 1_000), baseline_filings=2_000)


def _when(event: DriftEvent) -> datetime:
    """Panels are asked one after the other; what they say goes out in the order of time."""
    return event.detected_at


def _policies_apart(observations: Observations) -> Observations:
    """The same with model versions alone: policies must not part, and so reorder, what one model put out."""
    models = list(dict.fromkeys(model for model, _ in observations.versions))
    model_of = np.array([models.index(model) for model, _ in observations.versions], dtype=np.int64)
    return replace(
        observations,
        version_of=model_of[observations.version_of],
        versions=tuple((model, "") for model in models),
    )


def _by_version(observations: Observations) -> Iterator[tuple[Versions, Observations]]:
    if len(observations.versions) == 1:
        yield observations.versions[0], observations
        return
    last = {int(version): place for place, version in enumerate(observations.version_of)}
    for version in sorted(last, key=lambda version: last[version]):
        yield observations.versions[version], observations.where(observations.version_of == version)
