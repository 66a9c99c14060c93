"""How the monitor watches: every number of it, with its effect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monitoring.distances import Distance


class DetectorKind(StrEnum):
    """What says when (docs/drift.md compares them)."""

    PAGE_HINKLEY = "page_hinkley"
    ADWIN = "adwin"


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """Defaults are those that `make bench-drift` chose (docs/drift.md, ADR 7).

    Parameters
    ----------
    step
        Filings counted together; detectors take one value a step. Smaller detects a little earlier
        and costs more.
    windows
        Lengths in filings of the rolling windows that alarms are decided on, multiples of `step`. A
        short one sees what is strong at once, a long one what is weak.
    spans_seconds
        Lengths in event time of the windows that are shown beside.
    baseline_filings
        How many filings of the stream make the baseline, before which nothing is an alarm.
    distance
        Which distance alarms are decided on; the others are shown.
    level
        How improbable a window must be without drift, for one signal and window: lower gives fewer
        false alarms and later detection.
    persist
        Steps in a row that the distance must stay beyond that.
    detector
        Says when; its word must be no older than the longest window.
    detector_threshold
        Of Page-Hinkley, in standard deviations of a step: higher gives fewer false alarms and later detection.
    detector_delta
        Of Page-Hinkley: what a step may stray for ever, in standard deviations. Of ADWIN: its
        confidence.
    calm
        Steps in a row that every window must be within its floor for the all-clear.
    versions
        Model versions watched at once; the oldest is forgotten.
    seasons
        Take the weekday and last year's season into account.
    odd_every
        One filing in so many is scored for oddness by half-space trees; 0 scores none.
    """

    step: int = 50
    windows: tuple[int, ...] = (500, 5_000)
    spans_seconds: tuple[float, ...] = (3_600.0, 86_400.0)
    baseline_filings: int = 20_000
    distance: Distance = Distance.HELLINGER
    level: float = 1e-8
    persist: int = 3
    detector: DetectorKind = DetectorKind.PAGE_HINKLEY
    detector_threshold: float = 15.0
    detector_delta: float = 0.5
    calm: int = 20
    versions: int = 2
    seasons: bool = True
    odd_every: int = 50

    def __post_init__(self) -> None:
        for window in self.windows:
            if window % self.step or window <= self.step:
                raise ValueError(f"window of {window} filings: not a multiple of the step of {self.step}")
        if self.baseline_filings < max(self.windows):
            raise ValueError(f"a baseline of {self.baseline_filings} filings is shorter than the longest window")
