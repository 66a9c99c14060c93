"""Small files become large ones, without a moment in which a row is missing.

Consecutive batches of a partition become one batch that covers them all; it is written first, and
only then are they removed. A crash in between leaves batches that lie within another: they no longer
count for `read_rows`, and the next compaction removes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import archived
from stream.archive.batches import Absent, absent_of, parquet
from stream.archive.layout import PARTIAL, ArchiveFile, Batch, Chain, chains, file_of
from stream.archive.reading import naming, read_file
from stream.archive.stores import Store
from stream.archive.turn import turn
from stream.errors import StreamError

TARGET_BYTES = 64 << 20
"""Size of the files to make; a file of half of it is left as it is."""
PARTIAL_SECONDS = 3_600.0
"""A file that has been half-written for so long is a dead process's."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """Files there were and are, and leftovers removed."""

    before: int
    after: int
    leftovers: int


def compact(
    store: Store, *, target_bytes: int = TARGET_BYTES, progress: Callable[[int, int], None] = lambda done, total: None
) -> Compacted:
    """Merge the small files of every partition, and remove what earlier runs and crashes left.

    Parameters
    ----------
    progress
        Told of merges done, and of all of them.

    Raises
    ------
    ArchiveDamaged
        A file cannot be read, and is left as it is with the others of its merge; the line names it.
    """
    with turn(store) as renew:
        sizes = {stored.path: stored.size for stored in store.files()}
        found = chains(file for path in sizes if (file := file_of(path)))
        leftovers = remove_leftovers(store, list(found.values()))
        groups = [group for chain in found.values() for group in _groups(chain.batches, sizes, target_bytes)]
        after = sum(len(batch.files) for chain in found.values() for batch in chain.batches)
        before = after
        for done, group in enumerate(groups, start=1):
            renew()
            made = merge(store, group)
            after += made - sum(len(batch.files) for batch in group)
            progress(done, len(groups))
        return Compacted(before, after, leftovers)


def merge(store: Store, group: Sequence[Batch]) -> int:
    """Make one batch of consecutive ones; the number of its files."""
    first, last = group[0], group[-1]
    by_day: dict[date, list[ArchiveFile]] = {}
    for batch in group:
        for file in batch.files:
            by_day.setdefault(file.day, []).append(file)
    absent = [one for batch in group for file in batch.files for one in _absent(store, file)]
    days = [day for day in sorted(by_day) if any(_has_rows(store, file) for file in by_day[day])] or [min(by_day)]
    written: list[str] = []
    try:
        for part, day in enumerate(days, start=1):
            target = ArchiveFile(first.topic, day, first.partition, first.start, last.end, part, len(days))
            content = parquet(archived(first.topic), _rows(store, by_day[day]), absent if part == 1 else [])
            store.put(target.path, content)
            written.append(target.path)
    except StreamError:
        # A batch without all its parts does not count; it would lie there until the damage is mended.
        with suppress(StreamError):
            for path in written:
                store.delete(path)
        raise
    for batch in group:
        for file in batch.files:
            store.delete(file.path)
    return len(days)


def _rows(store: Store, files: Sequence[ArchiveFile]) -> Iterator[pa.RecordBatch]:
    for file in files:
        for batch, _ in read_file(store, file):
            yield batch


def _absent(store: Store, file: ArchiveFile) -> list[Absent]:
    """Of two archivers that wrote at once the first counts: below the floor nothing is ours."""
    return [Absent(max(one.start, file.floor), one.end, one.why) for one in _note(store, file) if one.end > file.floor]


def _note(store: Store, file: ArchiveFile) -> list[Absent]:
    with naming(store, file), store.open(file.path) as source:
        return absent_of(pq.read_schema(source))


def _has_rows(store: Store, file: ArchiveFile) -> bool:
    with naming(store, file), store.open(file.path) as source:
        return bool(pq.read_metadata(source).num_rows)


def _groups(batches: Sequence[Batch], sizes: dict[str, int], target_bytes: int) -> Iterator[list[Batch]]:
    """Runs of small batches that follow each other, each run of about the target's size or one day."""
    group: list[Batch] = []
    gathered = 0
    for batch in batches:
        size = sum(sizes[file.path] for file in batch.files)
        if group and (group[-1].end < batch.start or gathered + size > target_bytes or _later(group, batch)):
            if len(group) > 1:
                yield group
            group, gathered = [], 0
        if size >= target_bytes // 2 and not group:
            continue
        group.append(batch)
        gathered += size
    if len(group) > 1:
        yield group


def _later(group: Sequence[Batch], batch: Batch) -> bool:
    """Whether a batch begins after the last day of a group: yesterday's file need not grow today."""
    latest = max(file.day for one in group for file in one.files)
    return min(file.day for file in batch.files) > latest


def remove_leftovers(store: Store, found: Sequence[Chain], *, partial_seconds: float = PARTIAL_SECONDS) -> int:
    """Remove what lies within batches that count, and what a killed writer left; the number of files.

    What an archiver is writing now lies beyond the last complete batch, and is left alone.
    """
    removed = 0
    for chain in found:
        within = [file for file in chain.incomplete if chain.end is not None and file.end <= chain.end]
        for file in [*(file for batch in chain.superseded for file in batch.files), *within]:
            store.delete(file.path)
            removed += 1
    return removed + _remove_partials(store, partial_seconds)


def _remove_partials(store: Store, seconds: float) -> int:
    """Remove half-written files of a folder that nobody has touched for so long; a bucket has none."""
    if not store.local:
        return 0
    removed = 0
    for path in Path(store.root).rglob(f".*{PARTIAL}"):
        if time.time() - path.stat().st_mtime > seconds:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
