"""The monitor as a process on a real Kafka: killed, stopped, without a broker, and in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, Producer

from monitoring import catalogue
from monitoring.catalogue import Kind, MetricSpec
from monitoring.scraped import Sample
from schemas import topics
from schemas.codec import encode
from schemas.decision import Route
from schemas.label import LabelOrigin
from stream.kafka.configuration import producer_configuration
from stream.settings import Settings
from stream.topics import create_topics
from stream.watch.fetching import ask
from tests.conftest import OwnKafka
from tests.integration.command_line import codiflux, last_object
from tests.ports import free_block
from tests.unit.monitor.messages import decision, label

pytestmark = pytest.mark.kafka
DEADLINE_SECONDS = 60.0
SCRAPED_WITHIN_SECONDS = 5.0
STOPPED_WITHIN_SECONDS = 10.0
PARTITIONS = 3
Key = tuple[str, tuple[tuple[str, str], ...]]
CODES = ("4322A", "4322B", "4711B", "5610A")


def until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


@dataclass
class Process:
    """A command that runs until it is ended."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def samples(self) -> dict[Key, float]:
        """What it exposes; nothing while it does not answer."""
        found: list[Sample] = list(ask(f"127.0.0.1:{self.port}").samples)
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in found}

    def total(self, spec: MetricSpec) -> float:
        """Sum of a metric."""
        return sum(value for (name, _), value in self.samples().items() if name == spec.name)

    def end(self, number: int) -> int:
        """Send a signal and wait."""
        self.process.send_signal(number)
        return self.process.wait(STOPPED_WITHIN_SECONDS)


@dataclass
class Stage:
    """One installation's topics and processes."""

    settings: Settings
    folder: Path
    processes: list[Process] = field(default_factory=list)

    def run(self, command: str, *options: str, **environment: str) -> Process:
        """Start a command with a metrics port of its own."""
        port = free_block()
        log = self.folder / f"{len(self.processes)}.log"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CODIFLUX_")}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "stream.cli", command, "--metrics-port", str(port), *options],
                stdout=out,
                stderr=out,
                env={
                    **clean,
                    "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers,
                    "CODIFLUX_TOPIC_PREFIX": self.settings.topic_prefix,
                    "CODIFLUX_MODEL": str(self.settings.model),
                    **environment,
                },
            )
        self.processes.append(Process(process, port, log))
        return self.processes[-1]

    def monitor(self, state: str, **environment: str) -> Process:
        """A monitor with small windows, once it has read to the end."""
        small = {
            "CODIFLUX_MONITOR_SHORT_WINDOW_FILINGS": "100",
            "CODIFLUX_MONITOR_LONG_WINDOW_FILINGS": "200",
            "CODIFLUX_MONITOR_BASELINE_FILINGS": "300",
            "CODIFLUX_MONITOR_EXPORT_SECONDS": "0.2",
            "CODIFLUX_MONITOR_COMMIT_SECONDS": "0.3",
        }
        process = self.run("monitor", "--state", str(self.folder / state), **small, **environment)
        until(lambda: process.total(catalogue.MONITOR_READY) == 1.0, f"the monitor is ready: {process.log.read_text()}")
        return process

    def send(self, messages: list[tuple[str, bytes, bytes]], clocks: tuple[int, ...] = (0,)) -> None:
        """Write (topic, key, value) and wait until the broker has them.

        `clocks` are those of several writers, in turn: milliseconds ahead of ours.
        """
        producer, errors = Producer(producer_configuration(self.settings)), list[KafkaError]()
        for clock, (topic, key, value) in zip(cycle(clocks), messages, strict=False):
            producer.produce(
                self.settings.topic(topic),
                value,
                key,
                timestamp=int(time.time() * 1000) + clock,
                on_delivery=lambda error, _: errors.append(error) if error is not None else None,
            )
        assert (producer.flush(DEADLINE_SECONDS), errors) == (0, [])


@pytest.fixture
def stage(kafka_settings: Settings, small_model: Path, tmp_path: Path) -> Iterator[Stage]:
    """Topics of the test's own."""
    with staged(kafka_settings.model_copy(update={"model": small_model}), tmp_path) as made:
        yield made


@contextmanager
def staged(settings: Settings, folder: Path) -> Iterator[Stage]:
    create_topics(settings, partitions=PARTITIONS, replication=1)
    made = Stage(settings, folder)
    try:
        yield made
    finally:
        for process in made.processes:
            if process.process.poll() is None:
                process.process.kill()
                process.process.wait()


def history(first: int, last: int) -> list[tuple[str, bytes, bytes]]:
    """Decisions on every route, copies of some, labels before and after them, and what cannot be read."""
    began = datetime.now(UTC) - timedelta(hours=2)
    messages: list[tuple[str, bytes, bytes]] = []
    for number in range(first, last):
        at = began + timedelta(seconds=number)
        route = (Route.AUTO, Route.REVIEW, Route.REVIEW, Route.AUTO, Route.RETURNED)[number % 5]
        probability = 0.3 + number % 7 / 10
        made = decision(
            number,
            route=route,
            audit=route is Route.AUTO,
            code=CODES[number % 4],
            at=at,
            probability=probability,
        ).model_copy(update={"nomenclature": "naf-rev2"})
        topic, key = topics.TOPIC_OF_ROUTE[route.value], made.formality_id.encode()
        parts = [(topic, key, encode(made))]
        if route is not Route.RETURNED:
            origin = LabelOrigin.AUDIT if route is Route.AUTO else LabelOrigin.REVIEW
            given = label(number, CODES[number % 3], origin=origin, nomenclature="naf-rev2", at=at + timedelta(hours=1))
            parts.insert(number % 2, (topics.LABELLED, key, encode(given)))
        if number % 50 == 0:
            parts += [parts[-1], (topic, b"nobody", b"no JSON"), (topic, b"nobody", b"")]
        messages += parts
    return messages


def gauges(process: Process) -> dict[Key, float]:
    """What must not depend on whether the process was killed: every gauge but its own clock and file."""
    own = {catalogue.MONITOR_PROGRESS.name, catalogue.JOIN_SIZE.name}
    names = {spec.name for spec in catalogue.MONITOR_METRICS if spec.kind is Kind.GAUGE} - own
    return {key: value for key, value in process.samples().items() if key[0] in names}


def settled(process: Process, filings: int) -> bool:
    """Whether all decisions are in the windows and every label is joined."""
    found = gauges(process)
    window = found.get((catalogue.WINDOW_MESSAGES.name, (("window", "86400_seconds"),)))
    return window == filings and process.total(catalogue.MONITOR_LAG) == 0.0


def apart(before: Mapping[Key, float], after: Mapping[Key, float]) -> list[object]:
    """Where two processes say different things."""
    return [
        (key, before.get(key), after.get(key))
        for key in sorted({*before, *after})
        if key not in before or key not in after or before[key] != pytest.approx(after[key], rel=1e-9)
    ]


def test_kill_9_in_the_middle_changes_no_exported_value(stage: Stage) -> None:
    """One monitor reads through, another is killed and started again: all gauges end alike.

    Exact but for means of real numbers, whose sums differ in the last digits. The writers' clocks
    differ, so that a later offset often bears an earlier time.
    """
    clocks = (0, -40, 25)
    whole, broken = stage.monitor("whole"), stage.monitor("broken")
    stage.send(history(0, 350), clocks)
    until(lambda: settled(broken, 350), f"it has read the first part: {broken.log.read_text()}")
    stage.send(history(350, 450), clocks)
    broken.process.kill()
    broken.process.wait()
    stage.send(history(450, 550), clocks)
    again = stage.monitor("broken")
    for process in (whole, again):
        until(lambda process=process: settled(process, 550), f"it has read all: {process.log.read_text()}")  # type: ignore[misc]
    try:
        until(lambda: apart(gauges(whole), gauges(again)) == [], "both show the same", 10.0)
    except AssertionError:
        assert apart(gauges(whole), gauges(again)) == []
    assert whole.total(catalogue.LABELS_WAITING) == 0.0
    assert whole.total(catalogue.MONITOR_UNREADABLE) == 22.0


def test_a_filing_is_in_the_scraped_metrics_within_five_seconds(stage: Stage) -> None:
    """Produced, decided by a worker, seen by the monitor, scraped; and `codiflux watch` shows both."""
    worker = stage.run("worker")
    until(lambda: worker.total(catalogue.READY) == 1.0, f"the worker is ready: {worker.log.read_text()}")
    monitor = stage.monitor("state")
    value = b'{"formality_id": "f-1", "description_activity": "Pose de chauffe-eau et plomberie"}'
    stage.send([(topics.RECEIVED, b"f-1", value)])
    until(lambda: monitor.total(catalogue.MONITOR_MESSAGES) >= 1.0, "it is scraped", SCRAPED_WITHIN_SECONDS)
    addresses = [f"127.0.0.1:{process.port}" for process in (worker, monitor)]
    seen = last_object(codiflux("watch", *addresses, "--json", "--interval", "0.3"))
    assert (seen["filings"], set(seen["addresses"].values()), seen["live"]) == (1, {"up"}, True)
    assert seen["latency_seconds"]["p50"] > 0.0
    shown = codiflux("watch", addresses[1], "--once", "--interval", "0.3")
    assert (shown.returncode, "learning" in shown.stdout) == (0, True)


def test_sigterm_ends_the_monitor_with_its_state_kept(stage: Stage) -> None:
    """Exit code 0 within ten seconds, no traceback, and an empty topic is no trouble."""
    monitor = stage.monitor("state")
    assert monitor.end(signal.SIGTERM) == 0
    assert "Traceback" not in monitor.log.read_text()
    assert (stage.folder / "state").exists()


def test_a_broker_that_goes_away_and_comes_back_costs_nothing(
    own_kafka: OwnKafka, small_model: Path, tmp_path: Path, topic_prefix: str
) -> None:
    """The monitor goes on when Kafka does, without a restart and without a message lost or counted twice."""
    settings = Settings(kafka_bootstrap_servers=own_kafka.bootstrap, topic_prefix=topic_prefix, model=small_model)
    with staged(settings, tmp_path) as stage:
        monitor = stage.monitor("state")
        stage.send(history(0, 100))
        until(lambda: settled(monitor, 100), "the first part is read")
        own_kafka.crash()
        assert monitor.process.poll() is None, monitor.log.read_text()
        stage.send(history(100, 200))
        until(lambda: settled(monitor, 200), f"the second part is read: {monitor.log.read_text()}")
        assert monitor.end(signal.SIGTERM) == 0
