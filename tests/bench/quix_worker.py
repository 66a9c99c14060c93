"""Rival: Quix Streams. Arguments: brokers, topic prefix, group, model folder.

Runs in .venv-bench; its pins clash with ours. Its defaults, but for the acknowledgements and the
partitioner, which are ours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from quixstreams import Application, message_context
from quixstreams.models import TopicConfig
from quixstreams.models.serializers import SerializationContext, Serializer
from same_work import Work, Written

OUTPUTS = ("formality.auto-coded", "formality.review", "formality.returned")


class Encoded(Serializer):
    """The bytes a decision already is."""

    def __call__(self, value: Written, ctx: SerializationContext) -> bytes:
        """What Quix produces."""
        return value.value


def main(brokers: str, prefix: str, group: str, model: str) -> None:
    """Run until SIGTERM."""
    work = Work(Path(model))
    app = Application(
        broker_address=brokers,
        consumer_group=group,
        auto_offset_reset="earliest",
        auto_create_topics=False,
        state_dir=Path(tempfile.gettempdir()) / "codiflux-bench-quix",
        producer_extra_config={"acks": "all", "enable.idempotence": True, "partitioner": "murmur2_random"},
        loglevel="WARNING",
    )
    config = TopicConfig(num_partitions=4, replication_factor=1)

    def topic(name: str) -> Any:
        return app.topic(
            prefix + name,
            value_deserializer="bytes",
            value_serializer=Encoded(),
            key_deserializer="bytes",
            key_serializer="bytes",
            config=config,
        )

    outputs = {name: topic(name) for name in OUTPUTS}

    def decide(value: bytes, key: Any, timestamp: int, headers: Any) -> Written:
        where = message_context()
        return work.decide(
            value,
            key=key,
            topic=where.topic,
            partition=where.partition,
            offset=where.offset,
            timestamp_milliseconds=timestamp,
            headers=headers or (),
        )

    stream = app.dataframe(topic("formality.received"))
    stream = stream.apply(decide, metadata=True)
    stream = stream.set_headers(lambda written, key, timestamp, headers: written.headers)
    stream.to_topic(lambda written, key, timestamp, headers: outputs[written.topic])
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
