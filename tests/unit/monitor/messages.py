"""Decisions and labels as they stand on the topics, for the monitor's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from monitoring.decision_columns import DecisionColumns
from schemas import topics
from schemas.codec import encode
from schemas.decision import Candidate, Decision, Route, Source, Stage
from schemas.formality import Formality
from schemas.label import Label, LabelOrigin
from schemas.reasons import DecisionReason
from stream.kafka.merged import Item
from stream.monitor.copies import Copies
from stream.monitor.reading import WATCHED, Reader, Reading
from stream.monitor.text_measures import CachedTextMeasurer

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CODES = {"4322A": ("F", "43", "4322A"), "4322B": ("F", "43", "4322B"), "4711B": ("G", "47", "4711B")}
"""A nomenclature of three codes and three levels."""


def path_of(nomenclature: str, code: str) -> tuple[str, ...] | None:
    """Where a code stands in the small nomenclature."""
    return CODES.get(code) if nomenclature == "small" else None


def decision(
    number: int,
    *,
    route: Route = Route.REVIEW,
    audit: bool = False,
    code: str | None = "4322A",
    at: datetime = NOON,
    model: str = "model-a",
    policy: str = "policy-a",
    probability: float = 0.75,
    text: str = "Pose de chauffe-eau",
) -> Decision:
    """A decision; the same number is the same filing, and with the same versions the same decision."""
    returned = route is Route.RETURNED
    formality = Formality(
        formality_id=f"f-{number}", received_at=at - timedelta(seconds=1), source="test", description_activity=text
    )
    return Decision(
        decision_id=f"{number:08x}{sum(map(ord, model + policy)):024x}",
        formality_id=formality.formality_id,
        route=route,
        stage=Stage.REJECTION if returned else Stage.MODEL,
        reason=DecisionReason.SAYS_NOTHING if returned else DecisionReason.BELOW_THRESHOLD,
        code=None if returned else code,
        label=None if returned else "a label",
        candidates=() if returned or code is None else (Candidate(code, "a label", probability),),
        confidence_index=None if returned else probability,
        threshold=None if returned else 0.5,
        audit=audit,
        model_version=model,
        policy_version=policy,
        nomenclature="small",
        received_at=formality.received_at,
        decided_at=at,
        source=Source("formality.received", 0, number, at),
        formality=formality,
    )


def label(
    number: int,
    code: str | None = "4322A",
    *,
    origin: LabelOrigin = LabelOrigin.REVIEW,
    at: datetime = NOON + timedelta(days=1),
    decision_id: str | None = None,
    nomenclature: str = "small",
) -> Label:
    """A human's code for the filing of that number."""
    return Label(
        formality_id=f"f-{number}",
        decision_id=decision_id,
        code=code,
        nomenclature=nomenclature,
        origin=origin,
        labelled_by="agent-1",
        labelled_at=at,
    )


def item(message: Decision | Label | bytes | None, offset: int, topic: str | None = None) -> Item:
    """A message as it stands on its topic, a second after it was made."""
    value = message if isinstance(message, bytes) or message is None else encode(message)
    moment = NOON + timedelta(days=40)
    if isinstance(message, Decision):
        topic, moment = topic or topics.TOPIC_OF_ROUTE[message.route.value], message.decided_at
    elif isinstance(message, Label):
        topic, moment = topics.LABELLED, message.labelled_at
    return Item(int(moment.timestamp() * 1000) + 1_000, topic or topics.REVIEW, 0, offset, value)


def small_reader() -> Reader:
    """Reads messages about the small nomenclature; no model is known."""
    return Reader({name: name for name in WATCHED}, Copies(), path_of, CachedTextMeasurer({}).measure)


def read_all(reader: Reader, items: list[Item], found: Reading) -> list[dict[str, Any]]:
    """Few messages, one by one: the decisions themselves."""
    decisions: list[dict[str, Any]] = []
    for part in reader.read(items, found):
        assert not isinstance(part, DecisionColumns)
        decisions += part
    return decisions
