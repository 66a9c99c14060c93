"""Decisions as a worker writes them, of simulated filings that a real model has decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from pydantic_core import from_json, to_json

from models.decide import decide_batch
from schemas import topics
from schemas.codec import decode_formalities, encode
from schemas.decision import Decision, Route, Source
from schemas.label import Label, LabelOrigin
from stream.bootstrap import Deciding, open_deciding
from stream.records import Outgoing
from stream.settings import Settings, read_settings
from tests.bench.texts import DISTINCT, messages

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
CHUNK = 1_000
SAMPLE, REVIEWED = 2_000, 0.2
"""Filings by which the threshold is chosen, and the share for review."""
LABELLED = 20
"""One decision for review in so many has its label at once."""
INSTANTS = (b"received_at", b"decided_at", b"labelled_at")
RATE = 200
"""Filings a second of event time: five million are seven hours, so that windows roll."""


@dataclass(frozen=True)
class Message:
    """One decision or label, with the parts of it that a repetition changes."""

    topic: str
    key: bytes
    value: bytes


def decided(dataset: str, count: int, deciding: Deciding) -> Iterator[Decision]:
    """Decisions of that many filings of a set of `tests.bench.texts`, as the policy routes them."""
    filed = messages(dataset, count)
    for start in range(0, count, CHUNK):
        chunk = filed[start : start + CHUNK]
        read = [decode_formalities(m.value, key=m.key, timestamp=BEGAN)[0] for m in chunk]
        for number, made in enumerate(decide_batch(read, model=deciding.model, policy=deciding.policy), start):
            at = BEGAN + timedelta(seconds=number / RATE)
            source = Source(topics.RECEIVED, number % 12, number, at)
            when = {"received_at": at, "decided_at": at + timedelta(milliseconds=4), "source": source}
            yield made.model_copy(update=when)


def open_for(settings: Settings) -> Deciding:
    """A model and the threshold at which one filing in five is for review: the join must have work."""
    deciding = open_deciding(settings)
    confidences = [made.confidence_index or 0.0 for made in decided(DISTINCT, SAMPLE, deciding)]
    return open_deciding(settings.model_copy(update={"threshold": float(np.quantile(confidences, REVIEWED))}))


def messages_of(decisions: Iterator[Decision]) -> Iterator[Message]:
    """Each decision on its topic, and some labels after theirs."""
    for number, made in enumerate(decisions):
        key = made.formality_id.encode()
        yield Message(topics.TOPIC_OF_ROUTE[made.route.value], key, encode(made))
        if made.route is Route.REVIEW and number % LABELLED == 0:
            label = Label(
                formality_id=made.formality_id,
                code=made.code,
                nomenclature=made.nomenclature,
                origin=LabelOrigin.REVIEW,
                labelled_by="bench",
                labelled_at=made.decided_at,
            )
            yield Message(topics.LABELLED, key, encode(label))


def make_pool(model: Path, filings: int) -> list[Message]:
    """Messages of that many filings; run in a process of its own, since a model takes memory."""
    return list(messages_of(decided(DISTINCT, filings, open_for(read_settings(model=model)))))


def outgoing(messages: Iterator[Message], settings: Settings) -> Iterator[Outgoing]:
    """For a producer."""
    return (Outgoing(settings.topic(m.topic), m.key, m.value) for m in messages)


class Repeated:
    """A pool of messages over and over, each round with ids and instants of its own."""

    def __init__(self, pool: list[Message]) -> None:
        self._pool = [(m.topic, _template(m.value)) for m in pool]

    def messages(self, count: int) -> Iterator[Message]:
        """That many."""
        for number, (topic, template) in enumerate(islice(cycle(self._pool), count)):
            at = (BEGAN + timedelta(seconds=number / RATE)).isoformat().encode()
            key = b"filing-%d" % number
            # Told apart by their first digits, as hashes are.
            given = {b"formality_id": key, b"decision_id": b"%08x%024x" % (number, number)}
            yield Message(topic, key, template % (given | dict.fromkeys(INSTANTS, at)))


def _template(value: bytes) -> bytes:
    """The message with a place for each field that a repetition changes."""
    fields = from_json(value)
    names = [name for name in (b"formality_id", b"decision_id", *INSTANTS) if fields.get(name.decode())]
    marked = to_json(fields | {name.decode(): f"@{name.decode()}@" for name in names}).replace(b"%", b"%%")
    for name in names:
        marked = marked.replace(b"@%s@" % name, b"%%(%s)s" % name)
    return marked
