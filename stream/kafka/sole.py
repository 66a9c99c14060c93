"""One process at a time: the holder of a topic's only partition in a consumer group."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException

from stream.errors import StreamError
from stream.kafka.configuration import client_configuration
from stream.settings import Settings

SESSION_MILLISECONDS = 6_000
"""After so long without a sign of life a holder's place is free; brokers allow no less."""
PATIENCE_SECONDS = 15.0
POLL_SECONDS = 0.1


@contextmanager
def sole_member(settings: Settings, *, group: str, topic: str) -> Iterator[Callable[[], None]]:
    """Be the only one at work; yields a check to call between steps, which raises once it is not so.

    Kafka gives a partition to one member of a group, and with the cooperative-sticky strategy leaves
    it there while that member lives. A killed holder is replaced after six seconds. A process that
    was suspended for longer and wakes up between two checks is not held back: the check says so only
    before the next step.

    Raises
    ------
    StreamError
        Another one is at work.
    """
    consumer = Consumer(
        client_configuration(settings)
        | {
            "group.id": f"{settings.topic_prefix}{group}",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": SESSION_MILLISECONDS,
            "heartbeat.interval.ms": SESSION_MILLISECONDS // 6,
            "enable.auto.commit": False,
            "auto.offset.reset": "latest",
        }
    )

    def check() -> None:
        consumer.poll(0)
        if not consumer.assignment():
            raise StreamError("another redrive has taken over: nothing more is sent")

    try:
        consumer.subscribe([topic])
        _await_assignment(consumer)
        yield check
    finally:
        consumer.close()


def _await_assignment(consumer: Consumer) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while not consumer.assignment():
            if time.monotonic() > deadline:
                raise StreamError("another redrive is at work: wait until it has ended")
            consumer.poll(POLL_SECONDS)
    except KafkaException as error:
        raise StreamError(f"Kafka, joining the group of redrives: {error.args[0].str()}") from error
