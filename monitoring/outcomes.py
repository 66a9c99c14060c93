"""Decisions whose label has come: right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.categories import Categories
from monitoring.layout import NUMERIC
from monitoring.observations import Observations
from schemas.signals import ERROR_CODE, ERROR_SECTION, RIGHT, SIGNALS, WRONG


@dataclass(frozen=True, slots=True)
class Outcome:
    """One decision that a human has judged.

    Parameters
    ----------
    time
        When the label was given, seconds since the epoch: errors drift when they become known.
    model_version
        Who decided.
    code_right, section_right
        At the finest and the broadest level; `None` where the level is not there.
    """

    time: float
    model_version: str
    code_right: bool | None
    section_right: bool | None


Outcomes = Sequence[Outcome]


def columns(outcomes: Outcomes, categories: Categories) -> Observations:
    """Outcomes as observations of the label signals."""
    cells = np.full((len(outcomes), len(SIGNALS)), -1, dtype=np.int16)
    versions: dict[tuple[str, str], int] = {}
    version_of = np.zeros(len(outcomes), dtype=np.int64)
    for row, outcome in enumerate(outcomes):
        version_of[row] = versions.setdefault((outcome.model_version, ""), len(versions))
        for signal, right in ((ERROR_CODE, outcome.code_right), (ERROR_SECTION, outcome.section_right)):
            if right is not None:
                cells[row, SIGNALS.index(signal)] = categories.cell(signal.name, RIGHT if right else WRONG)
    times = np.array([outcome.time for outcome in outcomes], dtype=np.float64)
    return Observations(cells, np.full((len(outcomes), len(NUMERIC)), np.nan), times, version_of, tuple(versions))
