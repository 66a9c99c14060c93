"""Writing to Kafka from commands: messages are posted, and each acknowledgement is heard of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from stream.errors import DeliveryFailed
from stream.kafka.configuration import producer_configuration
from stream.kafka.producer import TOO_LARGE
from stream.records import Outgoing
from stream.settings import Settings

ROOM_SECONDS = 0.1
MARGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one posted message.

    Parameters
    ----------
    partition, offset
        Where it stands; of no meaning when it was not written.
    error
        Why it was not written; `None` when the broker has it.
    too_large
        It is the message's size that is wrong, and no later message need fail.
    """

    partition: int
    offset: int
    error: str | None
    too_large: bool = False


Heard = Callable[[Outgoing, Fate], None]


class Sender:
    """A producer for one thread; use `sender_of`.

    Parameters
    ----------
    heard
        Called once for each message, within `post`, `wait` or `flush`.
    """

    def __init__(self, producer: Producer, heard: Heard, flush_seconds: float) -> None:
        self._producer = producer
        self._heard = heard
        self._flush_seconds = flush_seconds

    def post(self, message: Outgoing) -> None:
        """Hand a message over; waits while the queue is full.

        Raises
        ------
        DeliveryFailed
            The producer can write no more at all.
        """

        def acknowledged(error: KafkaError | None, written: Any) -> None:
            self._heard(message, _fate(error, written))

        while True:
            try:
                self._producer.produce(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    headers=message.headers,
                    on_delivery=acknowledged,
                )
            except BufferError:
                self._producer.poll(ROOM_SECONDS)
            except KafkaException as error:
                if error.args[0].code() not in TOO_LARGE:
                    raise DeliveryFailed(f"Kafka producer: {error.args[0].str()}") from error
                self._heard(message, _fate(error.args[0], None))
                return
            else:
                self._producer.poll(0)
                return

    def wait(self, seconds: float) -> None:
        """Let so much time pass, hearing of what is acknowledged meanwhile."""
        deadline = time.monotonic() + seconds
        self._producer.poll(0)
        while (remaining := deadline - time.monotonic()) > 0:
            self._producer.poll(remaining)

    def flush(self) -> None:
        """Wait until every message posted is heard of."""
        left = self._producer.flush(self._flush_seconds)
        if left:
            raise DeliveryFailed(f"Kafka says nothing about {left} messages after {self._flush_seconds:g} s")


@contextmanager
def sender_of(settings: Settings, heard: Heard, *, linger_milliseconds: int = 0) -> Iterator[Sender]:
    """A sender; what was posted is flushed at the end, whatever ends it.

    Parameters
    ----------
    linger_milliseconds
        How long a message waits for company; more raises throughput and latency.
    """
    producer = Producer(producer_configuration(settings) | {"linger.ms": linger_milliseconds})
    sender = Sender(producer, heard, settings.delivery_timeout_seconds + MARGIN_SECONDS)
    try:
        yield sender
    finally:
        sender.flush()


def _fate(error: KafkaError | None, written: Any) -> Fate:
    if error is None:
        return Fate(written.partition(), written.offset(), None)
    return Fate(-1, -1, error.str(), too_large=error.code() in TOO_LARGE)
