"""All partitions of some topics as one stream in the order of time, without a consumer group's assignment.

A client hands over partition by partition: when it catches up, an hour of the first comes before a
minute of the second. Here a message is given once no other partition can still bring an earlier
one, so that windows and detectors see a history in the order it happened, and see it so again when
it is read again. A partition's own order stays, whatever its writers' clocks. What is at its end
holds nobody up, and nothing is held for more than a moment.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from stream.errors import BrokerUnavailable
from stream.kafka.admin import Partition
from stream.kafka.configuration import consumer_configuration
from stream.kafka.reader import PASSING
from stream.settings import Settings

GRACE_SECONDS = 1.0
"""A message is handed over so long after it came: what was written before it may come a little later."""
HOLD_SECONDS = 3.0
"""A partition that says nothing for so long, neither message nor end, holds the others up no more."""
AHEAD = 8_000
"""Messages that may wait for the other partitions, all together, before the fetching of some is paused."""
AHEAD_AT_LEAST = 500
BUFFER_KILOBYTES = 8_192
"""Fetched and not yet asked for."""
FETCH_BYTES, FETCH_ALL_BYTES = 262_144, 4_194_304
"""Of one partition, and of all of them, in one answer of the broker: an answer stays in memory as long as one
message of it does. Small ones also keep partitions in step with each other, so that little waits to be merged."""
REQUEST_SECONDS = 2.0


class Item(NamedTuple):
    """One message; tuples of different partitions compare in the order of the merged stream.

    Parameters
    ----------
    timestamp
        The broker's, milliseconds since the epoch.
    """

    timestamp: int
    topic: str
    partition: int
    offset: int
    value: bytes | None


_item = partial(tuple.__new__, Item)
"""The same at half the price: there is one for every message."""


class Merge:
    """The merging alone: messages and ends go in, what is in order comes out. Time is an argument.

    Examples
    --------
    >>> merge = Merge([("a", 0), ("b", 0)], now=0.0)
    >>> merge.put(("a", 0), [Item(20, "a", 0, 5, b"")], now=0.0)
    >>> merge.put(("b", 0), [Item(10, "b", 0, 9, b"")], now=0.0)
    >>> [item.timestamp for item in merge.take(now=1.1)]
    [10]
    >>> merge.at_end(("b", 0), now=1.1); [item.timestamp for item in merge.take(now=1.1)]
    [20]
    """

    def __init__(self, places: list[Partition], now: float) -> None:
        self._waiting: dict[Partition, deque[Item]] = {place: deque() for place in places}
        self._ended: set[Partition] = set()
        self._newest: dict[Partition, int] = dict.fromkeys(places, -1)
        self._heard: dict[Partition, float] = dict.fromkeys(places, now)
        self._broker_clock = -inf
        """How far the broker's clock is ahead of ours, as seen by messages that have just come."""

    def put(self, place: Partition, items: Sequence[Item], now: float) -> None:
        """Messages of one partition, after those before them."""
        newest = max(item.timestamp for item in items)
        self._broker_clock = max(self._broker_clock, newest / 1000 - now)
        self._waiting[place].extend(items)
        self._newest[place] = max(newest, self._newest[place])
        self._heard[place] = now
        self._ended.discard(place)

    def at_end(self, place: Partition, now: float) -> None:
        """A partition has no more for now."""
        self._ended.add(place)
        self._heard[place] = now

    def add(self, place: Partition, now: float) -> None:
        """One more partition."""
        self._waiting[place] = deque()
        self._newest[place], self._heard[place] = -1, now

    def take(self, now: float) -> list[Item]:
        """What no partition can precede any more, in order.

        Of each partition that is all up to some offset, in the order of its offsets: writers' clocks differ,
        and a later offset may bear an earlier time. The last of a partition says where to go on.
        """
        bound = (now + self._broker_clock - GRACE_SECONDS) * 1000
        for place, newest in self._newest.items():
            if place not in self._ended and newest < bound and now - self._heard[place] <= HOLD_SECONDS:
                bound = newest
        runs: list[list[Item]] = []
        for waiting in self._waiting.values():
            run: list[Item] = []
            while waiting and waiting[0].timestamp <= bound:
                run.append(waiting.popleft())
            runs.append(run)
        # Merged and not sorted: a run stays in its order where its times do not.
        return list(heapq.merge(*runs))

    def ahead(self) -> set[Partition]:
        """Partitions with so much waiting that they need not be fetched."""
        waiting = {place: len(items) for place, items in self._waiting.items()}
        if sum(waiting.values()) <= AHEAD:
            # The client forgets what it has fetched of a partition that is paused, and fetches it again.
            return set()
        limit = max(AHEAD_AT_LEAST, AHEAD // len(waiting))
        return {place for place, count in waiting.items() if count > limit}

    def ended(self) -> bool:
        """Whether every partition is at its end and nothing waits."""
        return len(self._ended) == len(self._waiting) and not any(self._waiting.values())


class MergedConsumer:
    """Reads assigned partitions from given offsets for ever.

    Parameters
    ----------
    group
        Under which the offsets read are shown to lag tools; nobody resumes from them.
    starts
        (topic, partition) -> first offset.
    """

    def __init__(self, settings: Settings, *, group: str, starts: Mapping[Partition, int], now: float) -> None:
        self._merge = Merge(list(starts), now)
        self._consumer = Consumer(
            consumer_configuration(settings)
            | {
                "group.id": group,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": BUFFER_KILOBYTES,
                "fetch.message.max.bytes": FETCH_BYTES,
                "fetch.max.bytes": FETCH_ALL_BYTES,
                "fetch.wait.max.ms": 100,
                "topic.metadata.refresh.interval.ms": 30_000,
            }
        )
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in starts.items()])
        self._paused: set[Partition] = set()

    def poll(self, most: int, timeout_seconds: float) -> list[Item]:
        """What is in order by now; may be empty.

        Raises
        ------
        BrokerUnavailable
            The broker refuses a partition for good. That it is away is no error: it may come back.
        """
        fetched = self._consumer.consume(most, timeout=timeout_seconds)
        now = time.monotonic()
        came: dict[Partition, list[Item]] = {}
        ended: set[Partition] = set()
        for message in fetched:
            error = message.error()
            # The client says `None` for messages that are no partition's: errors of its own.
            place: Partition = (message.topic(), message.partition())  # type: ignore[assignment]
            if error is None:
                ended.discard(place)
                made = (message.timestamp()[1], *place, message.offset(), message.value())
                came.setdefault(place, []).append(_item(made))
            elif error.code() == KafkaError._PARTITION_EOF:
                ended.add(place)
            else:
                self._pass(error)
        for place, items in came.items():
            self._merge.put(place, items, now)
        for place in ended:
            self._merge.at_end(place, now)
        taken = self._merge.take(now)
        self._hold_back()
        return taken

    def _pass(self, error: KafkaError) -> None:
        """A broker that is away may come back; a refusal is for good."""
        if not error.retriable() and error.code() not in PASSING:
            raise BrokerUnavailable(f"Kafka, reading: {error.str()}")

    def _hold_back(self) -> None:
        ahead = self._merge.ahead()
        if ahead == self._paused:
            return
        if pause := ahead - self._paused:
            self._consumer.pause([TopicPartition(*place) for place in pause])
        if resume := self._paused - ahead:
            self._consumer.resume([TopicPartition(*place) for place in resume])
        self._paused = ahead

    def add(self, starts: Mapping[Partition, int], now: float) -> None:
        """Read further partitions as well."""
        for place in starts:
            self._merge.add(place, now)
        self._consumer.incremental_assign([TopicPartition(*place, offset) for place, offset in starts.items()])

    def at_end(self) -> bool:
        """Whether all there was has been handed over."""
        return self._merge.ended()

    def answers(self, place: Partition) -> bool:
        """Whether the broker is there: asked when nothing comes."""
        try:
            self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=REQUEST_SECONDS)
        except KafkaException:
            return False
        return True

    def ends(self) -> dict[Partition, int]:
        """Offset the next message gets, as far as the last fetches tell."""
        found = {}
        for part in self._consumer.assignment():
            end = self._consumer.get_watermark_offsets(part, cached=True)[1]
            if end >= 0:
                found[part.topic, part.partition] = end
        return found

    def show(self, positions: Mapping[Partition, int]) -> None:
        """Commit positions, for lag tools alone: without waiting, and without error when it fails."""
        if positions:
            offsets = [TopicPartition(*place, offset) for place, offset in positions.items()]
            self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
