"""Writing a stretch of history to a topic again, at a pace, marked as a replay."""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from schemas.codec import encode
from schemas.headers import REPLAY
from schemas.topics import TOPICS
from stream.errors import BrokerUnavailable, DeliveryFailed, UsageError
from stream.filings import open_filings
from stream.kafka.admin import Cluster
from stream.kafka.reader import Span, read
from stream.kafka.sender import Fate, sender_of
from stream.records import Outgoing, Record
from stream.replay.opening import open_source
from stream.replay.plan import SourceRequest
from stream.replay.sources import Source
from stream.replay.sources.archive import ReceivedArchive
from stream.replay.sources.file import FileSource
from stream.replay.sources.kafka import KafkaSource
from stream.replay.units import Unit
from stream.settings import Settings

LINGER_MILLISECONDS = 5
BUFFER_MEGABYTES = 64
"""Read ahead, all partitions together."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: `speed` times as fast as the messages came, or `rate` a second; neither: at once."""

    speed: float | None = None
    rate: float | None = None

    def due(self, number: int, passed_seconds: float) -> float:
        """Seconds after the start at which a message is due.

        Parameters
        ----------
        number
            Of the message, from 0.
        passed_seconds
            Between the first message's timestamp and its own.

        >>> Pace(speed=10).due(5, 60.0), Pace(rate=50).due(5, 60.0), Pace().due(5, 60.0)
        (6.0, 0.1, 0.0)
        """
        if self.rate is not None:
            return number / self.rate
        return max(0.0, passed_seconds) / self.speed if self.speed is not None else 0.0


def parse_pace(speed: str | None, rate: float | None) -> Pace:
    """The pace of `--speed 10x` or `--rate 50`.

    >>> parse_pace("10x", None)
    Pace(speed=10.0, rate=None)
    """
    if speed is None:
        return Pace(rate=rate)
    if rate is not None:
        raise UsageError("--speed and --rate exclude each other")
    try:
        times = float(speed.strip().lower().removesuffix("x"))
    except ValueError:
        times = 0.0
    if not 0.0 < times < float("inf"):
        raise UsageError(f"--speed {speed}: give how many times as fast, such as 10x")
    return Pace(speed=times)


def emit(
    request: SourceRequest,
    topic: str,
    pace: Pace,
    settings: Settings,
    *,
    note: Callable[[str], None],
    total: Callable[[int], None],
    done: Callable[[int], None],
) -> int:
    """Write the messages of a range to a topic; how many, once each is acknowledged.

    Bytes, key and headers are the original's, and `schemas.headers.REPLAY` says where it stood; the
    time is the broker's own, now. The order is that of the timestamps over all partitions.

    Raises
    ------
    UsageError
        The topic is the one that is read, or a live one: a replay would become history.
    BrokerUnavailable
        The topic is not there.
    DeliveryFailed
        The broker does not take a message; those before it are written.
    """
    if request.kind == "kafka" and request.name == topic:
        raise UsageError(f"--emit {topic}: the topic that is read; a replay must not become history")
    if topic in (settings.topic(spec.name) for spec in TOPICS):
        raise UsageError(
            f"--emit {topic}: a live topic, and a replay writes to none; give another name, such as rehearsal.{topic}"
        )
    source = open_source(request, settings)
    _require(settings, topic)
    planned = source.plan()
    for line in planned.notes:
        note(line)
    total(sum(unit.offsets for unit in planned.units))
    fates = _write(_messages(source, planned.units, topic, settings, note), pace, settings, done)
    if fates.failure is not None:
        raise DeliveryFailed(
            f"{topic}: Kafka did not take a message: {fates.failure} ({fates.acknowledged} were written)"
        )
    return fates.acknowledged


@dataclass(slots=True)
class _Fates:
    """How many messages are written, and why the first that is not was refused."""

    acknowledged: int = 0
    failure: str | None = None

    def heard(self, message: Outgoing, fate: Fate) -> None:
        if fate.error is None:
            self.acknowledged += 1
        else:
            self.failure = self.failure or fate.error


def _write(
    messages: Iterator[tuple[datetime, Outgoing]], pace: Pace, settings: Settings, done: Callable[[int], None]
) -> _Fates:
    """Write until a message is refused; `done` is told how many are handed over."""
    fates, begun, first = _Fates(), time.monotonic(), None
    with sender_of(settings, fates.heard, linger_milliseconds=LINGER_MILLISECONDS if pace == Pace() else 0) as sender:
        for number, (came_at, message) in enumerate(messages):
            first = came_at if first is None else first
            sender.wait(begun + pace.due(number, (came_at - first).total_seconds()) - time.monotonic())
            sender.post(message)
            done(number + 1)
            if fates.failure is not None:
                break
    return fates


def _messages(
    source: Source, units: tuple[Unit, ...], topic: str, settings: Settings, note: Callable[[str], None]
) -> Iterator[tuple[datetime, Outgoing]]:
    if isinstance(source, FileSource):
        yield from _rows(source, units, topic, note)
        return
    if isinstance(source, KafkaSource):
        partitions = _read_side_by_side(source, units, settings)
    elif isinstance(source, ReceivedArchive):
        partitions = [_archived(source, units, partition) for partition in sorted({unit.partition for unit in units})]
    else:
        raise UsageError("--emit writes received messages: this archive has none (CODIFLUX_ARCHIVE_RECEIVED)")
    for record in heapq.merge(*partitions, key=lambda record: record.timestamp):
        if source.wanted.has(record.timestamp):
            yield record.timestamp, _again(record, topic)


def _read_side_by_side(source: KafkaSource, units: tuple[Unit, ...], settings: Settings) -> list[Iterator[Record]]:
    """One reading a partition, so that the merge by time never waits for a partition that is behind."""
    spans: dict[int, Span] = {}
    for unit in units:
        start = spans[unit.partition].start if unit.partition in spans else unit.start
        spans[unit.partition] = Span(source.topic, unit.partition, start, unit.end)
    kilobytes = max(1_024, BUFFER_MEGABYTES * 1_024 // len(spans))
    # A slow pace leaves a reading alone for hours: its own silence begins when it is asked again.
    return [read(settings, [span], buffer_kilobytes=kilobytes) for span in spans.values()]


def _archived(source: ReceivedArchive, units: tuple[Unit, ...], partition: int) -> Iterator[Record]:
    for unit in units:
        if unit.partition == partition:
            yield from source.records(unit.partition, unit.start, unit.end)


def _again(record: Record, topic: str) -> Outgoing:
    stood = f"{record.topic}/{record.partition}/{record.offset}".encode()
    headers: list[tuple[str, str | bytes | None]] = [pair for pair in record.headers if pair[0] != REPLAY]
    return Outgoing(topic, record.key, record.value, [*headers, (REPLAY, stood)])


def _rows(
    source: FileSource, units: tuple[Unit, ...], topic: str, note: Callable[[str], None]
) -> Iterator[tuple[datetime, Outgoing]]:
    """The rows of a table as messages; at the end it is noted how many are no filing."""
    numbered = enumerate(open_filings(Path(source.path)).filings)
    unreadable: Counter[str] = Counter()
    # The units of a file follow each other without a gap.
    for number, filing in islice(numbered, units[0].start, units[-1].end):
        formality = filing.formality
        if formality is None:
            unreadable[filing.fault.reason.value if filing.fault else ""] += 1
        elif source.wanted.has(formality.received_at):
            stood = f"{source.path.name}/{number}".encode()
            message = Outgoing(topic, formality.formality_id.encode(), encode(formality), [(REPLAY, stood)])
            yield formality.received_at, message
    if unreadable:
        reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(unreadable.items()))
        note(f"{source.path}: rows that are no filing and were left out: {unreadable.total()} ({reasons})")


def _require(settings: Settings, topic: str) -> None:
    cluster = Cluster(settings)
    if not cluster.has_controller:
        cluster.name_topics([topic])
    if topic not in cluster.topics():
        raise BrokerUnavailable(f"Kafka has no topic {topic}: create it first")
