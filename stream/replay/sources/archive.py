"""Replay from an archive of received messages: the same units and the same bytes as from Kafka."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property

from schemas import topics
from stream.archive.batches import date_of
from stream.archive.layout import ArchiveFile, Place
from stream.archive.reading import Selection, files_of, read_rows
from stream.archive.stores import Store
from stream.records import Record
from stream.replay.bounds import Range
from stream.replay.filings import UnitFilings
from stream.replay.sources import Planned, nothing_in_range
from stream.replay.sources.records import by_unit
from stream.replay.summary import SourceSummary, Stretch
from stream.replay.units import Unit, cut

NO_DAY = date_of(0)
"""Event date in the name of a file without rows."""
COLUMNS = ("kafka_offset", "kafka_timestamp", "kafka_key", "value", "kafka_headers")


@dataclass(frozen=True)
class ReceivedArchive:
    """The received messages of an archive; `topic` is their topic's name on the broker."""

    store: Store
    topic: str
    wanted: Range

    def plan(self) -> Planned:
        """The offsets that the files in the range hold, by their names alone."""
        selection = Selection(self.wanted.since.instant, self.wanted.until.instant)
        spans: dict[int, tuple[int, int]] = {}
        for file in filter(selection.meets, self._files):
            start, end = spans.get(file.partition, (file.start, file.end))
            spans[file.partition] = (min(start, file.start), max(end, file.end))
        stretches = bounded(self.topic, spans, self.wanted)
        units = tuple(unit for s in stretches for unit in cut(s.partition, s.start, s.end))
        if not units:
            raise nothing_in_range(self.store.name, "message", held_note(self._files))
        notes = lost_note(self.store, stretches) + late_note(self.store, self._files, self.wanted)
        return Planned(archive_summary(self.store, self.wanted, stretches), units, notes)

    @cached_property
    def _files(self) -> list[ArchiveFile]:
        """Listed once: an archive of years has many files, and a run many units."""
        return files_of(self.store, topics.RECEIVED)

    def read(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        """The filings of units."""
        for unit in units:
            yield from by_unit([unit], self.topic, self.wanted, self.records)

    def records(self, partition: int, start: int, end: int) -> Iterator[Record]:
        """The messages of a stretch, in order."""
        wanted = Selection(self.wanted.since.instant, self.wanted.until.instant, {partition: (start, end)})
        found: list[Record] = []
        for batch in read_rows(self.store, topics.RECEIVED, wanted, columns=COLUMNS, listed=self._files):
            found += (
                self._record(partition, *row) for row in zip(*(c.to_pylist() for c in batch.columns), strict=True)
            )
        # Files go by date, and clocks of producers may disagree: offsets are the order of the topic.
        yield from sorted(found, key=lambda record: record.offset)

    def _record(self, partition: int, *row: object) -> Record:
        offset, timestamp, key, value, headers = row
        pairs = tuple((header["name"], header["value"]) for header in headers or ())  # type: ignore[attr-defined]
        return Record(self.topic, partition, offset, timestamp, key, value, pairs)  # type: ignore[arg-type]


def bounded(topic: str, spans: dict[int, tuple[int, int]], wanted: Range) -> tuple[Stretch, ...]:
    """Stretches of what an archive has, within the offsets asked for."""
    stretches = []
    for partition, (start, end) in sorted(spans.items()):
        first, last = wanted.since.at(partition), wanted.until.at(partition)
        begin = start if first is None else max(start, first)
        stop = end if last is None else min(end, last)
        lost = 0 if first is None else max(0, min(begin, stop) - first)
        if begin < stop:
            stretches.append(Stretch(topic=topic, partition=partition, start=begin, end=stop, lost=lost))
    return tuple(stretches)


def archive_summary(store: Store, wanted: Range, stretches: tuple[Stretch, ...]) -> SourceSummary:
    """What was read of an archive."""
    return SourceSummary(
        kind="archive",
        name=store.name,
        since=wanted.since.instant,
        until=wanted.until.instant,
        stretches=stretches,
    )


def lost_note(store: Store, stretches: tuple[Stretch, ...]) -> tuple[str, ...]:
    """A note on offsets that the archive does not go back to."""
    lost = sum(stretch.lost for stretch in stretches)
    return (f"{store.name}: the archive begins later: {lost} offsets of the range are not in it",) if lost else ()


def held_note(files: Iterable[ArchiveFile]) -> tuple[str, ...]:
    """A note on the days that an archive has anything of, by the names of its files."""
    days = sorted({file.day for file in files} - {NO_DAY})
    return (f"the archive holds {days[0]} to {days[-1]}",) if days else ()


def late_note(store: Store, files: Iterable[ArchiveFile], wanted: Range) -> tuple[str, ...]:
    """A note on partitions that do not go back to the instant asked for, by the names of an archive's files."""
    since = wanted.since.instant
    if since is None:
        return ()
    starts: dict[Place, int] = {}
    first: dict[Place, ArchiveFile] = {}
    for file in sorted(files, key=lambda file: (file.topic, file.partition, file.start, file.day)):
        starts.setdefault(file.place, file.start)
        if file.day != NO_DAY:
            first.setdefault(file.place, file)
    # Before offset 0 there was nothing; on the day itself the names do not tell.
    late = [file for place, file in first.items() if starts[place] > 0 and file.day >= since.astimezone(UTC).date()]
    if not late:
        return ()
    more = f" (and of {len(late) - 1} more)" if len(late) > 1 else ""
    return (
        f"{store.name}: has nothing of {late[0].topic}, partition {late[0].partition}{more} from before {late[0].day}"
        f" (offset {starts[late[0].place]}): part of the range may be missing",
    )
