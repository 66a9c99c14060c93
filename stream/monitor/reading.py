"""From messages to what is watched; a message that cannot be read is counted and passed over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
from pydantic_core import from_json

from monitoring.decision_columns import DecisionColumns
from monitoring.judged import HOUR_SECONDS, MILLIONTHS, Made, MadeCount
from monitoring.layout import Floats
from schemas import topics
from schemas.codec import decode
from schemas.decision import Route, Stage
from schemas.errors import UnreadableMessage
from schemas.instant import seconds_of
from schemas.label import Label
from stream.kafka.merged import Item
from stream.monitor.column_reading import ColumnReader
from stream.monitor.copies import Copies
from stream.monitor.decoding import MAX_THRESHOLD, NotColumns, decode_decisions
from stream.monitor.rows import Batch, DecisionRow, LabelRow, PathOf
from stream.monitor.text_measures import MeasuresMany

DECISIONS = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED)
WATCHED = (*DECISIONS, topics.LABELLED)
ROUTES = frozenset(route.value for route in Route)
STAGES = frozenset(stage.value for stage in Stage)
REVIEW = Route.REVIEW.value
FEW = 16
"""So many messages are read one by one: columns would cost more."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, UnreadableMessage)


@dataclass(slots=True)
class Reading:
    """What a batch of messages says.

    Parameters
    ----------
    batch
        For the join; complete once `made` is in it.
    made
        Decisions by hour, lane, model and policy version.
    confidence
        Confidence indices, where there is one, one by one or many together.
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

    batch: Batch = field(default_factory=Batch)
    made: dict[tuple[int, str, str, str], MadeCount] = field(default_factory=dict)
    confidence: list[float | Floats] = field(default_factory=list)
    threshold: float | None = None
    model_version: str = ""
    latest: float = 0.0
    messages: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    unknown_codes: int = 0

    def confidences(self) -> Floats:
        """All of them, shape (n,)."""
        return np.concatenate([np.empty(0), *map(np.atleast_1d, self.confidence)])

    def close(self) -> None:
        """Everything is read."""
        self.batch.made = {Made(*key): count for key, count in self.made.items()}


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
    measure
        Of the texts of many filings.
    """

    def __init__(self, names: Mapping[str, str], copies: Copies, path_of: PathOf, measure: MeasuresMany) -> None:
        self._names = names
        self._columns = ColumnReader(copies, path_of, measure)
        self._copies = copies
        self._path_of = path_of
        self._decided_at = ("", 0.0)

    def read(self, items: Sequence[Item], found: Reading) -> Iterator[DecisionColumns | Iterable[dict[str, Any]]]:
        """Read messages in their order into `found`; gives the decisions seen for the first time.

        Each part is to be used up before the next is asked for.
        """
        last, counts = {item[1:3]: item.offset for item in items}, Counter(map(_topic, items))
        found.batch.offsets |= {place: offset + 1 for place, offset in last.items()}
        found.messages.update({self._names[topic]: count for topic, count in counts.items()})
        labelled = {topic for topic in counts if self._names[topic] == topics.LABELLED}
        decisions = [item for item in items if item.topic not in labelled] if labelled else items
        for item in items if labelled else ():
            if item.topic in labelled:
                try:
                    self._label(item, found)
                except UNREADABLE:
                    found.unreadable[topics.LABELLED] += 1
        yield from self._parts(decisions, found)

    def _parts(self, items: Sequence[Item], found: Reading) -> Iterator[DecisionColumns | Iterable[dict[str, Any]]]:
        """All at once where all are of the usual form; else halves, so that one that is not costs the others little."""
        if len(items) < FEW:
            yield self._one_by_one(items, found)
            return
        try:
            decoded = decode_decisions([item.value for item in items])
        except NotColumns:
            middle = len(items) // 2
            yield from self._parts(items[:middle], found)
            yield from self._parts(items[middle:], found)
            return
        written_at = np.array([item.timestamp for item in items]) / 1000
        columns = self._columns.read(decoded, written_at, found)
        if len(columns):
            yield columns

    def _one_by_one(self, items: Iterable[Item], found: Reading) -> Iterator[dict[str, Any]]:
        """One at a time: it is let go while it is still in the processor's cache."""
        for item in items:
            try:
                decision = from_json(item.value or b"")
                fresh = self._decision(decision, item.timestamp / 1000, found)
            except UNREADABLE:
                found.unreadable[self._names[item.topic]] += 1
                continue
            if fresh:
                yield decision

    def _decision(self, decision: dict[str, Any], written_at: float, found: Reading) -> bool:
        """Take in a decision; whether it is seen for the first time."""
        _check(decision)
        lane, code, audit = decision["route"], decision.get("code"), decision["audit"]
        model_version = decision["model_version"]
        said = decision["decided_at"]
        if said != self._decided_at[0]:
            # The worker gives a whole batch one instant.
            self._decided_at = said, seconds_of(said)
        decided_at = min(self._decided_at[1], written_at)
        if self._copies.is_copy(decision["decision_id"]):
            found.copies += 1
            return False
        if code and self._path_of(decision["nomenclature"], code) is None:
            found.unknown_codes += 1
        key = (int(decided_at // HOUR_SECONDS), lane, model_version, decision["policy_version"])
        count = found.made.get(key)
        if count is None:
            count = found.made[key] = MadeCount()
        count.decisions += 1
        count.audited += audit
        candidates, confidence = decision["candidates"], decision.get("confidence_index")
        if candidates:
            count.probability += int(candidates[0]["probability"] * MILLIONTHS)
        if audit or lane == REVIEW:
            found.batch.decisions.append(_row(decision, decided_at))
        if confidence is not None:
            found.confidence.append(confidence)
            found.threshold = decision.get("threshold")
        if decided_at > found.latest:
            found.latest = decided_at
        found.model_version = model_version
        return True

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
        decision.get("code") or "",
        decision["nomenclature"],
        decision["model_version"],
        decision["policy_version"],
        decision["audit"],
    )


def _check(decision: Mapping[str, Any]) -> None:
    """Raise where a field that is used is not of its form: a whole batch must not fail for one of them.

    Validating the message as a whole costs more than all the rest. The filing's own fields are looked
    at where they are read (`monitoring.observations`).
    """
    code, confidence, threshold = decision.get("code"), decision.get("confidence_index"), decision.get("threshold")
    if (
        set(map(type, _texts(decision))) != _TEXT
        or (code is not None and type(code) is not str)
        or type(decision["audit"]) is not bool
        or decision["route"] not in ROUTES
        or decision["stage"] not in STAGES
        or type(decision["formality"]) is not dict
        or (confidence is not None and not 0.0 <= confidence <= 1.0)
        or (threshold is not None and not 0.0 <= threshold <= MAX_THRESHOLD)
    ):
        raise ValueError("a field is not of its form")
    for part in decision["candidates"]:
        if not 0.0 <= part["probability"] <= 1.0:
            raise ValueError("a probability")


_texts = itemgetter(
    *("decision_id", "formality_id", "nomenclature", "model_version", "policy_version", "decided_at", "received_at")
)
_topic = attrgetter("topic")
_TEXT = {str}
