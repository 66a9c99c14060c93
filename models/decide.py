"""The one decision function: the worker, the replayer, the evaluation and the API all call it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter
from pydantic_core import to_json

from models.coding import Coding, CodingModel, content_of
from models.policy import Policy
from schemas.decision import Decision, Route, Source, assemble
from schemas.formality import Formality
from schemas.instant import Instant
from schemas.reasons import DecisionReason

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def decide(
    formality: Formality,
    *,
    model: CodingModel,
    policy: Policy,
    source: Source | None = None,
    decided_at: datetime | None = None,
) -> Decision:
    """Decide one filing. Pure: the same arguments give the same decision.

    Parameters
    ----------
    source
        Where on Kafka the filing stood, when it did.
    decided_at
        The caller's clock; without one the filing's own `received_at`, so that a decision made
        outside the stream is reproducible to the byte.
    """
    return decide_batch([formality], model=model, policy=policy, sources=[source], decided_at=decided_at)[0]


def decide_batch(
    formalities: Sequence[Formality],
    *,
    model: CodingModel,
    policy: Policy,
    sources: Sequence[Source | None] | None = None,
    decided_at: datetime | None = None,
) -> list[Decision]:
    """Decide many filings at once: the same decisions as one by one, faster."""
    if decided_at is not None:
        decided_at = _INSTANT.validate_python(decided_at)
    codings = model.code(formalities)
    return [
        apply_policy(formality, coding, model=model, policy=policy, source=source, decided_at=decided_at)
        for formality, coding, source in zip(formalities, codings, sources or [None] * len(formalities), strict=True)
    ]


def apply_policy(
    formality: Formality,
    coding: Coding,
    *,
    model: CodingModel,
    policy: Policy,
    source: Source | None,
    decided_at: datetime | None,
) -> Decision:
    """The decision that a policy makes of a coding."""
    route, reason, confidence_index, threshold = _route(formality, coding, model, policy)
    first = coding.candidates[0] if coding.candidates else None
    return assemble(
        schema_version=1,
        decision_id=decision_id(formality, model.version, policy.version),
        formality_id=formality.formality_id,
        route=route,
        stage=coding.stage,
        reason=reason,
        code=first.code if first else None,
        label=first.label if first else None,
        candidates=coding.candidates,
        confidence_index=confidence_index,
        threshold=threshold,
        audit=route is Route.AUTO and policy.audits(formality.formality_id),
        model_version=model.version,
        policy_version=policy.version,
        nomenclature=model.nomenclature.name,
        received_at=formality.received_at,
        decided_at=decided_at or formality.received_at,
        source=source,
        formality=formality,
    )


def _route(
    formality: Formality, coding: Coding, model: CodingModel, policy: Policy
) -> tuple[Route, DecisionReason, float | None, float | None]:
    """Route, reason, confidence index and the threshold it was held against."""
    if coding.settled is not None:
        return (Route.REVIEW if coding.candidates else Route.RETURNED), coding.settled, None, None
    confidence_index = coding.confidence_index
    threshold = policy.threshold_for(
        section=model.nomenclature.section(coding.candidates[0].code),
        type_form=formality.type_form,
        stage=coding.stage,
    )
    if confidence_index >= threshold:
        return Route.AUTO, DecisionReason.CONFIDENT, confidence_index, threshold
    return Route.REVIEW, DecisionReason.BELOW_THRESHOLD, confidence_index, threshold


def decision_id(formality: Formality, model_version: str, policy_version: str) -> str:
    """32 hex digits of a hash of identity, content, model and policy: no clock, process or offset."""
    identity = (formality.formality_id, *content_of(formality), model_version, policy_version)
    return hashlib.sha256(to_json(identity)).hexdigest()[:32]
