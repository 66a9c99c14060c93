"""librdkafka's in-process test broker."""

from __future__ import annotations

from confluent_kafka import Producer

METADATA_TIMEOUT_SECONDS = 5.0


class MockBroker:
    """A Kafka-like broker inside this process; see `stream/embedded.py` for what it cannot do."""

    def __init__(self) -> None:
        # The broker belongs to this client instance, which is used for nothing else.
        self._owner: Producer | None = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        broker = next(iter(self._owner.list_topics(timeout=METADATA_TIMEOUT_SECONDS).brokers.values()))
        self.bootstrap_servers = f"{broker.host}:{broker.port}"

    def make_topic(self, name: str) -> None:
        """Make a topic by asking for its metadata, as any client's first use does."""
        if self._owner is None:
            raise RuntimeError("the broker is closed")
        self._owner.list_topics(name, timeout=METADATA_TIMEOUT_SECONDS)

    def close(self) -> None:
        """End the broker and forget everything."""
        self._owner = None
