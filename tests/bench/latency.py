"""From a filing handed to the producer to its decision read by a consumer, at a steady pace."""

from __future__ import annotations

import gc
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker import PARTITIONS, Broker, RoundTopics
from confluent_kafka import Consumer, Producer, TopicPartition
from contenders import Contender, Running
from texts import Filing

from schemas import topics as names
from stream.kafka.configuration import client_configuration

RATE = 50
"""Filings a second."""
WARM_UP_SECONDS = 3
START_SECONDS = 90.0
LAST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from produced to readable."""

    filings: int
    p50: float
    p99: float
    longest: float


def measure(
    contender: Contender,
    filings: list[Filing],
    *,
    seconds: int,
    broker: Broker,
    prefix: str,
    model: Path,
    folder: Path,
) -> Latency:
    """One run on fresh topics; `filings` are at least as many as the pace needs, start and warm-up included."""
    with RoundTopics(broker, prefix) as topics, Running(contender, topics, model, folder / f"{prefix}log") as running:
        gauge = _Gauge(topics, filings)
        try:
            gauge.await_first(running)
            gauge.keep_pace(WARM_UP_SECONDS * RATE)
            gauge.await_all(running)
            gauge.forget()
            gc.disable()
            gauge.keep_pace(seconds * RATE)
            gauge.await_all(running)
            return _summary(gauge.milliseconds)
        finally:
            gc.enable()
            gauge.close()


class _Gauge:
    """A producer at one end, a consumer thread at the other, one clock for both."""

    def __init__(self, topics: RoundTopics, filings: list[Filing]) -> None:
        self._filings = iter(filings)
        self._topic = topics.settings.topic(names.RECEIVED)
        self._sent: dict[bytes, float] = {}
        self.milliseconds: list[float] = []
        client = client_configuration(topics.settings)
        self._producer = Producer(client | {"acks": "all", "linger.ms": 0, "partitioner": "murmur2_random"})
        self._consumer = Consumer(
            client | {"group.id": f"{topics.prefix}gauge", "enable.auto.commit": False, "fetch.wait.max.ms": 100}
        )
        self._consumer.assign([TopicPartition(t, number, 0) for t in topics.outputs for number in range(PARTITIONS)])
        self._stopped = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while not self._stopped.is_set():
            message: Any = self._consumer.poll(0.1)
            now = time.perf_counter()
            if message is not None and message.error() is None:
                sent = self._sent.pop(message.key(), None)
                if sent is not None:
                    self.milliseconds.append((now - sent) * 1000)

    def _send(self) -> None:
        filing = next(self._filings)
        self._sent[filing.key] = time.perf_counter()
        self._producer.produce(self._topic, filing.value, filing.key)
        self._producer.poll(0)

    def await_first(self, running: Running) -> None:
        """Send one and wait until its decision is there: the contender has joined and fetches."""
        self._send()
        self._await(running, START_SECONDS)

    def await_all(self, running: Running) -> None:
        """Wait for the decisions on what was sent."""
        self._await(running, LAST_SECONDS)

    def _await(self, running: Running, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._sent:
            running.require_alive()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(self._sent)} filings without a decision\n{running.log_tail()}")
            time.sleep(0.02)

    def keep_pace(self, count: int) -> None:
        """Send `count` filings, the n-th due n / RATE seconds after the first."""
        begun = time.perf_counter()
        for number in range(count):
            time.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
            self._send()

    def forget(self) -> None:
        """Begin to measure anew."""
        self.milliseconds.clear()

    def close(self) -> None:
        """Let go of both ends."""
        self._stopped.set()
        self._reader.join()
        self._consumer.close()
        self._producer.flush(5)


def _summary(milliseconds: list[float]) -> Latency:
    ordered = sorted(milliseconds)
    return Latency(len(ordered), ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)], ordered[-1])
