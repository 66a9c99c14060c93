"""Errors are watched one way: more of them is a drift, fewer is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from monitoring.alarms import Flags
from monitoring.detectors import Detector
from monitoring.layout import Floats
from schemas.signals import ERROR_CODE, ERROR_SECTION, WRONG

if TYPE_CHECKING:
    from monitoring.panel import Panel

SIGNALS_OF_ERRORS = (ERROR_CODE.name, ERROR_SECTION.name)
DETECTOR = "hddm_w"
"""As events say it."""


def worse(panel: Panel, totals: Sequence[Floats]) -> Flags:
    """Where the share of errors is above the baseline's, shape (windows, signals)."""
    found = np.zeros((len(totals), len(panel.layout.names)), dtype=bool)
    for column, name in enumerate(panel.layout.names):
        cells = panel.layout.of_signal[name]
        wrong = cells.start + panel.categories.cell(name, WRONG)
        then = panel.baseline.row[wrong] / max(1.0, panel.baseline.row[cells].sum())
        for row, total in enumerate(totals):
            found[row, column] = total[wrong] / max(1.0, total[cells].sum()) > then
    return found


def rose(panel: Panel, detectors: Sequence[Detector], cells: npt.NDArray[np.int16]) -> Flags:
    """Whether the detector of each signal spoke, fed one outcome after the other."""
    found = np.zeros(len(detectors), dtype=bool)
    for place, detector in enumerate(detectors):
        wrong = panel.categories.cell(panel.layout.names[place], WRONG)
        outcomes = cells[:, panel.layout.columns[place]]
        # Every outcome reaches the detector, those after its word too.
        spoke = [detector.update(float(outcome == wrong)) for outcome in outcomes[outcomes >= 0]]
        found[place] = any(spoke)
    return found
