"""From a batch of records to the messages that must be written for it. No client in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from time import perf_counter
from typing import Protocol

import structlog

from models.coding import CodingModel
from models.decide import decide_batch, decision_id
from models.policy import Policy
from schemas import headers as h
from schemas import topics
from schemas.codec import encode
from schemas.decision import Decision, Route, Source
from schemas.formality import Formality
from schemas.reasons import DeadLetterReason
from stream.records import Outgoing, Record
from stream.worker.guard import Unreadable, dead_letter, read

CLOUD_EVENT_SOURCE = "/codiflux/worker"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record.

    Parameters
    ----------
    decisions
        One for each filing in it; empty for a dead letter, or when every filing was suppressed.
    wrong
        Why it is a dead letter, when it is.
    suppressed
        Filings already decided and acknowledged before, per Redis.
    messages
        What to write for it, in order.
    """

    record: Record
    decisions: tuple[Decision, ...]
    wrong: Unreadable | None
    suppressed: int
    messages: tuple[Outgoing, ...]


class AlreadyDecided(Protocol):
    """Answers which decisions were already acknowledged; empty when it cannot tell in time."""

    async def __call__(self, decision_ids: Sequence[str]) -> frozenset[str]:
        """The known ones among `decision_ids`."""
        ...


def unexplained(decisions: Sequence[Decision]) -> Mapping[str, bytes]:
    """The answer where decisions carry no reasons."""
    return {}


async def nothing_remembered(decision_ids: Sequence[str]) -> frozenset[str]:
    """The answer without Redis: nothing is known, everything is decided."""
    return frozenset()


@dataclass(frozen=True)
class Pipeline:
    """Decides batches.

    Parameters
    ----------
    name_of
        Topic -> its name on the broker (prefix).
    now
        The clock, for `decided_at`.
    already_decided
        Suppression of re-delivered filings.
    decided
        Told the size of each batch and the seconds its decisions took.
    explain
        Reasons of the decisions for review, by decision_id; they travel as a header.
    """

    model: CodingModel
    policy: Policy
    name_of: Callable[[str], str]
    now: Callable[[], datetime]
    already_decided: AlreadyDecided = nothing_remembered
    decided: Callable[[int, float], None] = lambda messages, seconds: None
    explain: Callable[[Sequence[Decision]], Mapping[str, bytes]] = unexplained

    async def process(self, records: Sequence[Record]) -> list[Outcome]:
        """Decide a batch: one outcome a record, in order. Never raises for what a record holds."""
        started = perf_counter()
        readings = [read(record) for record in records]
        known = await self._known(readings)
        pending: list[tuple[Record, Formality]] = [
            (record, formality)
            for record, reading in zip(records, readings, strict=True)
            if not isinstance(reading, Unreadable)
            for formality in reading
            if not known or self._id(formality) not in known
        ]
        results = self._decide(pending)
        decided, reasons = iter(results), self._reasons(results)
        outcomes = [
            self._outcome(record, reading, known, decided, reasons)
            for record, reading in zip(records, readings, strict=True)
        ]
        self.decided(len(records), perf_counter() - started)
        return outcomes

    async def _known(self, readings: Sequence[tuple[Formality, ...] | Unreadable]) -> frozenset[str]:
        if self.already_decided is nothing_remembered:
            return frozenset()
        return await self.already_decided(
            [self._id(f) for reading in readings if not isinstance(reading, Unreadable) for f in reading]
        )

    def _id(self, formality: Formality) -> str:
        return decision_id(formality, self.model.version, self.policy.version)

    def _decide(self, pending: Sequence[tuple[Record, Formality]]) -> list[Decision | Unreadable]:
        """Decide together; if the batch fails, one by one, so that only the culprit is a dead letter."""
        now = self.now()
        sources = {id(record): _source(record) for record, _ in pending}

        def together(chosen: Sequence[tuple[Record, Formality]]) -> list[Decision]:
            return decide_batch(
                [formality for _, formality in chosen],
                model=self.model,
                policy=self.policy,
                sources=[sources[id(record)] for record, _ in chosen],
                decided_at=now,
            )

        try:
            return list(together(pending))
        except Exception:
            return [self._alone(together, pair) for pair in pending]

    @staticmethod
    def _alone(
        together: Callable[[Sequence[tuple[Record, Formality]]], list[Decision]], pair: tuple[Record, Formality]
    ) -> Decision | Unreadable:
        try:
            return together([pair])[0]
        except Exception as error:
            return Unreadable(DeadLetterReason.PREDICTION_FAILED, f"{type(error).__name__} while deciding")

    def _reasons(self, results: Sequence[Decision | Unreadable]) -> Mapping[str, bytes]:
        """Reasons only help: without them the decisions go out all the same."""
        try:
            return self.explain([r for r in results if isinstance(r, Decision) and r.route is Route.REVIEW])
        except Exception as error:
            log.warning("decisions_without_reasons", error=type(error).__name__)
            return {}

    def _outcome(
        self,
        record: Record,
        reading: tuple[Formality, ...] | Unreadable,
        known: frozenset[str],
        decided: Iterator[Decision | Unreadable],
        reasons: Mapping[str, bytes],
    ) -> Outcome:
        if isinstance(reading, Unreadable):
            return self._dead(record, reading)
        fresh = [formality for formality in reading if self._id(formality) not in known] if known else reading
        results = [next(decided) for _ in fresh]
        for result in results:
            if isinstance(result, Unreadable):
                return self._dead(record, result)
        decisions = tuple(result for result in results if isinstance(result, Decision))
        messages = tuple(message for decision in decisions for message in self._messages(record, decision, reasons))
        return Outcome(record, decisions, None, len(reading) - len(fresh), messages)

    def _dead(self, record: Record, wrong: Unreadable) -> Outcome:
        message = dead_letter(record, wrong, self.name_of(topics.DEAD_LETTER))
        return Outcome(record, (), wrong, 0, (message,))

    def _messages(self, record: Record, decision: Decision, reasons: Mapping[str, bytes]) -> list[Outgoing]:
        value = encode(decision)
        key = decision.formality_id.encode()
        own = h.passed_through(record.headers) if record.headers else []
        if (because := reasons.get(decision.decision_id)) is not None:
            own.append((h.EXPLANATION, because))
        destinations = [topics.TOPIC_OF_ROUTE[decision.route]]
        if decision.audit:
            destinations.append(topics.AUDIT)
        return [
            Outgoing(self.name_of(topic), key, value, [*own, *cloud_event(decision, topic)]) for topic in destinations
        ]


def cloud_event(decision: Decision, topic: str) -> h.Headers:
    """CloudEvents 1.0 attributes of a decision, Kafka binary mode."""
    return [
        *_SAME_FOR_ALL[topic],
        (h.CE_ID, decision.decision_id.encode()),
        (h.CE_SUBJECT, decision.formality_id.encode()),
        (h.CE_TIME, _written(decision.decided_at, decision.decided_at.utcoffset())),
    ]


_SAME_FOR_ALL: Mapping[str, h.Headers] = {
    topic: [
        (h.CE_SPECVERSION, b"1.0"),
        (h.CE_SOURCE, CLOUD_EVENT_SOURCE.encode()),
        (h.CE_TYPE, kind.encode()),
        (h.CONTENT_TYPE, b"application/json"),
    ]
    for topic, kind in h.EVENT_TYPES.items()
}


@lru_cache(maxsize=16)
def _written(instant: datetime, offset: timedelta | None) -> bytes:
    """RFC 3339; a batch has one moment for all of its decisions. One moment at two offsets is written in two ways."""
    return instant.isoformat().encode()


def _source(record: Record) -> Source:
    return Source(record.topic, record.partition, record.offset, record.timestamp)
