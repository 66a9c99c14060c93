"""Batches are acknowledged in order, after their outputs, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from schemas.reasons import DeadLetterReason
from stream.errors import CircuitOpen, DeliveryFailed
from stream.worker.breaker import BreakerPolicy, BreakerState
from stream.worker.outbox import Outbox
from stream.worker.pipeline import Outcome
from tests.unit.worker.fakes import FakeProducer, filing, pipeline, record


class _Desk:
    """An outbox on a fake producer, its settling task, and what was acknowledged."""

    def __init__(self, *, in_flight: int = 8, consecutive: int = 0) -> None:
        self.producer = FakeProducer()
        self.acknowledged: list[int] = []
        self.told: list[Sequence[Outcome]] = []
        self.outbox = Outbox(
            self.producer,
            breaker=BreakerState(BreakerPolicy(1.0, consecutive)),
            name_of=lambda topic: topic,
            in_flight=in_flight,
            acknowledged=self.told.append,
        )
        self.settling = asyncio.ensure_future(self.outbox.settle_forever())

    async def post(self, number: int, *values: bytes) -> None:
        records = [record(number, value) for value in values or (filing(f"f{number}"),)]
        outcomes: Sequence[Outcome] = await pipeline().process(records)
        await self.outbox.post(outcomes, lambda: self.acknowledged.append(number))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0)


def _run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    asyncio.run(main())


async def _turns(count: int = 20) -> None:
    """Let everything that can run do so."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_batches_are_acknowledged_in_order_although_deliveries_complete_out_of_order() -> None:
    """The second's outputs arrive first: it waits for the first."""

    async def scenario() -> None:
        desk = _Desk()
        await desk.post(0)
        await desk.post(1)
        desk.producer.deliveries[1].outcome.set_result([])
        await _turns()
        assert desk.acknowledged == []
        desk.producer.deliveries[0].outcome.set_result([])
        await desk.until(lambda: desk.acknowledged == [0, 1])
        assert [outcomes[0].record.offset for outcomes in desk.told] == [0, 1]
        desk.settling.cancel()

    _run(scenario)


def test_a_failed_delivery_raises_and_nothing_later_is_acknowledged() -> None:
    """The first batch fails, the second arrived: neither is acknowledged."""

    async def scenario() -> None:
        desk = _Desk()
        await desk.post(0)
        await desk.post(1)
        desk.producer.deliveries[1].outcome.set_result([])
        desk.producer.deliveries[0].outcome.set_exception(DeliveryFailed("no"))
        with pytest.raises(DeliveryFailed):
            await desk.settling
        assert desk.acknowledged == []

    _run(scenario)


def test_a_decision_refused_for_its_size_is_dead_lettered_before_its_batch_is_acknowledged() -> None:
    """The dead letter is written and delivered first; its bytes are the source's."""

    async def scenario() -> None:
        desk = _Desk()
        await desk.post(0)
        (message,) = desk.producer.deliveries[0].messages
        desk.producer.deliveries[0].outcome.set_result([message])
        await desk.until(lambda: len(desk.producer.deliveries) == 2)
        desk.producer.deliveries[1].outcome.set_result([message])
        await desk.until(lambda: len(desk.producer.deliveries) == 3)
        (letter,) = desk.producer.deliveries[2].messages
        assert (letter.topic, letter.value) == ("formality.dead-letter", filing("f0"))
        assert dict(letter.headers)["codiflux-reason"] == b"decision_too_large"
        await _turns()
        assert desk.acknowledged == []
        desk.producer.deliveries[2].outcome.set_result([])
        await desk.until(lambda: desk.acknowledged == [0])
        desk.settling.cancel()

    _run(scenario)


def test_what_was_refused_for_its_size_is_told_as_a_dead_letter_and_never_as_decided() -> None:
    """Of a batch of three the middle one is buried: Redis and the metrics hear of two decisions and one letter."""

    async def scenario() -> None:
        desk = _Desk()
        await desk.post(0, filing("small"), filing("large"), filing("other"))
        message = desk.producer.deliveries[0].messages[1]
        for number, refused in enumerate(([message], [message], [])):
            await desk.until(lambda count=number + 1: len(desk.producer.deliveries) == count)
            desk.producer.deliveries[number].outcome.set_result(refused)
        await desk.until(lambda: len(desk.told) == 1)
        small, large, other = desk.told[0]
        assert [d.formality_id for outcome in (small, other) for d in outcome.decisions] == ["small", "other"]
        assert (small.wrong, other.wrong) == (None, None)
        assert large.decisions == ()
        assert large.wrong is not None
        assert large.wrong.reason is DeadLetterReason.DECISION_TOO_LARGE
        assert list(large.messages) == desk.producer.deliveries[2].messages
        desk.settling.cancel()

    _run(scenario)


def test_a_decision_that_only_shared_its_request_with_a_large_one_is_written_alone() -> None:
    """The broker refuses a whole request: what it takes alone is no dead letter."""

    async def scenario() -> None:
        desk = _Desk()
        await desk.post(0)
        (message,) = desk.producer.deliveries[0].messages
        desk.producer.deliveries[0].outcome.set_result([message])
        await desk.until(lambda: len(desk.producer.deliveries) == 2)
        assert desk.producer.deliveries[1].messages == [message]
        desk.producer.deliveries[1].outcome.set_result([])
        await desk.until(lambda: desk.acknowledged == [0])
        assert len(desk.producer.deliveries) == 2
        desk.settling.cancel()

    _run(scenario)


def test_a_dead_letter_that_is_refused_too_ends_the_worker_unacknowledged() -> None:
    """There is no place left for the filing: a human must look."""

    async def scenario() -> None:
        desk = _Desk()
        await desk.post(0)
        for number in range(3):
            await desk.until(lambda count=number + 1: len(desk.producer.deliveries) == count)
            desk.producer.deliveries[number].outcome.set_result(desk.producer.deliveries[number].messages)
        with pytest.raises(CircuitOpen, match=r"max\.message\.bytes"):
            await desk.settling
        assert desk.acknowledged == []

    _run(scenario)


def test_no_more_batches_are_in_flight_than_allowed() -> None:
    """With two waiting and one being settled, the next post waits for an acknowledgement."""

    async def scenario() -> None:
        desk = _Desk(in_flight=2)

        async def post_all() -> None:
            for number in range(6):
                await desk.post(number)

        posting = asyncio.ensure_future(post_all())
        await desk.until(lambda: len(desk.producer.deliveries) == 4)
        await _turns(200)
        assert not posting.done()
        assert len(desk.producer.deliveries) == 4
        for number in range(6):
            await desk.until(lambda number=number: len(desk.producer.deliveries) > number)
            desk.producer.deliveries[number].outcome.set_result([])
        await desk.until(lambda: desk.acknowledged == list(range(6)))
        desk.settling.cancel()

    _run(scenario)


def test_the_breaker_opens_before_anything_of_the_batch_is_written() -> None:
    """The batch that passes the limit leaves no message behind."""

    async def scenario() -> None:
        desk = _Desk(consecutive=2)
        await desk.post(0, b"{")
        with pytest.raises(CircuitOpen, match="2 dead letters in a row"):
            await desk.post(1, b"{")
        assert len(desk.producer.deliveries) == 1
        desk.settling.cancel()

    _run(scenario)
