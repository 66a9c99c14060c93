"""What the cascade decided about one filing, as it travels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.formality import Formality
from schemas.reasons import DecisionReason

MAX_CANDIDATES = 5
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Route(StrEnum):
    """Where a decided filing goes."""

    AUTO = "auto"
    REVIEW = "review"
    RETURNED = "returned"


class Stage(StrEnum):
    """Which step of the cascade answered."""

    REJECTION = "rejection"
    RULE = "rule"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One code the model holds possible, with its probability (0 to 1)."""

    code: str
    label: str
    probability: Probability


@dataclass(frozen=True, slots=True)
class Source:
    """Where on Kafka the filing stood; `timestamp` is the broker's, with its offset from UTC."""

    topic: str
    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    timestamp: AwareDatetime | None = None


class Decision(BaseModel):
    """The decision about one filing: exactly these names are on the wire.

    Parameters
    ----------
    decision_id
        Hash of the formality id, what was filed, model and policy version. No clock, process or
        offset in it: a redelivery or a replay gives the same id, and consumers fold copies by it.
    code, label
        The first candidate; `None` on the returned route.
    candidates
        At most five, most probable first.
    confidence_index
        Probability of the first candidate less that of the second; `None` where nothing was
        predicted.
    threshold
        What the confidence index was held against; `None` where it was not.
    audit
        A copy goes to the audit topic for a blind second look.
    source
        `None` when the filing did not come from Kafka.
    formality
        The filing itself, so that a consumer needs no other topic.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    schema_version: int = 1
    decision_id: str
    formality_id: str
    route: Route
    stage: Stage
    reason: DecisionReason
    code: str | None
    label: str | None
    candidates: Annotated[tuple[Candidate, ...], Field(max_length=MAX_CANDIDATES)]
    confidence_index: Probability | None
    threshold: Annotated[float, Field(ge=0.0)] | None
    audit: bool
    model_version: str
    policy_version: str
    nomenclature: str
    received_at: AwareDatetime
    decided_at: AwareDatetime
    source: Source | None
    formality: Formality
