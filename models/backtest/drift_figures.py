"""Drift over event time, as the monitor would have shown it."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from schemas.drift import DriftEvent


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class DriftPoint(_Figures):
    """A signal at the end of a day.

    Parameters
    ----------
    distance, floor
        How far the window is from the reference, and how far an undrifted one of its size strays
        (99th percentile).
    """

    day: date
    distance: float
    floor: float
    drifting: bool


class DriftSignal(_Figures):
    """One watched signal over the history."""

    signal: str
    distance: str
    points: tuple[DriftPoint, ...]


class DriftFigures(_Figures):
    """What the monitor would have said.

    Parameters
    ----------
    model_version
        Whose reference the history was held against.
    against
        `baseline`: the history's own beginning, on which alarms are decided; `training`, where the
        history is too short to have one, and no alarm is possible.
    baseline_filings
        How many filings make a baseline.
    events
        Detections and all-clears, in the order of event time.
    """

    model_version: str
    window: str
    against: str
    baseline_filings: int
    signals: tuple[DriftSignal, ...]
    events: tuple[DriftEvent, ...]
