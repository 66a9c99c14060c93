"""What a detection or an all-clear says: since when, how far, how improbable, where."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from monitoring.contributions import cell_names, contributions
from monitoring.layout import Floats
from schemas.drift import DriftEvent, DriftState
from schemas.signals import SignalKind

if TYPE_CHECKING:
    from monitoring.panel import Panel

SLACK = 1.0
"""Standard deviations that a step may stray before it counts for the beginning of a drift."""


def detection(panel: Panel, place: int, size: int, window: Floats, at: float) -> DriftEvent:
    """The event of a signal that has just been found to have drifted."""
    return _event(panel, place, size, window, at, DriftState.DETECTED, began(panel, place, at))


def all_clear(panel: Panel, place: int, size: int, window: Floats, at: float, detected: DriftEvent) -> DriftEvent:
    """The event that closes a detection; `since` is the detection's."""
    return _event(panel, place, size, window, at, DriftState.CLEARED, detected.since.timestamp())


def began(panel: Panel, place: int, at: float) -> float:
    """When a drift is thought to have begun: where the cumulative sum of deviations was lowest (Page 1954)."""
    if not panel.history:
        return at
    deviations = np.array([step[place] for _, step in panel.history])
    sums = np.cumsum(np.nan_to_num(deviations) - SLACK)
    after_lowest = int(np.argmin(np.concatenate([[0.0], sums[:-1]])))
    return panel.history[after_lowest][0]


def event_id(signal: str, state: DriftState, model_version: str, since: datetime) -> str:
    """The same detection has the same id, whoever finds it and however often."""
    said = f"{signal}\t{state.value}\t{model_version}\t{since.isoformat()}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def _event(
    panel: Panel, place: int, size: int, window: Floats, at: float, state: DriftState, since: float
) -> DriftEvent:
    signal = panel.layout.signals[place]
    cells = panel.layout.of_signal[signal.name]
    distance = panel.settings.distance
    noise = panel.baseline.noise[size][distance]
    strayed = panel.baseline.strayed(window, distance)
    before, after = before_and_after(panel, signal.name, panel.baseline.row, window)
    names = cell_names(signal, panel.categories)
    began_at = _instant(since)
    observed, reference = window[cells], panel.baseline.row[cells]
    comparable = observed.sum() > 0 and reference.sum() > 0
    return DriftEvent(
        event_id=event_id(signal.name, state, panel.model_version, began_at),
        signal=signal.name,
        state=state,
        detector=f"{panel.detector_name}+{distance}",
        since=began_at,
        detected_at=_instant(at),
        before=before,
        after=after,
        distance=_finite(strayed[place]),
        floor=_finite(noise.floor[place]),
        p_value=_finite(noise.p_values(strayed)[place]),
        window_size=size,
        contributions=contributions(observed, reference, names) if comparable else (),
        model_version=panel.model_version,
    )


def before_and_after(panel: Panel, name: str, reference: Floats, window: Floats) -> tuple[float | None, float | None]:
    """Means of a numeric signal; of a categorical one the shares of the category that moved most."""
    signal = panel.layout.signals[panel.layout.names.index(name)]
    if signal.kind is SignalKind.NUMERIC:
        then, now = panel.layout.moments(reference, name), panel.layout.moments(window, name)
        return (then[0] if then else None), (now[0] if now else None)
    p, q = window[panel.layout.of_signal[name]], reference[panel.layout.of_signal[name]]
    if min(p.sum(), q.sum()) <= 0:
        return None, None
    p, q = p / p.sum(), q / q.sum()
    moved = int(np.argmax((np.sqrt(p) - np.sqrt(q)) ** 2))
    return float(q[moved]), float(p[moved])


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
