"""Signals that are watched together, a step of filings at a time: baseline, windows, detectors, alarms."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring import evidence, label_errors
from monitoring.alarms import AlarmRule, Alarms, Flags
from monitoring.baseline import Baseline
from monitoring.categories import Categories
from monitoring.detectors import Detector, error_detector, step_detector
from monitoring.distances import Distance
from monitoring.drift_settings import DriftSettings
from monitoring.in_season import in_season
from monitoring.layout import Floats, Layout
from monitoring.readings import SignalState
from monitoring.seasons import Seasons
from monitoring.windows import CountWindow, TimeWindow
from schemas.drift import DriftEvent, DriftState
from schemas.signals import Signal, SignalGroup

A_MOMENT = 1e-3
"""Seconds: what an instant loses to rounding on its way through a message."""
STEPS_AT_ONCE = 100
"""Rows compared in one go: a few megabytes."""
Cells = npt.NDArray[np.int16]
Rows = Mapping[int, Floats]
"""Window -> its counts."""
SHORT_SLOTS, LONG_SLOTS = 60, 96


class Panel:
    """Watches some signals.

    Parameters
    ----------
    signals
        Of one or more groups.
    model_version
        Whose, as events say it.
    """

    def __init__(
        self, signals: Sequence[Signal], settings: DriftSettings, categories: Categories, *, model_version: str
    ) -> None:
        self.layout = Layout(signals)
        self.settings = settings
        self.categories = categories
        self.model_version = model_version
        self.windows = {size: CountWindow(size // settings.step, self.layout.width) for size in settings.windows}
        self.doubles = {size: CountWindow(2 * size // settings.step, self.layout.width) for size in settings.windows}
        """Twice as long: less the window, they are the window before it."""
        self.spans = [
            TimeWindow(span, self.layout, slots=SHORT_SLOTS if span <= 7_200 else LONG_SLOTS)
            for span in settings.spans_seconds
        ]
        self.baseline = Baseline(
            self.layout, filings=settings.baseline_filings, sizes=(settings.step, *settings.windows)
        )
        steps = max(settings.windows) // settings.step
        rule = AlarmRule(
            persist=settings.persist,
            memory=steps,
            calm=settings.calm,
            needs_detector=settings.needs_detector,
            needs_distance=settings.needs_distance,
        )
        self.alarms = Alarms(rule, windows=len(settings.windows), signals=len(signals))
        self._of_errors = self.layout.names[0] in label_errors.SIGNALS_OF_ERRORS
        self._watched = np.array([signal.alarms for signal in signals])
        self._detectors = [self._new_detector(signal) for signal in signals]
        self.limits = np.full((len(settings.windows), len(signals)), np.inf)
        self.floors = np.full((len(settings.windows), len(signals)), np.inf)
        self.history: deque[tuple[float, Floats]] = deque(maxlen=steps)
        """Beginning and deviations of the latest steps: when a drift began is read from them."""
        self.seasons = Seasons(self.layout) if settings.seasons and settings.distance is Distance.HELLINGER else None
        self.events: dict[str, DriftEvent] = {}
        """The standing detection of each signal."""
        self._published: dict[str, float] = {}
        self._cells = np.empty((0, 0), dtype=np.int16)
        self._values = np.empty((0, 0))
        self._times = np.empty(0)

    def _new_detector(self, signal: Signal) -> Detector:
        return error_detector() if signal.group is SignalGroup.LABEL else step_detector(self.settings)

    def observe(self, cells: npt.NDArray[np.int16], values: Floats, times: Floats) -> list[DriftEvent]:
        """Take filings in; whole steps are counted, the rest waits for the next call."""
        for span in self.spans:
            span.add(cells, values, times)
        if len(self._times):
            cells = np.concatenate([self._cells, cells])
            values = np.concatenate([self._values, values])
            times = np.concatenate([self._times, times])
        size = self.settings.step
        steps = len(times) // size
        done = steps * size
        self._cells, self._values, self._times = cells[done:], values[done:], times[done:]
        if steps == 0:
            return []
        rows = self.layout.rows(cells[:done], values[:done], np.repeat(np.arange(steps), size), steps)
        moments = times[:done].reshape(steps, size)
        return self._take(rows, cells[:done].reshape(steps, size, -1), moments.min(axis=1), moments.max(axis=1))

    def _take(self, rows: Floats, cells: Cells, begins: Floats, ends: Floats) -> list[DriftEvent]:
        """Whole steps: those that the baseline still needs, then those that are held against it."""
        if self.seasons is not None:
            self.seasons.add(rows, ends)
        learning = 0
        while learning < len(rows) and not self.baseline.ready:
            self.baseline.learn(rows[learning], self.settings.step, float(ends[learning]))
            learning += 1
        if learning:
            for window in (*self.windows.values(), *self.doubles.values()):
                window.push_all(rows[:learning])
            if not self.baseline.ready:
                return []
            self._set_limits()
            rows, cells, begins, ends = rows[learning:], cells[learning:], begins[learning:], ends[learning:]
        events: list[DriftEvent] = []
        for start in range(0, len(rows), STEPS_AT_ONCE):
            part = slice(start, start + STEPS_AT_ONCE)
            events += self._compare(rows[part], cells[part], begins[part], ends[part])
        return events

    def _compare(self, rows: Floats, cells: Cells, begins: Floats, ends: Floats) -> list[DriftEvent]:
        deviations = self.baseline.deviations(rows, self.settings.distance, self.settings.step)
        full = [window.pushed + 1 + np.arange(len(rows)) >= window.capacity for window in self.windows.values()]
        totals = [window.push_all(rows) for window in self.windows.values()]
        for double in self.doubles.values():
            double.push_all(rows)
        far = np.stack([self.baseline.strayed(total, self.settings.distance) for total in totals], axis=1)
        judged = np.stack(full, axis=1)[:, :, None]
        beyond = (far > self.limits) & judged & self._watched
        within = np.asarray((~((far > self.floors) & judged)).all(axis=1))
        spoken = [self._fired(of_step, own) & self._watched for of_step, own in zip(deviations, cells, strict=True)]
        if self.alarms.nothing_stands() and not beyond.any() and not any(fired.any() for fired in spoken):
            # Most of the time: nothing to tell apart from step to step.
            self.history.extend(zip(begins.tolist(), deviations, strict=True))
            self.alarms.pass_calmly(within)
            return []
        events: list[DriftEvent] = []
        for step, fired in enumerate(spoken):
            self.history.append((float(begins[step]), deviations[step]))
            over = beyond[step].copy()
            if self._of_errors and over.any():
                over &= label_errors.worse(self, [total[step] for total in totals])
            calm = within[step]
            if self.seasons is not None and (over.any() or self.alarms.standing.any()):
                over, usual = in_season(self, over, [total[step] for total in totals], judged[step])
                calm = calm | usual
            detected, cleared = self.alarms.update(beyond=over, within=calm, fired=fired)
            if detected.any() or cleared.any():
                seen = {size: total[step] for size, total in zip(self.windows, totals, strict=True)}
                events += self._announce(detected, cleared, seen, float(ends[step]))
        return events

    def _announce(self, detected: Flags, cleared: Flags, seen: Rows, ends: float) -> list[DriftEvent]:
        events = [self._detect(int(place), seen, ends) for place in np.flatnonzero(detected)]
        events += [self._clear(int(place), seen, ends) for place in np.flatnonzero(cleared)]
        return [event for event in events if event is not None]

    def _set_limits(self) -> None:
        for place, size in enumerate(self.windows):
            noise = self.baseline.noise[size][self.settings.distance]
            self.limits[place] = noise.critical(self.settings.level)
            self.floors[place] = noise.floor

    def _fired(self, deviations: Floats, cells: npt.NDArray[np.int16]) -> Flags:
        if self._of_errors:
            return label_errors.rose(self, self._detectors, cells)
        return np.array([d.update(x) for d, x in zip(self._detectors, deviations.tolist(), strict=True)])

    def _detect(self, place: int, seen: Rows, ends: float) -> DriftEvent | None:
        # The shortest window that saw it; the longest when a detector alone is asked.
        size = next((size for row, size in enumerate(self.windows) if self.alarms.over[row, place]), max(self.windows))
        return self._publish(evidence.detection(self, place, size, seen[size], ends), ends)

    def _clear(self, place: int, seen: Rows, ends: float) -> DriftEvent | None:
        size = max(self.windows)
        detected = self.events[self.layout.names[place]]
        return self._publish(evidence.all_clear(self, place, size, seen[size], ends, detected), ends)

    def _publish(self, event: DriftEvent, ends: float) -> DriftEvent | None:
        if event.state is DriftState.DETECTED:
            self.events[event.signal] = event
        else:
            self.events.pop(event.signal, None)
        # Re-read after a restart: what was published up to then is not published again.
        return None if ends <= self._published.get(event.signal, -np.inf) + A_MOMENT else event

    @property
    def detector_name(self) -> str:
        """As events say it."""
        return label_errors.DETECTOR if self._of_errors else str(self.settings.detector)

    def state_of(self, place: int) -> SignalState:
        """How a signal stands."""
        if not self.baseline.ready:
            return SignalState.LEARNING
        if self.alarms.standing[place]:
            return SignalState.DRIFTED
        return SignalState.SUSPECT if self.alarms.suspect[place] else SignalState.QUIET

    def rebase(self, name: str | None, at: float) -> list[DriftEvent]:
        """Take the longest window for the baseline of a signal, or of all; closes what stands."""
        if not self.baseline.ready:
            return []
        size, window = max(self.windows.items())
        self.baseline.replace(
            window.total,
            window.steps * self.settings.step,
            moments=None if name else [begins for begins, _ in self.history],
            cells=None if name is None else self.layout.of_signal[name],
        )
        self._set_limits()
        events = []
        for place, signal in enumerate(self.layout.signals):
            if name not in (None, signal.name):
                continue
            if signal.name in self.events:
                event = evidence.all_clear(self, place, size, window.total, at, self.events[signal.name])
                events.append(self._publish(event, at))
            self.alarms.forget(place)
            self._detectors[place] = self._new_detector(signal)
        return [event for event in events if event is not None]

    def resume(self, events: Iterable[DriftEvent]) -> None:
        """What was published before a restart, oldest first; inputs have no model yet and take any's."""
        for event in events:
            if event.signal not in self.layout.names or event.model_version != (
                self.model_version or event.model_version
            ):
                continue
            self._published[event.signal] = event.detected_at.timestamp()
            standing = event.state is DriftState.DETECTED
            self.alarms.standing[self.layout.names.index(event.signal)] = standing
            if standing:
                self.events[event.signal] = event
            else:
                self.events.pop(event.signal, None)

    def ready(self) -> None:
        """Limits of a baseline that was taken over."""
        if self.baseline.ready:
            self._set_limits()

    def feed(self, deviations: Floats) -> None:
        """Let the detectors see a step again whose consequences are known; that of errors begins anew."""
        if self._of_errors:
            return
        for detector, value in zip(self._detectors, deviations.tolist(), strict=True):
            detector.update(value)

    def waiting(self) -> dict[str, Any]:
        """Filings that do not yet make a step."""
        return {
            "cells": self._cells.tolist(),
            "values": [[v if np.isfinite(v) else None for v in row] for row in self._values.tolist()],
            "times": self._times.tolist(),
        }

    def wait(self, state: Mapping[str, Any]) -> None:
        """Take over what `waiting` gave."""
        self._times = np.array(state["times"], dtype=np.float64)
        self._cells = np.array(state["cells"], dtype=np.int16)
        self._values = np.array([[np.nan if v is None else v for v in row] for row in state["values"]])

    def checkpoint(self) -> dict[str, Any]:
        """All of it as JSON, but what detectors hold: they are fed the latest steps again."""
        from monitoring.checkpoints import panel_state

        return panel_state(self)

    def restore(self, state: Mapping[str, Any]) -> None:
        """From a checkpoint of a panel with the same settings."""
        from monitoring.checkpoints import restore_panel

        restore_panel(self, state)
