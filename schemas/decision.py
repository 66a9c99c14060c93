"""What the cascade decided about one filing, as it travels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.formality import Formality
from schemas.instant import Instant, SchemaVersion
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
    """One code the model holds possible.

    Parameters
    ----------
    code
        In the decision's nomenclature.
    label
        Its official title there.
    probability
        0 to 1; the candidates' need not sum to one (one-versus-all models).
    """

    code: str
    label: str
    probability: Probability


_set_code, _set_label, _set_probability = (
    getattr(Candidate, name).__set__ for name in ("code", "label", "probability")
)


def candidates_of(pairs: Iterable[tuple[str, float]], labels: Mapping[str, str]) -> tuple[Candidate, ...]:
    """Candidates of codes and probabilities; a code without a label is its own.

    Equal to building them one by one. Five go with every decision, and a frozen class sets its fields
    by a detour that takes half of the time.
    """
    found = []
    for code, probability in pairs:
        candidate = object.__new__(Candidate)
        _set_code(candidate, code)
        _set_label(candidate, labels.get(code, code))
        _set_probability(candidate, probability)
        found.append(candidate)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Source:
    """Where on Kafka the filing stood.

    Parameters
    ----------
    topic
        With the installation's prefix.
    partition, offset
        Where in the topic.
    timestamp
        The broker's, with its offset from UTC.
    """

    topic: str
    partition: Annotated[int, Field(ge=0, lt=2**31)]
    offset: Annotated[int, Field(ge=0, lt=2**63)]
    timestamp: Instant | None = None


class Decision(BaseModel):
    """The decision about one filing: exactly these names are on the wire.

    Parameters
    ----------
    schema_version
        Version of this form, 1.
    decision_id
        Hash of the formality id, what was filed, model and policy version. No clock, process or
        offset in it: a redelivery or a replay gives the same id, and consumers fold copies by it.
    formality_id
        The filing's identity, and the message's key.
    route
        Where the filing goes: one of auto, review, returned.
    stage
        Which step of the cascade answered: one of rejection, rule, model.
    reason
        Why it took this route; stable code.
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
    model_version, policy_version
        What decided: hashes of the model artefact's and the policy's content.
    nomenclature
        Name of the list of codes, such as `naf-rev2`.
    received_at
        The filing's.
    decided_at
        The worker's clock, with its offset from UTC.
    source
        `None` when the filing did not come from Kafka.
    formality
        The filing itself, so that a consumer needs no other topic.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())

    schema_version: SchemaVersion = 1
    decision_id: str
    formality_id: str
    route: Route
    stage: Stage
    reason: DecisionReason
    code: str | None
    label: str | None
    candidates: Annotated[tuple[Candidate, ...], Field(max_length=MAX_CANDIDATES)]
    confidence_index: Probability | None
    threshold: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None
    audit: bool
    model_version: str
    policy_version: str
    nomenclature: str
    received_at: Instant
    decided_at: Instant
    source: Source | None
    formality: Formality


_GIVEN = frozenset(Decision.model_fields)


def assemble(**fields: Any) -> Decision:
    """A Decision of values that are valid already: all of its fields, in their order.

    Equal to `Decision(**fields)`, which would check once more what `decide()` has just made of a
    valid filing, at twice the cost. For values from anywhere else there is the class itself.
    """
    decision = Decision.__new__(Decision)
    _set(decision, "__dict__", fields)
    _set(decision, "__pydantic_fields_set__", set(_GIVEN))
    _set(decision, "__pydantic_extra__", None)
    _set(decision, "__pydantic_private__", None)
    return decision


_set = object.__setattr__
