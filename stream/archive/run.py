"""The archiving process from start to stop.

Reads the topics in a consumer group of its own; writes, and only then commits. SIGTERM or SIGINT:
what is gathered is written and committed, exit code 0. What is wrong with the world (storage,
broker) ends the process; the next start goes on where the files end.
"""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import structlog

from monitoring import catalogue as c
from schemas import topics
from stream import bootstrap
from stream.archive.home import claim
from stream.archive.layout import Place
from stream.archive.stores import Store, open_store
from stream.archive.writing import Limits, Writer, Written
from stream.exposition import HealthServer
from stream.garbage import collect_seldom
from stream.kafka.admin import Cluster, Partition
from stream.kafka.subscription import Subscription
from stream.settings import Settings
from stream.worker.health import Health, Position, write_health_file

ALWAYS = (
    topics.AUTO_CODED,
    topics.REVIEW,
    topics.RETURNED,
    topics.AUDIT,
    topics.LABELLED,
    topics.DEAD_LETTER,
)
FETCH_MESSAGES = 5_000
FETCH_SECONDS = 0.2
OBSERVE_SECONDS = 0.5

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Totals:
    """What one run has written; seconds from the first message to the last file."""

    messages: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0
    lost: int = 0
    files: int = 0
    bytes: int = 0
    seconds: float = 0.0


def run_archive(settings: Settings, *, once: bool = False) -> Totals:
    """Archive until a signal comes, or with `once` until nothing more stands on the topics.

    Raises
    ------
    UsageError
        The folder is not ours, or the topics are not those of the archive.
    BrokerUnavailable, StorageFailed
        Nothing is committed that is not in a file.
    """
    cluster = Cluster(settings)
    archived = (*ALWAYS, topics.RECEIVED) if settings.archive_received else ALWAYS
    cluster.ends([settings.topic(name) for name in archived])
    store = open_store(settings.archive_output)
    claim(store, topic_prefix=settings.topic_prefix, cluster=cluster.identity)
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return _Archiver(settings, store, archived).run(stop, once=once)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Archiver:
    """Everything the process owns, wired once."""

    def __init__(self, settings: Settings, store: Store, archived: Collection[str]) -> None:
        self._settings = settings
        self._names = {settings.topic(name): name for name in archived}
        self._output = store.name
        self._writer = Writer(store, Limits(settings.archive_flush_seconds, settings.archive_buffer_bytes))
        self._instruments = bootstrap.archive_instruments(archived)
        patience = settings.stall_seconds + settings.archive_flush_seconds
        self._health = Health(patience, time.monotonic())
        self._committed: dict[Partition, int] = {}
        self._totals = Totals()
        self._observed_at = 0.0
        self._first_at: float | None = None
        self._subscription = Subscription(
            settings, self._names, group=settings.archive_group, begin=self._begin, gone=self._gone
        )

    def run(self, stop: threading.Event, *, once: bool) -> Totals:
        server = self._serve()
        collect_seldom()
        log.info("archive_started", topics=sorted(self._names.values()), output=self._output)
        try:
            while not stop.is_set():
                for place, messages in self._subscription.fetch(FETCH_MESSAGES, FETCH_SECONDS).items():
                    self._first_at = self._first_at or time.monotonic()
                    self._writer.add(self._named(place), messages, time.monotonic())
                self._write(self._writer.due(time.monotonic()))
                self._observe()
                if once and self._subscription.at_the_end():
                    break
            log.info("archive_stopping")
            self._write(self._writer.held())
            self._totals.seconds = 0.0 if self._first_at is None else time.monotonic() - self._first_at
        finally:
            self._subscription.close()
            if server is not None:
                server.close()
        log.info("archive_stopped", messages=self._totals.messages.total(), files=self._totals.files)
        return self._totals

    def _named(self, place: Partition) -> Place:
        return self._names[place[0]], place[1]

    def _begin(self, place: Partition, low: int, high: int) -> int:
        offset = self._writer.begin(self._named(place), low, high)
        self._committed[place] = offset
        log.debug("archive_partition", topic=place[0], partition=place[1], offset=offset)
        return offset

    def _gone(self, places: Collection[Partition]) -> None:
        self._writer.drop(self._named(place) for place in places)
        for place in places:
            self._committed.pop(place, None)

    def _write(self, places: Iterable[Place]) -> None:
        offsets: dict[Partition, int] = {}
        for place in places:
            begun = time.monotonic()
            written = self._writer.write(place)
            self._instruments.observe(c.ARCHIVE_WRITE, [time.monotonic() - begun])
            self._count(written)
            offsets[self._settings.topic(place[0]), place[1]] = written.end
        if not offsets:
            return
        refused = self._subscription.commit(offsets)
        if refused is not None:
            # The files say where to go on; the commit is for those who watch the group.
            log.warning("archive_commit_refused", why=refused)
        self._committed |= offsets
        self._instruments.set(c.LAST_COMMIT, time.time())

    def _count(self, written: Written) -> None:
        topic = written.place[0]
        self._totals.messages[topic] += written.rows
        self._totals.unreadable += written.unreadable
        self._totals.lost += written.lost
        self._totals.files += written.files
        self._totals.bytes += written.size
        self._instruments.add(c.ARCHIVED, written.rows, topic=topic)
        self._instruments.add(c.ARCHIVE_FILES, written.files)
        self._instruments.add(c.ARCHIVE_FILE_BYTES, written.size)
        if written.unreadable:
            self._instruments.add(c.ARCHIVE_UNREADABLE, written.unreadable, topic=topic)
        if written.lost:
            self._instruments.add(c.ARCHIVE_LOST, written.lost, topic=topic)
            log.error("archive_gap", topic=topic, partition=written.place[1], messages=written.lost, why="retention")

    def _live(self) -> bool:
        return self._health.live(time.monotonic())

    def _serve(self) -> HealthServer | None:
        self._instruments.ask(c.LIVE, self._live)
        return HealthServer.as_set(
            self._settings,
            metrics=self._instruments.wsgi_app(),
            live=self._live,
            ready=self._health.ready,
        )

    def _observe(self) -> None:
        """Twice a second: lag and health, and the gauges made of them."""
        now = time.monotonic()
        if now - self._observed_at < OBSERVE_SECONDS:
            return
        self._observed_at = now
        positions = {
            place: Position(
                self._committed.get(place),
                max(end, 0),
                self._subscription.has_ended(place) and self._writer.is_empty(self._named(place)),
            )
            for place, end in self._subscription.ends().items()
        }
        self._health.observe({number: positions[place] for number, place in enumerate(sorted(positions))}, now)
        lag: Counter[str] = Counter(dict.fromkeys(self._names.values(), 0))
        for place, position in positions.items():
            lag[self._names[place[0]]] += position.lag
        self._export(lag, now)

    def _export(self, lag: Counter[str], now: float) -> None:
        live, ready = self._health.live(now), self._health.ready()
        for name, messages in lag.items():
            self._instruments.set(c.ARCHIVE_LAG, messages, topic=name)
        oldest = self._writer.oldest()
        self._instruments.set(c.ARCHIVE_OLDEST, 0.0 if oldest is None else now - oldest)
        self._instruments.set(c.ARCHIVE_GATHERED, self._writer.gathered_bytes())
        self._instruments.set(c.READY, ready)
        if self._settings.health_file is not None:
            write_health_file(self._settings.health_file, live=live, ready=ready, now=time.time())
