"""Reading what stands on topics, from bounds to bounds, without a consumer group.

The bounds are fixed before the first message is read, so that a reading ends even while the topics
grow, and two readings of the same bounds give the same messages.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stream.errors import BrokerUnavailable
from stream.kafka.admin import Cluster, Partition
from stream.kafka.configuration import consumer_configuration
from stream.records import Record, from_milliseconds
from stream.settings import Settings

CHUNK = 1_000
WAIT_SECONDS = 0.1
"""A chunk that does not fill is handed over after this long."""
SILENCE_SECONDS = 30.0
BUFFER_KILOBYTES = 16_384
"""What librdkafka reads ahead, all partitions together: the bound on memory."""
PASSING = frozenset({KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE, KafkaError._TIMED_OUT})
"""librdkafka goes on trying; the silence ends it."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one partition: offsets from `start` up to, and without, `end`."""

    topic: str
    partition: int
    start: int
    end: int

    @property
    def offsets(self) -> int:
        """At most as many messages are in it; compaction and transactions leave gaps."""
        return max(0, self.end - self.start)


def spans_of(
    cluster: Cluster, topics: Collection[str], *, since: datetime | None = None, until: datetime | None = None
) -> list[Span]:
    """What the topics hold now, one span a partition.

    Parameters
    ----------
    topics
        Names on the broker; one that is not there raises `BrokerUnavailable`.
    since, until
        By the broker's time index: from the first message stamped `since` or later, up to the first
        stamped `until` or later. Where producers' clocks differ, a message between the two may be
        stamped a little outside: who needs it exact looks at `Record.timestamp` as well. And one
        stamped earlier than `until` may stand behind the end: who needs all of them looks further.
    """
    starts = cluster.beginnings(topics)
    ends = cluster.ends(topics)
    late = _offsets_at(cluster, topics, since)
    early = _offsets_at(cluster, topics, until)
    spans = []
    for place in sorted(ends):
        end = ends[place]
        start = starts[place] if since is None else _or(late.get(place), end)
        stop = end if until is None else min(end, _or(early.get(place), end))
        spans.append(Span(*place, start=max(start, starts[place]), end=stop))
    return spans


def read(
    settings: Settings,
    spans: Sequence[Span],
    *,
    silence_seconds: float = SILENCE_SECONDS,
    buffer_kilobytes: int = BUFFER_KILOBYTES,
) -> Iterator[Record]:
    """The messages of the spans, each partition in order, the partitions as they come.

    Joins no group, commits nothing and holds a few megabytes, however long the spans are. Messages
    that retention removes while the reading goes on are passed over.

    Parameters
    ----------
    silence_seconds
        How long a broker that owes us messages may send none.
    buffer_kilobytes
        Read ahead, all partitions of the reading together.

    Raises
    ------
    BrokerUnavailable
        The broker fell silent, or refuses a partition.
    """
    ends = {(span.topic, span.partition): span.end for span in spans if span.offsets}
    if not ends:
        return
    with _assigned(settings, [span for span in spans if span.offsets], buffer_kilobytes) as consumer:
        heard = time.monotonic()
        while ends:
            fetched = consumer.consume(CHUNK, timeout=WAIT_SECONDS)
            for message in fetched:
                if _within(message, ends):
                    yield record_of(message)
            if any(message.error() is None for message in fetched):
                # Counted from here: the time our reader spends on its records is not the broker's.
                heard = time.monotonic()
            elif time.monotonic() - heard > silence_seconds:
                raise BrokerUnavailable(f"Kafka has sent nothing for {silence_seconds:g} s in the middle of a reading")


def read_topics(
    settings: Settings, topics: Collection[str], *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[Record]:
    """All that the topics hold at the time of the call (see `spans_of` and `read`)."""
    return read(settings, spans_of(Cluster(settings), topics, since=since, until=until))


def record_of(message: Any) -> Record:
    """A client message as our own value."""
    return Record(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp=from_milliseconds(message.timestamp()[1]),
        key=message.key(),
        value=message.value(),
        headers=message.headers() or (),
    )


@contextmanager
def _assigned(settings: Settings, spans: Sequence[Span], buffer_kilobytes: int) -> Iterator[Consumer]:
    consumer = Consumer(_configuration(settings) | {"queued.max.messages.kbytes": buffer_kilobytes})
    try:
        consumer.assign([TopicPartition(span.topic, span.partition, span.start) for span in spans])
        yield consumer
    except KafkaException as error:
        raise BrokerUnavailable(f"Kafka, reading: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _configuration(settings: Settings) -> dict[str, Any]:
    return consumer_configuration(settings) | {
        # The client library wants a name; nothing joins it and nothing is committed to it.
        "group.id": f"{settings.topic_prefix}codiflux-reader",
        "auto.offset.reset": "earliest",
        "fetch.wait.max.ms": 50,
    }


def _within(message: Any, ends: dict[Partition, int]) -> bool:
    """Whether the message belongs to its span; a partition that is through leaves `ends`."""
    error = message.error()
    place = (message.topic(), message.partition())
    if error is None:
        end = ends.get(place)
        if end is None:
            return False
        if message.offset() >= end - 1:
            del ends[place]
        return bool(message.offset() < end)
    if error.code() == KafkaError._PARTITION_EOF:
        # The rest of the span was no message: removed, or the marker of a transaction.
        if message.offset() >= ends.get(place, 0):
            ends.pop(place, None)
        return False
    if error.retriable() or error.code() in PASSING:
        return False
    raise BrokerUnavailable(f"Kafka, reading {message.topic()}: {error.str()}")


def _offsets_at(cluster: Cluster, topics: Collection[str], instant: datetime | None) -> dict[Partition, int | None]:
    return {} if instant is None else cluster.offsets_at(topics, int(instant.timestamp() * 1000))


def _or(offset: int | None, otherwise: int) -> int:
    return otherwise if offset is None else offset
