"""What the drift monitor publishes on `drift.detected`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.instant import Instant, SchemaVersion


class DriftState(StrEnum):
    """A detection, or the all-clear that closes it."""

    DETECTED = "detected"
    CLEARED = "cleared"


class Contribution(BaseModel):
    """How much of the distance one branch of the nomenclature, one category or one bin carries.

    Parameters
    ----------
    branch
        A code of the nomenclature, at any level; of other signals a category, or a bin as `low..high`.
    share
        0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    branch: str
    share: Annotated[float, Field(ge=0.0, le=1.0)]


class DriftEvent(BaseModel):
    """One detection or all-clear, with its evidence.

    Parameters
    ----------
    schema_version
        Version of this form, 1.
    event_id
        Identity of the event.
    signal
        What is watched, and the message's key.
    state
        One of detected, cleared.
    detector
        Who says so.
    since
        Event time at which the drift is thought to have begun.
    detected_at
        When the monitor said so, with its offset from UTC.
    before, after
        The signal's value in the reference and in the window.
    distance, floor
        How far, and how far an undrifted window of this size strays (99th percentile).
    window_size
        Messages in the window.
    p_value
        Of the test of no drift, 0 to 1, where the detector has one.
    contributions
        Which branches carry the distance, largest first.
    model_version
        The model whose reference was compared with.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=(), allow_inf_nan=False)

    schema_version: SchemaVersion = 1
    event_id: str
    signal: str
    state: DriftState
    detector: str
    since: Instant
    detected_at: Instant
    before: float | None
    after: float | None
    distance: float | None
    floor: float | None
    p_value: Annotated[float, Field(ge=0.0, le=1.0)] | None
    window_size: Annotated[int, Field(ge=0)]
    contributions: tuple[Contribution, ...] = ()
    model_version: str
