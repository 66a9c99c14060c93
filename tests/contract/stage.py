"""A broker, topics of a test's own, and real worker processes on them.

What is read here is read with a plain consumer of our own, never with the product's reader: the
proof that nothing is lost must not rest on the code that is to be proved.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from schemas.topics import TOPICS
from stream.settings import Settings
from stream.topics import create_topics

RECEIVED = "formality.received"
AUTO, REVIEW, RETURNED = "formality.auto-coded", "formality.review", "formality.returned"
DEAD, AUDIT = "formality.dead-letter", "formality.audit"
OUTPUTS = (AUTO, REVIEW, RETURNED, DEAD)
PARTITIONS = 4
"""What the embedded broker gives every topic."""
PATIENCE_SECONDS = 40.0
TEXTS = (
    "plombier chauffagiste",
    "vente de vetements sur les marches",
    "location meublee",
    "coiffure a domicile",
    "transport de voyageurs par taxi",
    "conseil en informatique",
    "boulangerie patisserie",
    "élevage de chevaux",
)


@dataclass(frozen=True)
class Broker:
    """Where a broker answers, and what it can do."""

    kind: str
    bootstrap: str
    client: Mapping[str, Any] = field(default_factory=dict)
    """Security for the plain clients of the tests."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The same as the product's settings."""
    restart: Callable[[], None] | None = None


def filing(identity: str, number: int = 0, **fields: Any) -> bytes:
    """A filing as our own JSON."""
    body = {
        "formality_id": identity,
        "received_at": "2026-03-02T09:00:00+01:00",
        "description_activity": f"{TEXTS[number % len(TEXTS)]} {number % 97}",
    }
    return json.dumps(body | fields).encode()


def until(condition: Callable[[], Any], what: str, *, seconds: float = PATIENCE_SECONDS) -> Any:
    """Wait for a condition to hold; returns its value, fails by the deadline saying what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.03)


class Worker:
    """A worker process and what it logged."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, *command], env=dict(environment), stdout=file, stderr=subprocess.STDOUT
            )

    def text(self) -> str:
        """Everything it has written so far."""
        return self.log.read_text(errors="replace")

    def signal(self, number: int) -> None:
        """Send a signal; one that has ended is left alone."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash would."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 10.0) -> int:
        """SIGTERM; the exit code, within the promised time."""
        self.signal(signal.SIGTERM)
        return self.ended(seconds)

    def ended(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds:g} s:\n{self.text()[-2000:]}") from None

    def until_ready(self) -> Worker:
        """Wait until it works: partitions assigned."""

        def ready() -> bool:
            assert self.process.poll() is None, f"the worker ended:\n{self.text()[-3000:]}"
            return "worker_started" in self.text()

        until(ready, f"the worker starts\n{self.text()[-500:]}")
        return self


class Stage:
    """Topics under one prefix, and the worker processes a test starts on them."""

    def __init__(self, broker: Broker, prefix: str, model: Path, folder: Path, partitions: int = PARTITIONS) -> None:
        self.broker, self.prefix, self.model, self.folder = broker, prefix, model, folder
        self.partitions = partitions
        self.workers: list[Worker] = []
        self._producer = Producer(self._client() | {"linger.ms": 5})
        # One of each for the whole test: connecting costs more than asking.
        self._reader = Consumer(self._client("reader") | {"enable.auto.commit": False})
        self._group = Consumer(self._client(f"{prefix}codiflux-worker") | {"enable.auto.commit": False})
        self._seen: dict[str, list[Message]] = {}
        self._make_topics()

    def _client(self, group: str | None = None) -> dict[str, Any]:
        base = {"bootstrap.servers": self.broker.bootstrap, "log_level": 0} | dict(self.broker.client)
        return base if group is None else base | {"group.id": group}

    def _make_topics(self) -> None:
        """As an operator does; the embedded broker makes what is asked for."""
        settings = Settings(
            kafka_bootstrap_servers=self.broker.bootstrap, topic_prefix=self.prefix, **self.broker.settings
        )
        if self.broker.kind == "embedded":
            for spec in TOPICS:
                self._producer.list_topics(settings.topic(spec.name), timeout=10)
        else:
            create_topics(settings, partitions=self.partitions, replication=1)

    def environment(self, **settings: Any) -> dict[str, str]:
        """`CODIFLUX_*` for a worker of this stage; nothing of ours comes from outside."""
        mine = {
            "kafka_bootstrap_servers": self.broker.bootstrap,
            "topic_prefix": self.prefix,
            "model": self.model,
            "commit_interval_seconds": 0.2,
            "session_timeout_seconds": 6,
            "embedded_broker": self.broker.kind == "embedded",
        }
        mine |= dict(self.broker.settings) | settings
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CODIFLUX_")}
        return inherited | {f"CODIFLUX_{name.upper()}": str(value) for name, value in mine.items()}

    def worker(self, *, command: Sequence[str] | None = None, **settings: Any) -> Worker:
        """Start a worker process; it is killed at the latest when the test ends."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        command = ["-m", "stream.cli", "worker"] if command is None else command
        worker = Worker(command, self.environment(**settings), log)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        """Kill what still runs."""
        for worker in self.workers:
            worker.signal(signal.SIGCONT)
            worker.kill()
        self._reader.close()
        self._group.close()

    def send(
        self,
        messages: Iterable[tuple[str | None, bytes | None]],
        *,
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
        topic: str = RECEIVED,
        **configuration: Any,
    ) -> None:
        """Write (key, value) pairs to the source and wait for the acknowledgements."""
        producer = Producer(self._client() | {"linger.ms": 5} | configuration) if configuration else self._producer
        failures: list[Any] = []

        def acknowledged(error: Any, _: Any) -> None:
            if error is not None:
                failures.append(error)

        where: dict[str, Any] = {} if partition is None else {"partition": partition}
        for key, value in messages:
            while True:
                try:
                    producer.produce(
                        self.prefix + topic,
                        value=value,
                        key=key,
                        headers=list(headers),
                        on_delivery=acknowledged,
                        **where,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        assert producer.flush(30) == 0
        assert not failures, failures[0]

    def send_filings(self, count: int, *, start: int = 0, partition: int | None = None) -> list[str]:
        """Write numbered filings; returns their ids."""
        identities = [f"f-{number:06d}" for number in range(start, start + count)]
        self.send(
            ((identity, filing(identity, number)) for number, identity in enumerate(identities, start)),
            partition=partition,
        )
        return identities

    def feed(self, sent: list[str], count: int, *, ahead: int = 1_500) -> None:
        """Write more filings once the group is no further than `ahead` behind."""
        until(lambda: len(sent) - sum(self.committed().values()) <= ahead, "the group keeps up")
        sent += self.send_filings(count, start=len(sent))

    def ends(self, topic: str) -> dict[int, int]:
        """End offset of each partition."""
        name = self.prefix + topic
        return {
            p: self._reader.get_watermark_offsets(TopicPartition(name, p), timeout=15)[1]
            for p in range(self.partitions)
        }

    def committed(self) -> dict[int, int]:
        """Committed offset of the workers' group, 0 where it has none."""
        asked = [TopicPartition(self.prefix + RECEIVED, p) for p in range(self.partitions)]
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return {p.partition: max(0, p.offset) for p in self._group.committed(asked, timeout=15)}
            except KafkaException as error:
                # A broker that has just started looks for its coordinator.
                passing = error.args[0].retriable() or error.args[0].code() == KafkaError.NOT_COORDINATOR
                if not passing or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def commit(self, offsets: Mapping[int, int]) -> None:
        """Move the group, as an operator does; no worker may run."""
        self._group.commit(
            offsets=[TopicPartition(self.prefix + RECEIVED, p, offset) for p, offset in offsets.items()],
            asynchronous=False,
        )

    def read(self, topic: str) -> list[Message]:
        """Everything on a topic now, each partition in order; what was read before is not read again."""
        name = self.prefix + topic
        have = self._seen.setdefault(topic, [])
        starts = dict.fromkeys(range(self.partitions), 0)
        for message in have:
            starts[message.partition()] = message.offset() + 1
        ends = {p: end for p, end in self.ends(topic).items() if end > starts[p]}
        if not ends:
            return have
        self._reader.assign([TopicPartition(name, p, starts[p]) for p in ends])
        deadline = time.monotonic() + PATIENCE_SECONDS
        while ends:
            assert time.monotonic() < deadline, f"{topic} cannot be read to its end"
            for message in self._reader.consume(5_000, timeout=0.2):
                assert message.error() is None, message.error()
                have.append(message)
                if message.offset() + 1 >= ends.get(message.partition(), sys.maxsize):
                    ends.pop(message.partition())
        self._reader.unassign()
        return have

    def decisions(self, *topics: str) -> list[dict[str, Any]]:
        """Decisions on the three lanes (or the topics given) as parsed JSON."""
        return [json.loads(m.value()) for topic in (topics or (AUTO, REVIEW, RETURNED)) for m in self.read(topic)]

    def through(self) -> bool:
        """Whether the group has committed everything on the source."""
        return self.committed() == self.ends(RECEIVED)

    def until_through(self, *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until everything sent is committed; a worker that ends meanwhile is shown."""
        until(self.through, f"all is committed: {self.committed()} of {self.ends(RECEIVED)}", seconds=seconds)
