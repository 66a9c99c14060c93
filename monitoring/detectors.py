"""River's drift detectors and anomaly model, behind one door.

Detectors take one value a step: how far the step's filings are from the baseline, in standard
deviations of a step without drift. A value that is not finite never reaches them: one NaN would
poison ADWIN for good.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from river import anomaly
from river.drift import ADWIN, PageHinkley
from river.drift.binary import DDM, HDDMW

from monitoring.drift_settings import DetectorKind, DriftSettings


class Detector(Protocol):
    """Says when a sequence of values changes."""

    def update(self, value: float) -> bool:
        """Take one value; whether a change is seen now. A detector starts afresh after it has seen one."""
        ...


class _River:
    """A detector of River's that never sees what is not finite."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def update(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        self._model.update(value)
        return bool(self._model.drift_detected)


def step_detector(settings: DriftSettings) -> Detector:
    """The detector of the settings, for the values of steps.

    References
    ----------
    Page (1954), "Continuous inspection schemes"; Bifet and Gavaldà (2007), "Learning from
    time-changing data with adaptive windowing".
    """
    if settings.detector is DetectorKind.ADWIN:
        return _River(
            ADWIN(delta=settings.detector_delta, clock=1, min_window_length=5, grace_period=10)  # type: ignore[no-untyped-call]
        )
    return _River(
        PageHinkley(
            min_instances=1,
            delta=settings.detector_delta,
            threshold=settings.detector_threshold,
            alpha=1.0,
            mode="up",
        )
    )


def error_detector() -> Detector:
    """HDDM-W over single outcomes, 1 for an error: sees an error rate rise and no fall.

    Its mean forgets, over some hundred outcomes: HDDM-A, whose mean does not, takes up to six hundred
    to see a rise after a long quiet, and is no quieter (ADR 7).

    References
    ----------
    Frías-Blanco et al. (2015), "Online and non-parametric drift detection methods based on Hoeffding's bounds".
    """
    return _River(
        HDDMW(drift_confidence=0.005, warning_confidence=0.01, lambda_val=0.01, two_sided_test=False)  # type: ignore[no-untyped-call]
    )


def ddm_detector() -> Detector:
    """DDM over single outcomes, for comparison: Gama et al. (2004), "Learning with drift detection"."""
    return _River(DDM())


class OddFilings:
    """Half-space trees: how unlike the filings before it a single filing is.

    Parameters
    ----------
    limits
        Of each feature, lowest and highest value in the stream's baseline.

    References
    ----------
    Tan, Ting and Liu (2011), "Fast anomaly detection for streaming data".
    """

    def __init__(self, limits: Mapping[str, tuple[float, float]]) -> None:
        self._limits = {
            name: (low, max(high, low + 1e-9)) for name, (low, high) in limits.items() if math.isfinite(high - low)
        }
        self._trees: Any = anomaly.HalfSpaceTrees(n_trees=10, height=6, window_size=250, seed=1)
        self.seen = 0

    def score(self, features: Mapping[str, float]) -> float:
        """From 0, like the others, to 1; the filing is learnt afterwards."""
        scaled = {
            name: min(1.0, max(0.0, (features[name] - low) / (high - low)))
            for name, (low, high) in self._limits.items()
            if math.isfinite(features.get(name, math.nan))
        }
        found = float(self._trees.score_one(scaled))
        self._trees.learn_one(scaled)
        self.seen += 1
        return found
