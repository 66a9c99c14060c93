"""Replay from Kafka: own assignment, no group, no commit; bounds captured once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from stream.errors import UsageError
from stream.kafka.admin import Cluster
from stream.kafka.reader import Span, read, spans_of
from stream.records import Record
from stream.replay.bounds import Range
from stream.replay.filings import UnitFilings
from stream.replay.sources import Planned, nothing_in_range
from stream.replay.sources.records import by_unit
from stream.replay.summary import SourceSummary, Stretch
from stream.replay.units import Unit, cut
from stream.settings import Settings

DISORDER = timedelta(hours=1)
"""How far out of order times may stand: as much as a broker lets a clock go ahead of its own, by its default
`message.timestamp.after.max.ms`. A message that comes later than others stamped so much later is not looked for.
"""
LATEST = datetime.max.replace(tzinfo=UTC) - DISORDER


@dataclass(frozen=True)
class KafkaSource:
    """A topic of filings; `topic` is its name on the broker."""

    settings: Settings
    topic: str
    wanted: Range

    def plan(self) -> Planned:
        """Capture the bounds of every partition; later messages are not read."""
        stretches, notes = stretches_of(self.settings, self.topic, self.wanted)
        units = tuple(unit for s in stretches for unit in cut(s.partition, s.start, s.end))
        if not units:
            raise nothing_in_range(self.topic, "message", notes)
        return Planned(
            SourceSummary(
                kind="kafka",
                name=self.topic,
                since=self.wanted.since.instant,
                until=self.wanted.until.instant,
                stretches=stretches,
            ),
            units,
            notes,
        )

    def read(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        """The filings of units."""
        return by_unit(units, self.topic, self.wanted, self._run)

    def _run(self, partition: int, start: int, end: int) -> Iterator[Record]:
        return read(self.settings, [Span(self.topic, partition, start, end)])


def stretches_of(settings: Settings, topic: str, wanted: Range) -> tuple[tuple[Stretch, ...], tuple[str, ...]]:
    """What stands in the range now, by partition, and a note on what retention ate of it.

    Raises
    ------
    BrokerUnavailable
        Kafka does not answer, or has no such topic.
    UsageError
        An offset for a partition that is not there.
    """
    cluster = Cluster(settings)
    spans = _spans(settings, cluster, topic, wanted)
    known = {span.partition for span in spans}
    unknown = sorted({*wanted.since.by_partition, *wanted.until.by_partition} - known)
    if unknown:
        raise UsageError(f"{topic} has no partition {unknown[0]}: it has {len(known)}, from 0")
    stretches, notes = [], []
    for span in spans:
        first, last = wanted.since.at(span.partition), wanted.until.at(span.partition)
        start = span.start if first is None else max(span.start, first)
        end = span.end if last is None else min(span.end, last)
        lost = 0 if first is None else max(0, min(start, span.end if last is None else last) - first)
        stretches.append(Stretch(topic=topic, partition=span.partition, start=start, end=max(start, end), lost=lost))
    gone = sum(stretch.lost for stretch in stretches)
    if gone:
        left = any(stretch.start < stretch.end for stretch in stretches)
        rest = "what is left is replayed" if left else "nothing is left"
        notes.append(f"{topic}: retention has removed {gone} offsets of the range: {rest}")
    notes += _eaten(settings, cluster, topic, wanted, stretches)
    return tuple(stretches), tuple(notes)


def _spans(settings: Settings, cluster: Cluster, topic: str, wanted: Range) -> list[Span]:
    """What stands between the instants, each partition up to its last message that is within.

    Times are the producers': behind the first message stamped `until` others may be stamped earlier, by a
    clock that is behind or a producer that had to try again. The messages of the next hour are looked through
    for them; so the end hangs on the messages within alone, and is the same in every shard.
    """
    since, until = wanted.since.instant, wanted.until.instant
    spans = spans_of(cluster, [topic], since=since, until=until)
    if until is None:
        return spans
    further = spans_of(cluster, [topic], until=min(until, LATEST).astimezone(UTC) + DISORDER)
    ends = {span.partition: span.end for span in spans}
    beyond = [replace(span, start=max(span.start, ends[span.partition])) for span in further]
    for record in read(settings, beyond):
        if record.timestamp < until:
            ends[record.partition] = record.offset + 1
    return [replace(span, end=ends[span.partition]) for span in spans]


def _eaten(
    settings: Settings, cluster: Cluster, topic: str, wanted: Range, stretches: Sequence[Stretch]
) -> Iterator[str]:
    """Whether messages were removed that may have been within a range of time: the first left is later than it."""
    since = wanted.since.instant
    beginnings = cluster.beginnings([topic])
    for stretch in stretches:
        first = beginnings[topic, stretch.partition]
        if since is None or wanted.since.by_offset or first == 0 or stretch.start > first:
            continue
        oldest = next(iter(read(settings, [Span(topic, stretch.partition, first, stretch.end)])), None)
        when = "nothing is left" if oldest is None else f"the oldest message left is of {oldest.timestamp.isoformat()}"
        yield (
            f"{topic}, partition {stretch.partition}: retention has removed what stood before offset {first}; {when}:"
            " part of the range may be missing"
        )
