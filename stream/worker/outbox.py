"""Writing what a batch decided, and acknowledging the batch once the broker has it all.

Batches are acknowledged in the order they came, whatever order their outputs arrive in, so that a
committed offset never stands beyond an output that is still on its way. A few batches may be in
flight while the next is decided.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from schemas import topics
from schemas.reasons import DeadLetterReason
from stream.errors import CircuitOpen
from stream.records import Outgoing
from stream.worker.breaker import BreakerState
from stream.worker.guard import Unreadable, dead_letter
from stream.worker.pipeline import Outcome


class Delivery(Protocol):
    """Messages on their way."""

    async def wait(self) -> list[Outgoing]:
        """Wait for the acknowledgements; returns those refused for their size."""
        ...


class Producer(Protocol):
    """What the outbox needs of a producer."""

    async def send(self, messages: Sequence[Outgoing]) -> Delivery:
        """Hand over a batch in order."""
        ...


@dataclass(frozen=True, slots=True)
class _InFlight:
    outcomes: Sequence[Outcome]
    delivery: Delivery
    acknowledge: Callable[[], object]


class Outbox:
    """Bounded queue of batches in flight, settled in order by one task.

    Parameters
    ----------
    in_flight
        Batches that may await acknowledgement; `post` waits when there are as many.
    acknowledged
        Called with the outcomes of each batch as they were written, once all is: metrics, Redis.
    """

    def __init__(
        self,
        producer: Producer,
        *,
        breaker: BreakerState,
        name_of: Callable[[str], str],
        in_flight: int,
        acknowledged: Callable[[Sequence[Outcome]], None],
    ) -> None:
        self._producer = producer
        self._breaker = breaker
        self._name_of = name_of
        self._queue: asyncio.Queue[_InFlight] = asyncio.Queue(maxsize=in_flight)
        self._acknowledged = acknowledged
        self._oldest: deque[datetime] = deque()

    async def post(self, outcomes: Sequence[Outcome], acknowledge: Callable[[], object]) -> None:
        """Write a batch's messages and queue it for acknowledgement.

        Raises
        ------
        CircuitOpen
            Too many dead letters; none of this batch's messages is written.
        DeliveryFailed
        """
        limit = self._breaker.observe(outcome.wrong is not None for outcome in outcomes)
        if limit is not None:
            raise CircuitOpen(f"circuit breaker open: {limit}; look at them with `codiflux dead-letters list`")
        delivery = await self._producer.send([message for outcome in outcomes for message in outcome.messages])
        self._oldest.append(min(outcome.record.timestamp for outcome in outcomes))
        await self._queue.put(_InFlight(outcomes, delivery, acknowledge))

    @property
    def waiting(self) -> int:
        """Batches whose outputs await acknowledgement."""
        return len(self._oldest)

    def oldest_waiting(self) -> datetime | None:
        """Broker timestamp of the oldest record in flight, or `None`."""
        return self._oldest[0] if self._oldest else None

    async def settle_forever(self) -> None:
        """Await each batch in turn and acknowledge it; raises what ends the process."""
        while True:
            await self._settle(await self._queue.get())

    async def _settle(self, batch: _InFlight) -> None:
        outcomes = batch.outcomes
        refused = await batch.delivery.wait()
        if refused and (too_large := await self._too_large(refused)):
            outcomes = await self._bury(outcomes, too_large)
        batch.acknowledge()
        self._oldest.popleft()
        self._acknowledged(outcomes)

    async def _too_large(self, refused: Sequence[Outgoing]) -> list[Outgoing]:
        """Of what was refused, what is too large by itself.

        The broker refuses a request's records of one partition together; a message that only shared
        the request with a large one is taken when it comes alone.
        """
        return [message for message in refused if await (await self._producer.send([message])).wait()]

    async def _bury(self, outcomes: Sequence[Outcome], refused: Sequence[Outgoing]) -> list[Outcome]:
        """Dead letters for records whose decision the broker finds too large; the outcomes as they are then.

        Nothing of such a record counts as decided, else Redis would hold back the filing that is redriven.
        """
        identities = {id(message) for message in refused}
        settled = [
            self._buried(outcome) if any(id(message) in identities for message in outcome.messages) else outcome
            for outcome in outcomes
        ]
        letters = [new.messages[0] for new, old in zip(settled, outcomes, strict=True) if new is not old]
        still_refused = await (await self._producer.send(letters)).wait()
        if still_refused:
            raise CircuitOpen(
                f"{still_refused[0].topic} refuses a dead letter for its size:"
                " raise max.message.bytes of that topic to the source topic's"
            )
        return settled

    def _buried(self, outcome: Outcome) -> Outcome:
        wrong = Unreadable(DeadLetterReason.DECISION_TOO_LARGE, "the broker's size limit refuses the decision")
        letter = dead_letter(outcome.record, wrong, self._name_of(topics.DEAD_LETTER))
        return replace(outcome, decisions=(), wrong=wrong, messages=(letter,))
