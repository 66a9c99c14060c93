"""Faust's consumer, handing over what was fetched as one batch a partition.

Faust moves every message by itself through a task, a closure and a queue: half of its overhead
(docs/adr/0002-batches-in-faust.md has the profile). Its extension points allow better: this
consumer puts everything a fetch brought for one partition into the agent's channel as one event.
The event's message bears the offset of the last record, so Faust's own tracking, rebalancing and
commit work on whole batches. Batches of a partition are acknowledged in order (stream/worker/
outbox.py), so a commit needs no search for gaps: the last acknowledged offset is the position.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import structlog
from aiokafka.errors import IllegalStateError
from faust.events import Event
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Consumer, Transport
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from stream.records import Record, from_milliseconds
from stream.worker.health import Position

FETCH_TIMEOUT_SECONDS = 1.0
EMBEDDED_FETCH_WAIT_MILLISECONDS = 10
ROOM_POLL_SECONDS = 0.002
"""How often to look whether the agent has taken a batch. Waiting in the queue's own `put` would
not end when a rebalance empties the queue, and would hold the rebalance up."""


log = structlog.get_logger(__name__)


class _ImpatientThread(AIOKafkaConsumerThread):
    """Faust's consumer thread for a broker that answers a fetch only when its wait is over.

    Kafka answers as soon as there is something; librdkafka's embedded broker lets the whole wait
    pass, and Faust asks for 1.5 s of it.
    """

    def _create_consumer(self, loop: asyncio.AbstractEventLoop) -> Any:
        consumer: Any = super()._create_consumer(loop)
        consumer._fetch_max_wait_ms = EMBEDDED_FETCH_WAIT_MILLISECONDS
        return consumer


class BatchConsumer(Consumer):
    """Delivers lists of `Record` instead of single messages."""

    def _new_consumer_thread(self) -> AIOKafkaConsumerThread:
        if getattr(self.transport, "embedded_broker", False):
            return _ImpatientThread(self, loop=self.loop, beacon=self.beacon)
        return super()._new_consumer_thread()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._next_offset: dict[TP, int] = {}
        """Acknowledged position of each partition, not yet committed."""
        self.last_commit_at: float | None = None
        """Seconds since the epoch."""
        self._let_go: set[TP] = set()
        """Partitions with records that were fetched and not handed over."""

    async def _drain_messages(self, fetcher: Any) -> None:
        """Fetch and hand over until stopped; replaces Faust's loop over single messages."""
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait(self.can_resume_flow)  # type: ignore[arg-type]
                    continue
                if self._let_go:
                    await self._fetch_again()
                    continue
                generation = self.app.consumer_generation_id
                records, _ = await self._wait_next_records(FETCH_TIMEOUT_SECONDS)
                # The fetch is a hop to Faust's consumer thread; give way even when it brought nothing.
                await asyncio.sleep(0)
                for partition, fetched in (records or {}).items():
                    if not await self._hand_over(partition, fetched, generation):
                        self._let_go.add(partition)
        except self.consumer_stopped_errors:
            if not self.app.should_stop:
                raise

    async def _fetch_again(self) -> None:
        """Seek back to where handing over stands, for what was fetched and let go.

        A fetch that began before a rebalance may bring records of the new assignment. The client's
        position is beyond them then, and Faust's own seek came before: without this one they would
        be skipped, and the next commit would pass over them.
        """
        generation = self.app.consumer_generation_id
        self._let_go &= self.assignment()
        try:
            for partition in self._let_go:
                position = self._read_offset[partition]
                if position:
                    await self.seek_wait({partition: position})
                else:
                    await self._thread.seek_to_beginning(partition)
        except (IllegalStateError, TimeoutError):
            # Another rebalance took the partition: looked at again once its flow is resumed.
            return
        if generation == self.app.consumer_generation_id and self.flow_active:
            self._let_go.clear()

    async def _hand_over(self, partition: TP, fetched: list[Any], generation: int) -> bool:
        """Put one partition's records into the agent's channel; `False` when a rebalance has begun.

        What is not handed over is fetched again (see `_fetch_again`), and a handed-over event of an
        older generation is dropped by the stream, after which Faust seeks to the committed offset.
        """
        if not fetched:
            return True
        self._notice_reset(partition, fetched[0].offset)
        conductor: Any = self.app.topics
        channel = next(iter(conductor._tp_index[partition]), None)
        if channel is None or not await self._room(channel.queue):
            return False
        if generation != self.app.consumer_generation_id or not self.flow_active:
            return False
        channel.queue.put_nowait(self._event(partition, fetched))
        self._read_offset[partition] = fetched[-1].offset + 1
        return True

    def _notice_reset(self, partition: TP, offset: int) -> None:
        """Follow a topic whose offsets began anew (made again, or truncated): nothing of it is old.

        Faust would drop everything below the position it remembers, and never commit below it.
        """
        position = self._read_offset[partition]
        if position is not None and offset < position:
            log.warning("offsets_went_back", topic=partition.topic, partition=partition.partition, to=offset)
            self._committed_offset[partition] = None

    async def _room(self, queue: asyncio.Queue[Any]) -> bool:
        """Wait until the agent has taken what lies in the channel, or a rebalance suspends the flow."""
        while queue.full():
            if not self.flow_active:
                return False
            await asyncio.sleep(ROOM_POLL_SECONDS)
        return True

    def _event(self, partition: TP, fetched: list[Any]) -> Event:
        message: ConsumerMessage = self._to_message(partition, fetched[-1])
        message.incref()
        return Event(self.app, None, [_record(record) for record in fetched], {}, message)

    def ack(self, message: Any) -> bool:
        """Note that a batch, and with it everything before it, is done.

        A batch the agent never took (the stream drops what a rebalance overtook) is not tracked,
        and is no progress.
        """
        if message.acked or not message.tracked:
            return False
        message.acked = True
        self._unacked_messages.discard(message)
        if message.generation_id == self.app.consumer_generation_id:
            self._next_offset[message.tp] = message.offset + 1
        if self._waiting_for_ack is not None and not self._waiting_for_ack.done():
            self._waiting_for_ack.set_result(None)
        return True

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return iter([tp for tp in self._next_offset if topics is None or tp in topics or tp.topic in topics])

    def _new_offset(self, tp: TP) -> int | None:
        return self._next_offset.get(tp)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        """Commit; the position stays pending until the broker has it."""
        committed = bool(await super()._commit(offsets))
        if committed:
            self.last_commit_at = time.time()
            for tp, offset in offsets.items():
                if self._next_offset.get(tp) == offset:
                    del self._next_offset[tp]
        return committed

    def positions(self) -> dict[int, Position]:
        """Committed offset and end of each assigned partition, as far as known here."""
        try:
            assigned = self.assignment()
        except ConsumerNotStarted:
            return {}
        idle = not self._unacked_messages and not self._handed_over()
        return {
            tp.partition: Position(
                self._committed_offset.get(tp), self.highwater(tp), read_to_the_end=idle and self._at_the_end(tp)
            )
            for tp in assigned
        }

    def _handed_over(self) -> bool:
        """Whether a batch lies in a channel that the agent has not taken."""
        conductor: Any = self.app.topics
        return any(not channel.queue.empty() for channels in conductor._tp_index.values() for channel in channels)

    def _at_the_end(self, tp: TP) -> bool:
        """Whether nothing is left to fetch; markers of transactions count as read, not as messages."""
        assignment = self._thread._ensure_consumer()._subscription.subscription.assignment
        state = assignment.state_value(tp) if assignment is not None else None
        end = self.highwater(tp)
        return state is not None and end is not None and state.has_valid_position and state.position >= end

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: Faust only logs here what `Health` tells, and asserts that a partition has a position.

        After a rebalance it has none until the first fetch; the assertion would end a worker that is well.
        """

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Let go of partitions; what was acknowledged is committed by Faust first."""
        await super().on_partitions_revoked(revoked)
        for tp in revoked:
            self._next_offset.pop(tp, None)


class BatchTransport(Transport):
    """Faust's Kafka transport with `BatchConsumer`."""

    Consumer: ClassVar[type[BatchConsumer]] = BatchConsumer
    embedded_broker = False


def _record(fetched: Any) -> Record:
    return Record(
        topic=fetched.topic,
        partition=fetched.partition,
        offset=fetched.offset,
        timestamp=from_milliseconds(fetched.timestamp),
        key=fetched.key,
        value=fetched.value,
        headers=fetched.headers,
    )
