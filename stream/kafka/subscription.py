"""Reading topics in a consumer group, from offsets of our own choosing, column by column."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stream.errors import BrokerUnavailable
from stream.kafka.admin import Partition
from stream.kafka.configuration import consumer_configuration
from stream.kafka.reader import BUFFER_KILOBYTES, PASSING
from stream.records import Messages
from stream.settings import Settings

ANSWER_SECONDS = 15.0
Begin = Callable[[Partition, int, int], int]
Gone = Callable[[Collection[Partition]], None]


class Subscription:
    """A member of a consumer group that does not start at the committed offsets.

    Parameters
    ----------
    begin
        Asked for each partition that is given to us: with its first offset held and its end, the
        offset to read from.
    gone
        Told of partitions that are taken from us.
    """

    def __init__(self, settings: Settings, topics: Collection[str], *, group: str, begin: Begin, gone: Gone) -> None:
        self._begin = begin
        self._gone = gone
        self._failure: Exception | None = None
        self._ended: set[Partition] = set()
        self.owned: set[Partition] = set()
        self._consumer = Consumer(_configuration(settings, group))
        self._consumer.subscribe(list(topics), on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)

    def fetch(self, most: int, timeout_seconds: float) -> dict[Partition, Messages]:
        """What has come, at most `most` messages; empty after the timeout.

        Raises
        ------
        BrokerUnavailable
            Kafka refuses, or has removed what was to be read next.
        """
        try:
            fetched: list[Any] = self._consumer.consume(most, timeout=timeout_seconds)
        except KafkaException as refusal:
            raise BrokerUnavailable(f"Kafka, reading: {refusal.args[0].str()}") from refusal
        if self._failure is not None:
            raise self._failure
        found: dict[Partition, list[Any]] = {}
        for message in fetched:
            error = message.error()
            place = (message.topic(), message.partition())
            if error is not None:
                self._heed(error, place)
                continue
            if place in self._ended:
                self._ended.discard(place)
            found.setdefault(place, []).append(message)
        return {place: _columns(of_place) for place, of_place in found.items()}

    def at_the_end(self) -> bool:
        """Whether partitions are ours and nothing more stands on any of them."""
        return bool(self.owned) and self._ended >= self.owned

    def has_ended(self, place: Partition) -> bool:
        """Whether nothing more stands on a partition, as far as is known."""
        return place in self._ended

    def ends(self) -> dict[Partition, int]:
        """The end of each partition of ours, as the last answer of the broker had it."""
        return {
            place: self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)[1] for place in self.owned
        }

    def commit(self, offsets: Mapping[Partition, int]) -> str | None:
        """Tell the group how far we are; why it was refused, if it was."""
        try:
            self._consumer.commit(
                offsets=[TopicPartition(*place, offset) for place, offset in offsets.items()], asynchronous=False
            )
        except KafkaException as error:
            return str(error.args[0].str())
        return None

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _heed(self, error: KafkaError, place: Partition) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self._ended.add(place)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise BrokerUnavailable(
                f"{place[0]}, partition {place[1]}: the topic has removed what was to be read next;"
                " a restart goes on with what it still holds and notes the gap"
            )
        elif not error.retriable() and error.code() not in PASSING:
            raise BrokerUnavailable(f"Kafka, reading {place[0]}: {error.str()}")

    def _assign(self, consumer: Consumer, partitions: Iterable[Any]) -> None:
        # An exception would be lost in librdkafka's callback: it is kept for `fetch`.
        try:
            for partition in partitions:
                low, high = consumer.get_watermark_offsets(partition, timeout=ANSWER_SECONDS)
                partition.offset = self._begin((partition.topic, partition.partition), low, high)
            consumer.incremental_assign(list(partitions))
            self.owned |= {(partition.topic, partition.partition) for partition in partitions}
        except KafkaException as error:
            self._failure = BrokerUnavailable(f"Kafka, asking for the bounds of a topic: {error.args[0].str()}")
        except Exception as error:
            self._failure = error

    def _revoke(self, consumer: Consumer, partitions: Iterable[Any]) -> None:
        places = {(partition.topic, partition.partition) for partition in partitions}
        self.owned -= places
        self._ended -= places
        self._gone(places)
        consumer.incremental_unassign(list(partitions))


def _columns(messages: Sequence[Any]) -> Messages:
    return Messages(
        [message.offset() for message in messages],
        [message.timestamp()[1] for message in messages],
        [message.key() for message in messages],
        [message.value() for message in messages],
        [message.headers() or () for message in messages],
    )


def _configuration(settings: Settings, group: str) -> dict[str, Any]:
    return consumer_configuration(settings) | {
        "group.id": f"{settings.topic_prefix}{group}",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(settings.session_timeout_seconds * 1000),
        # What is no longer there is a gap, and a gap is said.
        "auto.offset.reset": "error",
        "queued.max.messages.kbytes": BUFFER_KILOBYTES,
        "fetch.wait.max.ms": 100,
    }
