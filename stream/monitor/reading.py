"""From messages to what is watched; a message that cannot be read is counted and passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from monitoring.judged import MILLIONTHS, Made, MadeCount, hour_of
from schemas import topics
from schemas.codec import decode
from schemas.decision import Route
from schemas.errors import UnreadableMessage
from schemas.label import Label
from stream.kafka.merged import Item
from stream.monitor.copies import Copies
from stream.monitor.rows import Batch, DecisionRow, LabelRow, PathOf

DECISIONS = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED)
WATCHED = (*DECISIONS, topics.LABELLED)
ROUTES = frozenset(route.value for route in Route)
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
        lane, code, audit = decision["route"], decision["code"], decision["audit"]
        model_version, policy_version = decision["model_version"], decision["policy_version"]
        if lane not in ROUTES or type(model_version) is not str or type(policy_version) is not str:
            raise ValueError("a field is not of its form")
        decided_at = min(_seconds(decision["decided_at"]), item.timestamp / 1000)
        candidates = decision["candidates"]
        probability = int(float(candidates[0]["probability"]) * MILLIONTHS) if candidates else 0
        confidence, threshold = decision["confidence_index"], decision["threshold"]
        confidence = None if confidence is None else float(confidence)
        row = DecisionRow(
            decision["decision_id"],
            decision["formality_id"],
            decided_at,
            lane,
            decision["stage"],
            code or "",
            decision["nomenclature"],
            model_version,
            policy_version,
            bool(audit),
        )
        if self._copies.is_copy(row.decision_id):
            found.copies += 1
            return
        if code and self._path_of(row.nomenclature, code) is None:
            found.unknown_codes += 1
        key = Made(hour_of(decided_at), lane, model_version, policy_version)
        count = found.batch.made.get(key)
        if count is None:
            count = found.batch.made[key] = MadeCount()
        count.decisions += 1
        count.audited += row.audit
        count.probability += probability
        if row.audit or lane == Route.REVIEW.value:
            found.batch.decisions.append(row)
        if confidence is not None:
            found.confidence.append(confidence)
            found.threshold = threshold
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


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
