"""Rival: a plain confluent-kafka loop. Arguments: brokers, topic prefix, group, model folder.

Consume what is there up to 500, decide one by one, produce, wait for the acknowledgements, commit.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer
from same_work import Work

BATCH = 500
WAIT_SECONDS = 0.5


def main(brokers: str, prefix: str, group: str, model: str) -> None:
    """Run until killed."""
    work = Work(Path(model))
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "partition.assignment.strategy": "roundrobin",
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": brokers,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 200_000,
        }
    )
    consumer.subscribe([f"{prefix}formality.received"])
    while True:
        # Waits for one message only, then takes what has been fetched: filling a batch would cost latency.
        messages = consumer.consume(1, WAIT_SECONDS)
        if messages:
            messages += consumer.consume(BATCH - 1, 0)
            _code(messages, work, producer, prefix)
            consumer.commit(asynchronous=False)


def _code(messages: list[Any], work: Work, producer: Producer, prefix: str) -> None:
    for message in messages:
        if message.error() is not None:
            raise SystemExit(message.error().str())
        written = work.decide(
            message.value(),
            key=message.key(),
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            timestamp_milliseconds=message.timestamp()[1],
            headers=message.headers() or (),
        )
        producer.produce(
            prefix + written.topic, written.value, written.key, headers=written.headers, on_delivery=delivered
        )
    # Sends what lingers at once, and waits.
    producer.flush()


def delivered(error: Any, message: object) -> None:
    """End where the broker did not take a message."""
    if error is not None:
        raise SystemExit(error.str())


if __name__ == "__main__":
    main(*sys.argv[1:])
