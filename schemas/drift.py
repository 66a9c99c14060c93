"""What the drift monitor publishes on `drift.detected`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class DriftState(StrEnum):
    """A detection, or the all-clear that closes it."""

    DETECTED = "detected"
    CLEARED = "cleared"


class Contribution(BaseModel):
    """Share of the distance that one branch of the nomenclature carries (0 to 1)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    branch: str
    share: Annotated[float, Field(ge=0.0, le=1.0)]


class DriftEvent(BaseModel):
    """One detection or all-clear, with its evidence.

    Parameters
    ----------
    since
        Event time at which the drift is thought to have begun.
    before, after
        The signal's value in the reference and in the window.
    distance, floor
        How far, and how far an undrifted window of this size strays (99th percentile).
    window_size
        Messages in the window.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    schema_version: int = 1
    event_id: str
    signal: str
    state: DriftState
    detector: str
    since: AwareDatetime
    detected_at: AwareDatetime
    before: float | None
    after: float | None
    distance: float | None
    floor: float | None
    p_value: Annotated[float, Field(ge=0.0, le=1.0)] | None
    window_size: Annotated[int, Field(ge=0)]
    contributions: tuple[Contribution, ...] = ()
    model_version: str
