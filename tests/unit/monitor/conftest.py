"""A whole engine over real references, without Kafka."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.nomenclature import load
from monitoring.accuracy import AccuracyWindows
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DriftSettings
from monitoring.mix import Mix
from stream.monitor.copies import Copies
from stream.monitor.engine import Engine, Spans
from stream.monitor.join import Join
from stream.monitor.reading import WATCHED, Reader
from stream.monitor.text_measures import CachedTextMeasurer
from stream.monitor.watched import WatchedModel, WatchedModels, open_watched

SETTINGS = DriftSettings(windows=(100, 200), baseline_filings=400)
HOURS = (24, 720)
MakeEngine = Callable[[Path | None], Engine]


class TwoModels(WatchedModels):
    """The small model under two versions, as if it had been trained twice; nothing else is looked for."""

    def __init__(self, model: WatchedModel) -> None:
        assert model.reference is not None
        self.default_threshold = model.default_threshold
        self._more, self._seen, self._branches = (), set(), {}
        self._nomenclatures = {"naf-rev2": load("naf-rev2")}
        self.by_version = {}
        for version in ("model-a", "model-b"):
            reference = replace(model.reference, model_version=version)
            self._know(replace(model, version=version, reference=reference))


@pytest.fixture(scope="session")
def watched(small_model: Path) -> WatchedModel:
    """What the monitor needs of the small model."""
    return open_watched(small_model)


@pytest.fixture
def make_engine(watched: WatchedModel) -> MakeEngine:
    """Makes an engine on a state file, resumed from it."""

    def make(path: Path | None) -> Engine:
        models = TwoModels(watched)
        measurer = CachedTextMeasurer(models.by_version)
        drift = DriftMonitor(models.references, SETTINGS, measurer=measurer, branches=models.branches)
        copies = Copies()
        engine = Engine(
            drift=drift,
            mix=Mix(SETTINGS.spans_seconds, drift.categories),
            accuracy=AccuracyWindows(max(HOURS)),
            join=Join(path, models.path_of),
            models=models,
            reader=Reader({name: name for name in WATCHED}, copies, models.path_of, measurer.measure),
            copies=copies,
            spans=Spans(HOURS, 2_160),
        )
        engine.resume([])
        return engine

    return make
