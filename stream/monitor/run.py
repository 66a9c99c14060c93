"""The monitor's process: reads until SIGTERM or SIGINT, then keeps its state and ends with exit code 0."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping

import structlog

from monitoring import catalogue
from monitoring.instruments import Instruments
from stream import bootstrap
from stream.exposition import HealthServer
from stream.garbage import collect_seldom
from stream.kafka.admin import Cluster, Partition
from stream.kafka.merged import MergedConsumer
from stream.monitor.engine import Engine
from stream.monitor.export import Exporter
from stream.monitor.progress import Progress
from stream.monitor.publishing import Publisher, read_published
from stream.monitor.reading import WATCHED
from stream.settings import Settings
from stream.worker.health import write_health_file

MOST = 2_500
"""Messages taken in at once: more cost less each, and more memory."""
POLL_SECONDS = 0.2
PARTITIONS_SECONDS = 60.0
"""How often it is looked whether a topic has got more partitions."""

log = structlog.get_logger(__name__)


def run_monitor(settings: Settings) -> None:
    """Run until a signal comes.

    Raises
    ------
    UsageError, ArtefactError
        A setting or the model is not right.
    BrokerUnavailable, DeliveryFailed
        Kafka refuses for good; nothing that was not published is committed.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    monitor = Monitor(settings)
    collect_seldom()
    try:
        monitor.run(stop)
    finally:
        monitor.close()


class Monitor:
    """Everything one monitor process owns."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        published = read_published(settings)
        self.engine: Engine = bootstrap.make_monitor(settings)
        self.engine.resume(published)
        self.instruments: Instruments = bootstrap.monitor_instruments()
        threshold = settings.threshold
        self._exporter = Exporter(
            self.instruments,
            self.engine,
            threshold=self.engine.models.default_threshold if threshold is None else threshold,
        )
        self._publisher = Publisher(settings, published)
        self._topics = [settings.topic(name) for name in WATCHED]
        self._cluster = Cluster(settings)
        self._starts = self._where_to_begin()
        now = time.monotonic()
        self._consumer = MergedConsumer(settings, group=settings.monitor_group_name, starts=self._starts, now=now)
        self.progress = Progress(settings.stall_seconds, now, time.time())
        self._positions: dict[Partition, int] = {}
        self._changed = True
        self._server = self._serve()
        self._next_export = self._next_commit = now
        self._next_look = now + PARTITIONS_SECONDS

    def _where_to_begin(self) -> dict[Partition, int]:
        """Where the state stands; the topics' beginning for what it does not know."""
        beginnings, ends = self._cluster.beginnings(self._topics), self._cluster.ends(self._topics)
        kept = self.engine.join.offsets()
        beyond = [place for place, offset in kept.items() if place in ends and offset > ends[place]]
        if beyond:
            # Topics deleted and made again: the state is of a stream that is no more.
            log.warning("monitor_begins_anew", reason="topics end before what was read", partitions=len(beyond))
            self.engine.join.clear()
            self.engine = bootstrap.make_monitor(self._settings, join=self.engine.join)
            kept = {}
        lost = sum(max(0, start - kept.get(place, start)) for place, start in beginnings.items())
        if lost:
            log.warning("messages_removed_before_reading", messages=lost)
        return {place: max(start, kept.get(place, start)) for place, start in beginnings.items()}

    def _serve(self) -> HealthServer | None:
        return HealthServer.as_set(
            self._settings,
            metrics=self.instruments.wsgi_app(),
            live=lambda: self.progress.live(time.monotonic()),
            ready=lambda: self.progress.ready,
        )

    def run(self, stop: threading.Event) -> None:
        """Read, publish, export and commit until told to stop."""
        log.info(
            "monitor_started",
            models=sorted(self.engine.models.by_version),
            partitions=len(self._starts),
            group=self._settings.monitor_group_name,
        )
        while not stop.is_set():
            self.step()
        self.commit()
        log.info("monitor_stopped")

    def step(self) -> None:
        """One turn: what has come, and whatever is due."""
        items = self._consumer.poll(MOST, POLL_SECONDS)
        if items:
            taken = self.engine.take(items)
            for event in self._publisher.publish(taken.events):
                self.instruments.add(catalogue.DRIFT_EVENTS, signal=event.signal, state=event.state.value)
            self._exporter.taken(taken)
            self._changed = True
            for item in items:
                self._positions[item.topic, item.partition] = item.offset + 1
        now = time.monotonic()
        self.progress.turn(
            now,
            time.time(),
            read=bool(items),
            at_end=self._consumer.at_end(),
            answers=lambda: self._consumer.answers(next(iter(self._starts))),
        )
        if now >= self._next_export:
            self.export()
            self._next_export = time.monotonic() + self._settings.monitor_export_seconds
        if now >= self._next_commit:
            self.commit()
            self._next_commit = time.monotonic() + self._settings.monitor_commit_seconds
        if now >= self._next_look:
            self._look_for_partitions(now)

    def export(self) -> None:
        """Make the metrics anew."""
        if self._changed:
            # Windows move with event time alone: without a message every figure is as it was.
            self._exporter.export()
            self._changed = False
        gauges = self.instruments
        gauges.replace(catalogue.MONITOR_LAG, self._lag(self._consumer.ends()))
        live, ready = self.progress.live(time.monotonic()), self.progress.ready
        gauges.set(catalogue.MONITOR_PROGRESS, self.progress.moved_at)
        gauges.set(catalogue.MONITOR_LIVE, live)
        gauges.set(catalogue.MONITOR_READY, ready)
        if self._settings.health_file is not None:
            write_health_file(self._settings.health_file, live=live, ready=ready, now=time.time())

    def _lag(self, ends: Mapping[Partition, int]) -> dict[tuple[str], float]:
        lag: dict[tuple[str], float] = {(name,): 0.0 for name in WATCHED}
        prefix = len(self._settings.topic_prefix)
        for place, end in ends.items():
            position = self._positions.get(place, self._starts.get(place, end))
            lag[place[0][prefix:],] += max(0, end - position)
        return lag

    def commit(self) -> None:
        """Keep the state; then show where it stands."""
        self.engine.commit()
        self._consumer.show(self._positions)

    def _look_for_partitions(self, now: float) -> None:
        self._next_look = now + PARTITIONS_SECONDS
        if not self.progress.live(now):
            return
        new = {p: start for p, start in self._cluster.beginnings(self._topics).items() if p not in self._starts}
        if new:
            log.info("partitions_added", partitions=len(new))
            self._consumer.add(new, now)
            self._starts |= new

    def close(self) -> None:
        """Let go of everything."""
        self._consumer.close()
        self.engine.join.close()
        if self._server is not None:
            self._server.close()
