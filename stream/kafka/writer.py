"""Writing to Kafka from a plain loop: for the simulator, the demo and redrive."""

from __future__ import annotations

from confluent_kafka import KafkaException, Producer

from stream.errors import DeliveryFailed
from stream.kafka.configuration import producer_configuration
from stream.records import Outgoing
from stream.settings import Settings

Place = tuple[int, int]
FLUSH_SECONDS = 60.0


class Writer:
    """Sends messages and tells where each came to stand.

    Parameters
    ----------
    linger_seconds
        How long messages may gather into one request; more is faster in bulk, none is quickest.
    """

    def __init__(self, settings: Settings, *, linger_seconds: float = 0.0) -> None:
        self._producer = Producer(producer_configuration(settings) | {"linger.ms": linger_seconds * 1000})
        self._places: list[Place] = []
        self._failure: str | None = None

    def send(self, message: Outgoing) -> None:
        """Hand one message over; waits while the local queue is full.

        Raises
        ------
        DeliveryFailed
            An earlier message, or this one, was not taken.
        """
        while True:
            try:
                self._producer.produce(
                    message.topic,
                    value=message.value,
                    key=message.key,
                    headers=list(message.headers),
                    on_delivery=self._settle,
                )
                break
            except BufferError:
                self._producer.poll(0.01)
            except KafkaException as error:
                raise DeliveryFailed(f"Kafka producer: {error.args[0].str()}") from error
        self._producer.poll(0)
        self._check()

    def _settle(self, error: object, message: object) -> None:
        if error is not None:
            self._failure = str(error)
        else:
            self._places.append((message.partition(), message.offset()))  # type: ignore[attr-defined]

    def acknowledged(self) -> list[Place]:
        """Partition and offset of what was acknowledged since the last call."""
        self._producer.poll(0)
        self._check()
        places, self._places = self._places, []
        return places

    def flush(self, timeout_seconds: float = FLUSH_SECONDS) -> None:
        """Wait until everything sent is acknowledged.

        Raises
        ------
        DeliveryFailed
            Something was not, or not in time.
        """
        left = self._producer.flush(timeout_seconds)
        self._check()
        if left:
            raise DeliveryFailed(f"{left} messages not acknowledged within {timeout_seconds:g} s")

    def _check(self) -> None:
        if self._failure is not None:
            raise DeliveryFailed(f"Kafka did not take a message: {self._failure}")
