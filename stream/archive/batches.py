"""A batch of offsets as Parquet files: one for each event date, and in each what has no row and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stream.archive.layout import ArchiveFile, Place

ROW_GROUP_ROWS = 65_536
"""Rows of a row group; about 40 MB before compression."""
BATCH_ROWS = 8_192
"""Rows read at a time."""
ABSENT = b"codiflux.absent"
DAY_MICROSECONDS = 86_400_000_000


class Why(StrEnum):
    """Why an offset of a batch has no row."""

    NO_MESSAGE = "no message"
    """The marker of a transaction, a message of one that was given up, or removed by compaction."""
    RETENTION = "retention"
    """The topic had removed it before the archive read it."""
    FORGOTTEN = "forgotten"
    """A person's filing, erased on request."""
    EXPIRED = "expired"
    """Older than the archive keeps rows."""


@dataclass(frozen=True, slots=True)
class Absent:
    """Offsets from `start` up to, and without, `end` that have no row."""

    start: int
    end: int
    why: Why


def holes(offsets: NDArray[np.int64], start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of [start, end) that ascending offsets leave out.

    >>> holes(np.array([3, 4, 7]), 2, 9)
    [(2, 3), (5, 7), (8, 9)]
    """
    bounds = np.concatenate(([start - 1], offsets, [end]))
    at = np.flatnonzero(np.diff(bounds) > 1)
    return [(int(bounds[i]) + 1, int(bounds[i + 1])) for i in at]


def stretches(offsets: NDArray[np.int64], why: Why) -> list[Absent]:
    """Ascending offsets as few stretches.

    >>> stretches(np.array([3, 4, 7]), Why.FORGOTTEN)[0]
    Absent(start=3, end=5, why=<Why.FORGOTTEN: 'forgotten'>)
    """
    if not len(offsets):
        return []
    cuts = np.flatnonzero(np.diff(offsets) > 1)
    firsts = offsets[np.concatenate(([0], cuts + 1))]
    lasts = offsets[np.concatenate((cuts, [len(offsets) - 1]))]
    return [Absent(int(first), int(last) + 1, why) for first, last in zip(firsts, lasts, strict=True)]


def joined(absent: Iterable[Absent]) -> list[Absent]:
    """In order, neighbours of one reason as one."""
    found: list[Absent] = []
    for one in sorted(absent, key=lambda each: each.start):
        if found and found[-1].end == one.start and found[-1].why == one.why:
            found[-1] = Absent(found[-1].start, one.end, one.why)
        else:
            found.append(one)
    return found


def absent_of(schema: pa.Schema) -> list[Absent]:
    """What a file's own metadata says has no row; raises `ValueError` for what we did not write."""
    metadata = schema.metadata or {}
    return [Absent(start, end, Why(why)) for start, end, why in json.loads(metadata.get(ABSENT, b"[]"))]


def days_of(table: pa.Table) -> NDArray[np.int64]:
    """The event date of each row, in days since the epoch."""
    stamps = table["kafka_timestamp"].cast(pa.int64()).to_numpy()
    return np.asarray(stamps // DAY_MICROSECONDS, dtype=np.int64)


def encoded(
    place: Place, start: int, end: int, table: pa.Table, absent: Sequence[Absent]
) -> Iterator[tuple[ArchiveFile, pa.Buffer]]:
    """The files of a batch, one for each event date, in the order in which to write them.

    What is absent is noted in the first. A batch without rows is one file of the epoch's first day.
    """
    days = days_of(table)
    distinct = np.unique(days) if len(days) else np.zeros(1, dtype=np.int64)
    for part, day in enumerate(distinct.tolist(), start=1):
        rows = table if len(distinct) == 1 else table.filter(pa.array(days == day))
        file = ArchiveFile(*_place(place, date_of(day)), start, end, part, len(distinct))
        yield file, parquet(rows.schema, [rows], absent if part == 1 else [])


def _place(place: Place, day: date) -> tuple[str, date, int]:
    return place[0], day, place[1]


def date_of(day: int) -> date:
    """A number of days since the epoch as a date."""
    return datetime.fromtimestamp(day * 86_400, UTC).date()


def parquet(schema: pa.Schema, tables: Iterable[Any], absent: Sequence[Absent]) -> pa.Buffer:
    """A Parquet file in memory, of tables or record batches in order; rows are gathered to row groups."""
    note = json.dumps([[one.start, one.end, one.why.value] for one in joined(absent)])
    schema = schema.with_metadata({**(schema.metadata or {}), ABSENT: note.encode()})
    sink = pa.BufferOutputStream()
    waiting: list[pa.RecordBatch] = []
    # Each page has a checksum: what a disk has changed in it since is no other filing, but damage.
    with pq.ParquetWriter(sink, schema, compression="zstd", write_page_checksum=True) as writer:
        for table in tables:
            waiting += table.to_batches() if isinstance(table, pa.Table) else [table]
            if sum(batch.num_rows for batch in waiting) >= ROW_GROUP_ROWS:
                waiting = _write(writer, waiting, schema, whole=True)
        _write(writer, waiting, schema, whole=False)
    return sink.getvalue()


def opened(source: Any) -> pq.ParquetFile:
    """A file of an archive to read; pages that have checksums are held to them."""
    return pq.ParquetFile(source, page_checksum_verification=True)


def batches_of(file: pq.ParquetFile, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """All rows of a file, columns of the archive's schema or all of them.

    Raises
    ------
    ValueError
        Fewer or more than its footer says: no checksum covers a page's own header, and where that is
        damaged Arrow may take the page for none at all.
    """
    rows = 0
    for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
        rows += batch.num_rows
        yield batch
    _all_there(rows, file.metadata.num_rows)


def row_group(file: pq.ParquetFile, number: int, columns: Sequence[str]) -> pa.Table:
    """The rows of one row group; raises as `batches_of` does."""
    table = file.read_row_group(number, columns=list(columns))
    _all_there(table.num_rows, file.metadata.row_group(number).num_rows)
    return table


def _all_there(found: int, said: int) -> None:
    if found != said:
        raise ValueError(f"{found} rows of {said}")


def _write(
    writer: pq.ParquetWriter, waiting: list[pa.RecordBatch], schema: pa.Schema, *, whole: bool
) -> list[pa.RecordBatch]:
    """Write full row groups, or with `whole` false all there is; what is left waits."""
    table = pa.Table.from_batches(waiting, schema=waiting[0].schema if waiting else schema)
    rows = table.num_rows - table.num_rows % ROW_GROUP_ROWS if whole else table.num_rows
    if rows:
        writer.write_table(table.slice(0, rows).replace_schema_metadata(schema.metadata), row_group_size=ROW_GROUP_ROWS)
    rest: list[pa.RecordBatch] = table.slice(rows).to_batches()
    return rest
