"""Drift over event time: the monitor's own code over the decisions of a finished run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

import numpy as np

from models.backtest.columns import NO_CODE
from models.backtest.days import EPOCH
from models.backtest.drift_figures import DriftFigures, DriftPoint, DriftSignal
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DriftSettings
from monitoring.outcomes import Outcome
from monitoring.readings import Against, SignalReading, SignalState
from schemas.drift import DriftEvent
from schemas.signals import SIGNALS
from stream.monitor.text_measures import CachedTextMeasurer
from stream.monitor.watched import WatchedModels
from stream.replay.drift_columns import COLUMNS, decisions_of
from stream.replay.event_time import by_day
from stream.replay.history import History
from stream.replay.rows import Rows

Readings = dict[tuple[str, Against], list[DriftPoint]]


def drift_of(
    history: History,
    model: Path,
    *,
    settings: DriftSettings | None = None,
    done: Callable[[int], None] = lambda filings: None,
) -> DriftFigures:
    """What the monitor would have said while the first model decided under the first policy.

    Filings are taken in the order of their event time, labels on the evening they arrived.

    Parameters
    ----------
    model
        Directory of the first model, for its reference and its words.
    done
        Called with the number of filings observed since the last call.
    """
    settings = settings or DriftSettings()
    watched = WatchedModels(model)
    measurer = CachedTextMeasurer(watched.by_version)
    monitor = DriftMonitor(watched.references, settings, measurer=measurer, branches=watched.branches)
    rows = Rows(history.run, COLUMNS)
    outcomes = _Outcomes(history)
    events: list[DriftEvent] = []
    found: Readings = {}
    # One filing with the wrong century makes thousands of empty days: nothing moves on those.
    for day, filings in by_day(history.run, outcomes.days):
        for decisions in decisions_of(rows, filings, measurer.measure):
            events += monitor.observe(monitor.read(decisions))
            done(len(decisions))
        events += monitor.observe_outcomes(outcomes.of(day))
        _note(found, monitor.readings(), day + history.setting.first_day, settings)
    return _figures(found, events, history.setting.models[0], settings)


class _Outcomes:
    """Which first codes turned out right, by the day on which the first label arrived: 6 bytes a labelled filing."""

    def __init__(self, history: History) -> None:
        self._setting = history.setting
        arrivals, rights = [np.zeros(0, dtype=np.int32)], [np.zeros((0, 2), dtype=np.bool_)]
        for part in history if history.joined is not None else ():
            labelled = np.flatnonzero(part.known.code != NO_CODE)
            true, given = part.known.code[labelled], part.codings[0].code[labelled]
            sections = (self._setting.branches.at(1, code) for code in (true, given))
            arrivals.append(part.known.arrival[labelled])
            rights.append(np.stack([true == given, np.equal(*sections)], axis=1))
        arrival = np.concatenate(arrivals)
        order = np.argsort(arrival, kind="stable")
        self._arrival, self._right = arrival[order], np.concatenate(rights)[order]

    @property
    def days(self) -> list[int]:
        """Of the history, those on which labels arrived."""
        days: list[int] = np.unique(self._arrival).tolist()
        return [day for day in days if 0 <= day < self._setting.days]

    def of(self, day: int) -> list[Outcome]:
        """Those of a day of the history."""
        own = slice(*np.searchsorted(self._arrival, [day, day + 1]).tolist())
        sections = len(self._setting.level_names) > 1
        return [
            Outcome(
                time=float(day + self._setting.first_day) * 86_400.0,
                model_version=self._setting.models[0],
                code_right=code,
                section_right=section if sections else None,
            )
            for code, section in self._right[own].tolist()
        ]


def _note(found: Readings, readings: Iterable[SignalReading], day: int, settings: DriftSettings) -> None:
    alarming = {signal.name for signal in SIGNALS if signal.alarms}
    kept: list[SignalReading] = [
        reading
        for reading in readings
        if reading.signal in alarming
        and reading.window == f"{max(settings.windows)}_filings"
        and reading.against != Against.PREVIOUS
    ]
    for reading in kept:
        for distance in reading.distances:
            if distance is settings.distance and distance in reading.floors:
                found.setdefault((reading.signal, reading.against), []).append(
                    DriftPoint(
                        day=EPOCH + timedelta(days=day),
                        distance=reading.distances[distance],
                        floor=reading.floors[distance],
                        drifting=reading.state is SignalState.DRIFTED,
                    )
                )


def _figures(found: Readings, events: list[DriftEvent], version: str, settings: DriftSettings) -> DriftFigures:
    # A baseline is what alarms are decided on; a history too short for one has the training alone.
    against = Against.BASELINE if any(kind == Against.BASELINE for _, kind in found) else Against.TRAINING
    return DriftFigures(
        model_version=version,
        window=f"{max(settings.windows)}",
        against=against.value,
        baseline_filings=settings.baseline_filings,
        signals=tuple(
            DriftSignal(signal=signal, distance=settings.distance.value, points=tuple(points))
            for (signal, kind), points in sorted(found.items())
            if kind == against
        ),
        events=tuple(events),
    )
