"""A real Kafka of the benchmark's own, in a folder of its own: topics of a round, filling, ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient
from texts import Filing

from schemas import topics
from stream.kafka.admin import Cluster
from stream.kafka.configuration import client_configuration
from stream.settings import Settings, read_settings
from stream.topics import create_topics
from tests.ports import free_block

SCRIPT = Path(__file__).resolve().parents[2] / "infra" / "kafka" / "kafka"
PARTITIONS = 4
REBALANCE_DELAY_MILLISECONDS = 3000
"""How long a new group waits for members: two worker processes have both joined when work begins."""
OUTPUTS = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED)


class Broker:
    """Started on entry, stopped on exit."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "kafka"
        self.port = free_block()
        self.servers = f"127.0.0.1:{self.port}"

    def __enter__(self) -> Broker:
        self._run("start", "--port", str(self.port), "--rebalance-delay", str(REBALANCE_DELAY_MILLISECONDS))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(subprocess.SubprocessError):
            self._run("stop")

    def _run(self, command: str, *options: str) -> None:
        subprocess.run(
            [str(SCRIPT), command, "--data", str(self._data), *options],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=300,
        )

    def cpu_seconds(self) -> float:
        """Processor time of the server so far."""
        times = psutil.Process(int((self._data / "broker-1" / "pid").read_text().split()[0])).cpu_times()
        return times.user + times.system

    def settings(self, prefix: str) -> Settings:
        """Settings of a client of this broker."""
        return read_settings(kafka_bootstrap_servers=self.servers, topic_prefix=prefix)


class RoundTopics:
    """All topics under a prefix of their own, fresh; deleted on exit."""

    def __init__(self, broker: Broker, prefix: str) -> None:
        self.prefix = prefix
        self.settings = broker.settings(prefix)
        self._names = [self.settings.topic(spec.name) for spec in topics.TOPICS]
        self.outputs = [self.settings.topic(name) for name in OUTPUTS]
        self._dead = self.settings.topic(topics.DEAD_LETTER)

    def __enter__(self) -> RoundTopics:
        create_topics(self.settings, partitions=PARTITIONS, replication=1)
        self._cluster = Cluster(self.settings)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        client = AdminClient(client_configuration(self.settings))
        for future in client.delete_topics(self._names).values():
            with suppress(KafkaException):
                future.result()

    def fill(self, filings: Iterable[Filing]) -> None:
        """Write filings to formality.received and wait until the broker has them."""
        producer = Producer(
            client_configuration(self.settings)
            | {
                "acks": "all",
                "partitioner": "murmur2_random",
                "linger.ms": 20,
                "queue.buffering.max.messages": 500_000,
                "message.timeout.ms": 60_000,
            }
        )
        received = self.settings.topic(topics.RECEIVED)
        for filing in filings:
            while True:
                try:
                    producer.produce(received, filing.value, filing.key)
                    break
                except BufferError:
                    producer.poll(0.1)
        if producer.flush(120):
            raise RuntimeError("the broker did not take the filings")

    def decided(self) -> int:
        """Decisions readable on the output topics now."""
        return sum(self._cluster.ends(self.outputs).values())

    def dead_letters(self) -> int:
        """Dead letters; there must be none, or somebody did less work."""
        return sum(self._cluster.ends([self._dead]).values())
