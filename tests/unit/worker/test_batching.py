"""The consumer's bookkeeping: what is handed over, what is fetched again, what may be committed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP

from stream.worker.batching import BatchConsumer
from tests.unit.worker.fakes import NOW

PLACE = TP("formality.received", 0)
Fetched = list[Any]


def _fetched(*offsets: int) -> Fetched:
    common = {"topic": PLACE.topic, "partition": 0, "timestamp": int(NOW.timestamp() * 1000), "timestamp_type": 0}
    rest = {"key": None, "value": b"{}", "headers": (), "checksum": None}
    sizes = {"serialized_key_size": 0, "serialized_value_size": 2}
    return [SimpleNamespace(offset=offset, **common, **rest, **sizes) for offset in offsets]


class _Consumer(BatchConsumer):
    """Without a broker: fetches come from a script, seeks are noted."""

    def __init__(self, position: int | None, *fetches: Callable[[_Consumer], Fetched]) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=10)
        channels = defaultdict(list, {PLACE: [SimpleNamespace(queue=self.queue)]})
        self.app = SimpleNamespace(  # type: ignore[assignment]
            consumer_generation_id=1, topics=SimpleNamespace(_tp_index=channels), should_stop=False
        )
        self._next_offset, self._let_go, self._unacked_messages = {}, set(), set()  # type: ignore[assignment]
        self._read_offset = defaultdict(lambda: None, {PLACE: position})
        self._committed_offset = defaultdict(lambda: None, {PLACE: position})
        self._waiting_for_ack = None
        self.flow_active = True
        self.last_commit_at = None
        self._fetches = list(fetches)
        self.seeks: list[tuple[TP, int]] = []
        self._thread = SimpleNamespace(seek_to_beginning=self._beginning)  # type: ignore[assignment]

    @property
    def should_stop(self) -> bool:
        return not self._fetches and not self._let_go

    async def _wait_next_records(self, timeout: float) -> Any:
        return {PLACE: self._fetches.pop(0)(self)}, None

    def assignment(self) -> set[TP]:
        return {PLACE}

    async def seek_wait(self, partitions: Any) -> None:
        self.seeks += partitions.items()

    async def _beginning(self, place: TP) -> None:
        self.seeks.append((place, 0))

    def handed_over(self) -> list[list[int]]:
        return [[record.offset for record in event.value] for event in list(self.queue._queue)]  # type: ignore[attr-defined]

    def drain(self) -> None:
        asyncio.run(self._drain_messages(SimpleNamespace(should_stop=False)))

    def taken(self, number: int = 0) -> Any:
        """A batch's message as the stream leaves it when the agent has taken it."""
        message = list(self.queue._queue)[number].message  # type: ignore[attr-defined]
        message.tracked = True
        return message


def test_the_record_at_the_committed_offset_is_handed_over() -> None:
    """The committed offset is the next one to read, not the last one read."""
    consumer = _Consumer(5, lambda _: _fetched(5, 6))
    consumer.drain()
    assert consumer.handed_over() == [[5, 6]]


def test_offsets_that_begin_anew_are_followed() -> None:
    """A topic made again has new filings at old offsets: they are decided and may be committed."""
    consumer = _Consumer(7, lambda _: _fetched(7, 8), lambda _: _fetched(0, 1, 2))
    consumer.drain()
    assert consumer.handed_over() == [[7, 8], [0, 1, 2]]
    assert consumer._committed_offset[TP("formality.received", 0)] is None


def test_what_a_fetch_brought_across_a_rebalance_is_fetched_again() -> None:
    """The generation changed while it was open: not handed over, and the client is set back."""

    def rebalanced(consumer: _Consumer) -> Fetched:
        consumer.app.consumer_generation_id = 2  # type: ignore[misc]
        return _fetched(5, 6)

    consumer = _Consumer(5, rebalanced, lambda _: _fetched(5, 6, 7))
    consumer.drain()
    assert consumer.seeks == [(PLACE, 5)]
    assert consumer.handed_over() == [[5, 6, 7]]


def test_without_a_commit_what_was_let_go_is_fetched_from_the_beginning() -> None:
    """No position yet: the first record still held."""

    def rebalanced(consumer: _Consumer) -> Fetched:
        consumer.app.consumer_generation_id = 2  # type: ignore[misc]
        return _fetched(0, 1)

    consumer = _Consumer(None, rebalanced, lambda _: _fetched(0, 1))
    consumer.drain()
    assert consumer.seeks == [(PLACE, 0)]
    assert consumer.handed_over() == [[0, 1]]


def test_only_acknowledged_batches_of_this_generation_move_the_commit() -> None:
    """Taken and acknowledged: one after its last record. Never taken, or overtaken: no progress."""
    consumer = _Consumer(5, lambda _: _fetched(5, 6), lambda _: _fetched(7))
    consumer.drain()
    untaken = list(consumer.queue._queue)[1].message  # type: ignore[attr-defined]
    assert not consumer.ack(untaken)
    assert consumer._new_offset(PLACE) is None
    assert consumer.ack(consumer.taken(0))
    assert consumer._new_offset(PLACE) == 7
    assert not consumer.ack(consumer.taken(0))
    consumer.app.consumer_generation_id = 2  # type: ignore[misc]
    consumer.ack(consumer.taken(1))
    assert consumer._new_offset(PLACE) == 7


def test_a_position_stays_pending_until_the_broker_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused commit is tried again; what was acknowledged meanwhile is not forgotten."""
    answers = [False, True]

    async def commit(self: Any, offsets: Any) -> bool:
        return answers.pop(0)

    monkeypatch.setattr(Consumer, "_commit", commit)
    consumer = _Consumer(5, lambda _: _fetched(5, 6))
    consumer.drain()
    consumer.ack(consumer.taken())
    asyncio.run(consumer._commit({PLACE: 7}))
    assert list(consumer._filter_tps_with_pending_acks()) == [PLACE]
    asyncio.run(consumer._commit({PLACE: 7}))
    assert list(consumer._filter_tps_with_pending_acks()) == []
    assert consumer.last_commit_at is not None


def test_revoked_partitions_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be committed before the partition went is another worker's to decide."""

    async def revoked(self: Any, places: Any) -> None:
        return None

    monkeypatch.setattr(Consumer, "on_partitions_revoked", revoked)
    consumer = _Consumer(5, lambda _: _fetched(5))
    consumer.drain()
    consumer.ack(consumer.taken())
    asyncio.run(consumer.on_partitions_revoked({PLACE}))
    assert consumer._new_offset(PLACE) is None
