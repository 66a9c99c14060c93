"""Writing to Kafka: a batch goes out at once and is awaited as one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from stream.errors import DeliveryFailed
from stream.records import Outgoing

TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
POLL_SECONDS = 0.1


class Delivery:
    """The acknowledgements of one batch, awaited as one.

    Parameters
    ----------
    expected
        How many messages; with none it is done from the start.

    Attributes
    ----------
    refused
        Messages too large for their topic: wrong with the message, not with the world.
    failure
        The last error of any other kind.
    """

    def __init__(self, expected: int) -> None:
        self.refused: list[Outgoing] = []
        self.failure: KafkaError | None = None
        self._waiting = expected
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        if expected == 0:
            self._done.set()

    def settle(self, message: Outgoing, error: KafkaError | None) -> None:
        """Note one acknowledgement; from the polling thread, or from the loop's for a refusal."""
        with self._lock:
            if error is not None:
                if error.code() in TOO_LARGE:
                    self.refused.append(message)
                else:
                    self.failure = error
            self._waiting -= 1
            last = self._waiting == 0
        if last and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._done.set)

    async def wait(self) -> list[Outgoing]:
        """Wait for every acknowledgement; returns the messages refused for their size.

        Raises
        ------
        DeliveryFailed
            The broker did not take a message.
        """
        await self._done.wait()
        if self.failure is not None:
            raise DeliveryFailed(f"Kafka did not take a message: {self.failure.str()}")
        return self.refused


class AwaitableProducer:
    """A librdkafka producer whose batches can be awaited from asyncio.

    A thread of its own serves the acknowledgements: it wakes the event loop once a batch, not once
    a message.

    Parameters
    ----------
    configuration
        From `producer_configuration`.
    """

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        self._producer = Producer(dict(configuration))
        self._stopped = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="codiflux-acknowledgements", daemon=True)
        self._poller.start()

    def _poll(self) -> None:
        while not self._stopped.is_set():
            self._producer.poll(POLL_SECONDS)

    async def send(self, messages: Sequence[Outgoing]) -> Delivery:
        """Hand a batch to librdkafka, in order; await the returned delivery for acknowledgement.

        Raises
        ------
        DeliveryFailed
            librdkafka does not take the messages (a fatal error).
        """
        delivery = Delivery(len(messages))
        for message in messages:
            while not self._taken(message, delivery):
                # The local queue is full: the poller empties it as acknowledgements come.
                await asyncio.sleep(0.005)
        return delivery

    def _taken(self, message: Outgoing, delivery: Delivery) -> bool:
        """Hand over one message; `False` when there is no room for it now."""

        def acknowledged(error: KafkaError | None, _: object) -> None:
            delivery.settle(message, error)

        try:
            self._producer.produce(
                message.topic,
                value=message.value,
                key=message.key,
                headers=message.headers,
                on_delivery=acknowledged,
            )
        except BufferError:
            return False
        except KafkaException as error:
            if error.args[0].code() not in TOO_LARGE:
                raise DeliveryFailed(f"Kafka producer: {error.args[0].str()}") from error
            delivery.settle(message, error.args[0])
        return True

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Wait for what is in flight, then stop the thread."""
        self._producer.flush(timeout_seconds)
        self._stopped.set()
        self._poller.join(timeout_seconds)
