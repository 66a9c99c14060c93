"""Replay from an archive of decisions: each holds its filing and where that stood.

Decisions lie by route and by when they were made; a replay wants filings by where they stood. The
statistics in the files' footers say which row groups have a unit's filings, so that a unit reads
those alone. The result is that of a replay from Kafka, byte for byte, but that unreadable messages
are not there to be counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas import topics
from schemas.arrow import FORMALITY, INSTANT, KAFKA, SOURCE
from schemas.formality import CODING_FIELDS
from stream.archive.batches import Why, absent_of, opened, row_group
from stream.archive.layout import ArchiveFile
from stream.archive.reading import Selection, files_of, naming
from stream.archive.stores import Store
from stream.errors import ArchiveDamaged, UsageError
from stream.replay.bounds import Range
from stream.replay.columns import one_array
from stream.replay.filings import Tally, UnitFilings, distinct_contents, identity_batch
from stream.replay.sources import Planned, nothing_in_range
from stream.replay.sources.archive import archive_summary, bounded, held_note, late_note, lost_note
from stream.replay.sources.row_groups import PLACE, Group, footer_of, is_as_planned, statistics_of
from stream.replay.units import Unit, cut

ROUTED = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED)
FILING = ("formality.formality_id", "formality.received_at", *(f"formality.{name}" for name in CODING_FIELDS))
ROWS = pa.schema(
    [
        *(SOURCE.field(name) for name in ("partition", "offset", "timestamp")),
        *(FORMALITY.field(name) for name in ("formality_id", "received_at", *CODING_FIELDS)),
        KAFKA.field("kafka_offset"),
    ]
)
"""What is read of each decision."""
CLOCKS_APART = timedelta(days=1)
"""A decision is made after its filing came, by clocks that may differ by less than this."""


@dataclass(frozen=True)
class DecidedArchive:
    """The decisions of an archive."""

    store: Store
    wanted: Range

    def plan(self) -> Planned:
        """The offsets of the filings that decisions in the range are about."""
        spans: dict[int, tuple[int, int]] = {}
        for group in self._groups:
            start, end = spans.get(group.partition, (group.start, group.end))
            spans[group.partition] = (min(start, group.start), max(end, group.end))
        named = sorted({group.topic for group in self._groups})
        if len(named) > 1:
            raise UsageError(f"{self.store.name}: decisions on filings of several topics ({', '.join(named)})")
        stretches = bounded(named[0], spans, self.wanted) if named else ()
        units = tuple(unit for s in stretches for unit in cut(s.partition, s.start, s.end))
        if not units:
            raise nothing_in_range(self.store.name, "decision", held_note(self._files))
        notes = (
            "the archive has no received messages: the filings are taken from their decisions",
            *lost_note(self.store, stretches),
            *late_note(self.store, self._files, self.wanted),
            *self._gone_note(),
        )
        return Planned(archive_summary(self.store, self.wanted, stretches), units, notes)

    def read(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        """The filings of units."""
        for unit in units:
            yield unit, self._filings(unit)

    @cached_property
    def _files(self) -> list[ArchiveFile]:
        return [file for topic in ROUTED for file in files_of(self.store, topic)]

    @cached_property
    def _groups(self) -> list[Group]:
        return self._looked[0]

    @cached_property
    def _looked(self) -> tuple[list[Group], Counter[Why]]:
        """The row groups in the range, and how many decisions were in their files and are no longer."""
        since = self.wanted.since.instant
        selection = Selection(None if since is None else since - CLOCKS_APART)
        groups: list[Group] = []
        gone: Counter[Why] = Counter()
        for file in filter(selection.meets, self._files):
            groups += self._groups_of(file, gone)
        return groups, gone

    def _gone_note(self) -> tuple[str, ...]:
        gone = self._looked[1]
        if not gone:
            return ()
        reasons = ", ".join(f"{count} {why.value}" for why, count in sorted(gone.items()))
        return (
            f"{self.store.name}: {gone.total()} decisions are no longer in the files of the range ({reasons}):"
            " filings of it may be missing",
        )

    def _groups_of(self, file: ArchiveFile, gone: Counter[Why]) -> Iterator[Group]:
        with self._opened(file) as parquet:
            with naming(self.store, file):
                absent = absent_of(parquet.schema_arrow)
            for one in absent:
                if one.why is not Why.NO_MESSAGE and one.end > file.floor:
                    gone[one.why] += one.end - max(one.start, file.floor)
            for number in range(parquet.metadata.num_row_groups):
                stats = statistics_of(parquet.metadata, number)
                if any(s is None or not s.has_min_max for s in stats.values()) or not self._in_time(stats[PLACE[3]]):
                    continue
                partitions, offsets = stats["source.partition"], stats["source.offset"]
                footer = footer_of(parquet.metadata, number, offsets)
                topic, partition = stats["source.topic"].min, partitions.min
                group = Group(file, number, topic, partition, offsets.min, offsets.max + 1, footer)
                if stats["source.topic"].min != stats["source.topic"].max:
                    raise UsageError(f"{self.store.name}: {file.path}: decisions on filings of several topics")
                if partitions.min == partitions.max:
                    yield group
                else:
                    yield from self._by_partition(parquet, group)

    def _in_time(self, stamps: Any) -> bool:
        since, until = self.wanted.since.instant, self.wanted.until.instant
        return (since is None or stamps.max >= since) and (until is None or stamps.min < until)

    def _by_partition(self, parquet: pq.ParquetFile, group: Group) -> Iterator[Group]:
        """Where decisions' topics have other partitions than the filings', the footer does not tell enough."""
        with naming(self.store, group.file):
            rows = row_group(parquet, group.number, ["source.partition", "source.offset"])["source"]
        partitions, offsets = pc.struct_field(rows, "partition"), pc.struct_field(rows, "offset")
        for partition in sorted(value for value in pc.unique(partitions).to_pylist() if value is not None):
            within = pc.min_max(offsets.filter(pc.equal(partitions, partition))).as_py()
            yield replace(group, partition=partition, start=within["min"], end=within["max"] + 1)

    def _opened(self, file: ArchiveFile) -> pq.ParquetFile:
        try:
            return opened(self.store.open(file.path))
        except FileNotFoundError:
            raise ArchiveDamaged(f"{self.store.name}: compacted while it was read: run it again") from None
        except (pa.ArrowException, OSError) as error:
            raise ArchiveDamaged(f"{self.store.name}: {file.path}: cannot be read, the file is damaged") from error

    def _filings(self, unit: Unit) -> UnitFilings:
        tables = [
            self._rows(group, unit)
            for group in self._groups
            if group.partition == unit.partition and group.start < unit.end and group.end > unit.start
        ]
        # Offsets of other kinds of message, or of filings still undecided, may fill a whole unit.
        rows = pa.concat_tables(tables) if tables else ROWS.empty_table()
        rows = rows.sort_by([("offset", "ascending"), ("formality_id", "ascending")])
        fresh = _first_of_each(rows)
        kept = rows.filter(pa.array(fresh)).combine_chunks()
        contents, content = distinct_contents([one_array(kept[name]) for name in CODING_FIELDS])
        identity = identity_batch(
            one_array(kept["formality_id"]),
            one_array(kept["received_at"]),
            self._groups[0].topic,
            unit.partition,
            one_array(kept["offset"]),
            one_array(kept["timestamp"]),
        )
        messages = len(pc.unique(kept["offset"]))
        copies = int(len(fresh) - fresh.sum())
        return UnitFilings(identity, contents, content, Tally(messages, kept.num_rows, copies))

    def _rows(self, group: Group, unit: Unit) -> pa.Table:
        with self._opened(group.file) as parquet, naming(self.store, group.file):
            if not is_as_planned(parquet.metadata, group):
                raise ArchiveDamaged(f"{self.store.name}: {group.file.path}: changed while it was read: run it again")
            rows = row_group(parquet, group.number, [*PLACE, *FILING, "kafka_offset"])
        source, formality = rows["source"], rows["formality"]
        table = pa.table(
            {
                "partition": pc.struct_field(source, "partition"),
                "offset": pc.struct_field(source, "offset"),
                "timestamp": pc.struct_field(source, "timestamp"),
                **{name: pc.struct_field(formality, name) for name in ("formality_id", "received_at", *CODING_FIELDS)},
                "kafka_offset": rows["kafka_offset"],
            }
        )
        wanted = (
            (pc.field("partition") == unit.partition)
            & (pc.field("offset") >= unit.start)
            & (pc.field("offset") < unit.end)
            & (pc.field("kafka_offset") >= group.file.floor)
        )
        if self.wanted.since.instant is not None:
            wanted &= pc.field("timestamp") >= pa.scalar(self.wanted.since.instant, INSTANT)
        if self.wanted.until.instant is not None:
            wanted &= pc.field("timestamp") < pa.scalar(self.wanted.until.instant, INSTANT)
        return table.filter(wanted)


def _first_of_each(rows: pa.Table) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each row, sorted by offset and id, is the first of its filing: copies follow it."""
    if rows.num_rows == 0:
        return np.zeros(0, dtype=bool)
    offsets = rows["offset"].to_numpy()
    ids = one_array(rows["formality_id"])
    same_id = pc.equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
    return np.concatenate([[True], (offsets[1:] != offsets[:-1]) | ~same_id])
