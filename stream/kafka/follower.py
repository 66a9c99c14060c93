"""Following topics as they grow, without a consumer group: for what people watch."""

from __future__ import annotations

from collections.abc import Collection

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from stream.kafka.admin import Cluster
from stream.kafka.configuration import client_configuration
from stream.kafka.reader import record_of
from stream.records import Record
from stream.settings import Settings


class Follower:
    """Reads topics from their beginning and goes on as they grow.

    Parameters
    ----------
    topics
        Names on the broker; they must exist.
    """

    def __init__(self, settings: Settings, topics: Collection[str]) -> None:
        places = Cluster(settings).ends(topics)
        self._consumer = Consumer(
            client_configuration(settings)
            | {
                "group.id": f"{settings.topic_prefix}codiflux-follower",
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 20,
                "log_level": 0,
            }
        )
        self._consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in places])

    def poll(self, most: int, timeout_seconds: float) -> list[Record]:
        """What has come, at most `most` messages, waiting no longer than the timeout."""
        fetched = self._consumer.consume(most, timeout=timeout_seconds)
        return [record_of(message) for message in fetched if message.error() is None]

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()
