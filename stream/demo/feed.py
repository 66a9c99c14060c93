"""The demo's filings: a few at a steady pace, the rest as fast as the worker keeps up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice

from models.starter.declarations import declarations
from schemas import topics
from stream.demo.ledger import Place
from stream.errors import DeliveryFailed
from stream.kafka.sender import Fate, Heard, Sender
from stream.records import Outgoing
from stream.settings import Settings
from stream.simulation.filings import Shares, filings

BURST = 200
BURST_LINGER_MILLISECONDS = 5
"""At full speed messages travel in company: the embedded broker hands out one produced batch a fetch."""
SHARES = Shares(oversize=0.0)
"""No oversize message: one alone would fill a fifth of what the embedded broker keeps."""

Connect = Callable[[Heard, int], Sender]


class Feed:
    """Sends simulated filings and notes where each came to stand.

    Parameters
    ----------
    connect
        Makes a sender that tells of each acknowledgement, and lingers for so many milliseconds.
    """

    def __init__(self, settings: Settings, *, seed: int, connect: Connect) -> None:
        self._topic = settings.topic(topics.RECEIVED)
        self._messages = filings(seed, SHARES, declarations())
        self._prompt = connect(self._heard, 0)
        self._lingering = connect(self._heard, BURST_LINGER_MILLISECONDS)
        self._places: list[Place] = []
        self._failure: str | None = None

    def _heard(self, message: Outgoing, fate: Fate) -> None:
        if fate.error is None:
            self._places.append((fate.partition, fate.offset))
        else:
            self._failure = fate.error

    def acknowledged(self) -> list[Place]:
        """Places of what the broker took since the last call; a refusal raises `DeliveryFailed`."""
        self._prompt.wait(0)
        self._lingering.wait(0.0005)
        if self._failure is not None:
            raise DeliveryFailed(f"Kafka did not take a message: {self._failure}")
        places, self._places = self._places, []
        return places

    def paced(self, count: int, per_second: float) -> Iterator[None]:
        """Send `count` filings at a steady rate; one step sends what is due."""
        begun = time.monotonic()
        sent = 0
        while sent < count:
            due = min(count, int((time.monotonic() - begun) * per_second) + 1)
            self._send(self._prompt, due - sent)
            sent = max(sent, due)
            yield

    def fast(self, count: int, room: Callable[[], bool]) -> Iterator[None]:
        """Send `count` filings as long as there is room; one step sends a burst."""
        sent = 0
        while sent < count:
            if room():
                burst = min(BURST, count - sent)
                self._send(self._lingering, burst)
                sent += burst
            yield

    def _send(self, sender: Sender, count: int) -> None:
        for message in islice(self._messages, count):
            sender.post(Outgoing(self._topic, message.key, message.value, message.headers))
