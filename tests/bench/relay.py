"""What the broker and its clients take by themselves: every message is written on as it is, nothing is decided.

Arguments: brokers, topic prefix, group, model folder (not opened). One message after the other, nothing is
committed: a floor for latency, not a way to work.
"""

from __future__ import annotations

import sys

from confluent_kafka import Consumer, Producer
from plain_loop import delivered

from schemas import topics


def main(brokers: str, prefix: str, group: str, _: str) -> None:
    """Run until killed."""
    consumer = Consumer(
        {"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )
    producer = Producer(
        {"bootstrap.servers": brokers, "acks": "all", "enable.idempotence": True, "partitioner": "murmur2_random"}
    )
    consumer.subscribe([f"{prefix}{topics.RECEIVED}"])
    while True:
        for message in consumer.consume(1, 0.5):
            if message.error() is not None:
                raise SystemExit(message.error().str())
            producer.produce(f"{prefix}{topics.AUTO_CODED}", message.value(), message.key(), on_delivery=delivered)
            producer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
