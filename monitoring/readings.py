"""What the monitor says of one signal in one window: what is exported, shown and reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitoring.distances import Distance


class SignalState(StrEnum):
    """How a signal stands."""

    LEARNING = "learning"
    """The baseline is not complete: nothing can be said yet."""
    QUIET = "quiet"
    """Within what chance gives."""
    SUSPECT = "suspect"
    """Detector or distance have spoken, not both for long enough."""
    DRIFTED = "drifted"
    """A detection stands."""


class Against(StrEnum):
    """What a window is compared with."""

    TRAINING = "training"
    """The reference of the model's artefact: how far the world is from what the model learnt."""
    BASELINE = "baseline"
    """The stream's own distribution when the model came: what alarms are decided on."""
    PREVIOUS = "previous"
    """The window of the same length before this one."""


@dataclass(frozen=True, slots=True)
class SignalReading:
    """One signal, one window, one comparison.

    Parameters
    ----------
    signal
        A name of `schemas.signals`.
    window
        `500_filings`, `3600_seconds`, ...
    against
        What it is compared with.
    model_version
        Whose outputs; for input signals the model in force.
    observations
        In the window, for this signal.
    distances, floors
        By distance; a floor is the 99th percentile without drift at this size.
    p_value
        Of no difference: chi-square, or Kolmogorov-Smirnov over the bins of a numeric signal.
    effect_size
        Cohen's w, or for a numeric signal Cohen's d (mean difference over the reference's deviation).
    before, after
        Mean of a numeric signal in reference and window; of a categorical one the share of the
        category that carries most of the distance.
    """

    signal: str
    window: str
    against: Against
    model_version: str
    state: SignalState
    observations: int
    distances: Mapping[Distance, float] = field(default_factory=dict)
    floors: Mapping[Distance, float] = field(default_factory=dict)
    p_value: float | None = None
    effect_size: float | None = None
    before: float | None = None
    after: float | None = None
    missing_share: float | None = None
