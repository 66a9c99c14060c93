"""From messages to what is watched; a message that cannot be read is counted and passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from monitoring.judged import HOUR_SECONDS, MILLIONTHS, Made, MadeCount
from schemas import topics
from schemas.codec import decode
from schemas.decision import Route, Stage
from schemas.errors import UnreadableMessage
from schemas.formality import CODING_FIELDS
from schemas.label import Label
from stream.kafka.merged import Item
from stream.monitor.copies import Copies
from stream.monitor.rows import Batch, DecisionRow, LabelRow, PathOf

DECISIONS = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED)
WATCHED = (*DECISIONS, topics.LABELLED)
ROUTES = frozenset(route.value for route in Route)
STAGES = frozenset(stage.value for stage in Stage)
REVIEW = Route.REVIEW.value
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


@dataclass(slots=True)
class Reading:
    """What a batch of messages says.

    Parameters
    ----------
    decisions
        JSON objects of decisions seen for the first time, in order.
    batch
        For the join.
    confidence
        Confidence indices, where there is one.
    threshold
        What the last of them was held against.
    model_version
        Of the last decision.
    latest
        Latest event time, seconds since the epoch.
    messages, unreadable
        By topic, without prefix.
    labels
        By origin.
    """

    decisions: list[dict[str, Any]] = field(default_factory=list)
    batch: Batch = field(default_factory=Batch)
    confidence: list[float] = field(default_factory=list)
    threshold: float | None = None
    model_version: str = ""
    latest: float = 0.0
    messages: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    unknown_codes: int = 0


class Reader:
    """Reads batches.

    Parameters
    ----------
    names
        Name on the broker -> name of the topic table.
    copies
        Remembers the decisions seen.
    path_of
        Where a code stands in its nomenclature.
    """

    def __init__(self, names: Mapping[str, str], copies: Copies, path_of: PathOf) -> None:
        self._names = names
        self._copies = copies
        self._path_of = path_of
        self._decided_at = ("", 0.0)

    def read(self, items: Iterable[Item]) -> Reading:
        """Read messages in their order."""
        found = Reading()
        readers: dict[str, Callable[[Item, Reading], None]] = {
            name: self._label if topic == topics.LABELLED else self._decision for name, topic in self._names.items()
        }
        offsets = found.batch.offsets
        for item in items:
            topic = self._names[item.topic]
            offsets[item.topic, item.partition] = item.offset + 1
            found.messages[topic] += 1
            try:
                readers[item.topic](item, found)
            except UNREADABLE:
                found.unreadable[topic] += 1
            except UnreadableMessage:
                found.unreadable[topic] += 1
        return found

    def _decision(self, item: Item, found: Reading) -> None:
        decision = from_json(item.value or b"", allow_inf_nan=False)
        _check(decision)
        lane, code, audit = decision["route"], decision["code"], decision["audit"]
        model_version, nomenclature = decision["model_version"], decision["nomenclature"]
        said = decision["decided_at"]
        if said != self._decided_at[0]:
            # The worker gives a whole batch one instant.
            self._decided_at = said, datetime.fromisoformat(said).timestamp()
        decided_at = min(self._decided_at[1], item.timestamp / 1000)
        candidates = decision["candidates"]
        probability = int(candidates[0]["probability"] * MILLIONTHS) if candidates else 0
        confidence = decision["confidence_index"]
        if self._copies.is_copy(decision["decision_id"]):
            found.copies += 1
            return
        if code and self._path_of(nomenclature, code) is None:
            found.unknown_codes += 1
        key = Made(int(decided_at // HOUR_SECONDS), lane, model_version, decision["policy_version"])
        count = found.batch.made.get(key)
        if count is None:
            count = found.batch.made[key] = MadeCount()
        count.decisions += 1
        count.probability += probability
        count.audited += audit
        if audit or lane == REVIEW:
            found.batch.decisions.append(_row(decision, decided_at))
        if confidence is not None:
            found.confidence.append(confidence)
            found.threshold = decision["threshold"]
        if decided_at > found.latest:
            found.latest = decided_at
        found.model_version = model_version
        found.decisions.append(decision)

    def _label(self, item: Item, found: Reading) -> None:
        label = decode(Label, item.value or b"")
        labelled_at = min(label.labelled_at.timestamp(), item.timestamp / 1000)
        found.latest = max(found.latest, labelled_at)
        found.labels[label.origin.value] += 1
        found.batch.labels.append(
            LabelRow(
                label.formality_id,
                label.origin.value,
                labelled_at,
                label.code or "",
                label.nomenclature,
                label.decision_id or "",
            )
        )


def _row(decision: Mapping[str, Any], decided_at: float) -> DecisionRow:
    return DecisionRow(
        decision["decision_id"],
        decision["formality_id"],
        decided_at,
        decision["route"],
        decision["stage"],
        decision["code"] or "",
        decision["nomenclature"],
        decision["model_version"],
        decision["policy_version"],
        decision["audit"],
    )


def _check(decision: Mapping[str, Any]) -> None:
    """Raise where a field that is used is not of its form: a whole batch must not fail for one of them.

    Validating the message as a whole costs more than all the rest.
    """
    for name in _TEXTS:
        if type(decision[name]) is not str:
            raise ValueError(name)
    filing = decision["formality"]
    for name in _FILING_TEXTS:
        value = filing.get(name)
        if value is not None and type(value) is not str:
            raise ValueError(name)
    code, confidence = decision["code"], decision["confidence_index"]
    if (code is not None and type(code) is not str) or type(decision["audit"]) is not bool:
        raise ValueError("code or audit")
    for number in (confidence, decision["threshold"], *[part["probability"] for part in decision["candidates"]]):
        if number is not None and type(number) is not float and type(number) is not int:
            raise ValueError("a number")
    if decision["route"] not in ROUTES or decision["stage"] not in STAGES:
        raise ValueError("route or stage")


_TEXTS = (
    *("decision_id", "formality_id", "nomenclature", "model_version", "policy_version"),
    *("decided_at", "received_at"),
)
_FILING_TEXTS = CODING_FIELDS
