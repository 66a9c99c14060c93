"""Reading an archive: what it holds, and its rows in one order, batch by batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow import INSTANT, archived
from stream.archive.batches import batches_of, opened
from stream.archive.layout import ArchiveFile, chains, counted, file_of
from stream.archive.stores import Store
from stream.errors import ArchiveDamaged

"""Most rows of a record batch that is read."""
NEEDED = ("kafka_offset", "kafka_timestamp")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows are meant; the default is all of them.

    Parameters
    ----------
    since, until
        Of the Kafka message's timestamp, aware; `since` is within, `until` is not.
    offsets
        By partition, from the first offset up to, and without, the second; a partition that is not
        named has none of its rows meant. `None`: all partitions and offsets.
    """

    since: datetime | None = None
    until: datetime | None = None
    offsets: dict[int, tuple[int, int]] | None = None

    def meets(self, file: ArchiveFile) -> bool:
        """Whether the file may have a row that is meant, by its name alone."""
        if self.since is not None and file.day < self.since.astimezone(UTC).date():
            return False
        if self.until is not None and file.day > self.until.astimezone(UTC).date():
            return False
        if self.offsets is None:
            return True
        start, end = self.offsets.get(file.partition, (0, 0))
        return max(start, file.floor) < min(end, file.end)


ALL = Selection()


def files_of(store: Store, topic: str, selection: Selection = ALL) -> list[ArchiveFile]:
    """The files that may have rows of a selection, in the order of reading; none for a topic not there.

    The order is event date, partition, offset: it and the rows are the same before and after a
    compaction.
    """
    found = (file_of(stored.path) for stored in store.files(f"topic={topic}"))
    return [file for file in counted(chains(file for file in found if file)) if selection.meets(file)]


def read_rows(
    store: Store,
    topic: str,
    selection: Selection = ALL,
    *,
    columns: Sequence[str] | None = None,
    listed: Sequence[ArchiveFile] | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of a selection, in the order of event date, partition and offset.

    What there is when the reading begins is its bound: a compaction changes neither order nor number
    of what is read, and what is archived meanwhile is not read (a row that is forgotten is gone at
    once). Holds one row group at a time.

    Parameters
    ----------
    columns
        Names of `schemas.arrow.archived(topic)`; all of them by default.
    listed
        What `files_of` said of the topic before: nothing is listed then, unless a file of it is gone.

    Raises
    ------
    ArchiveDamaged
        A file is cut short or is not what its name says; the line names it.
    StorageFailed
        The store does not give a file.
    """
    done: dict[tuple[Any, int], int] = {}
    known = files_of(store, topic) if listed is None else listed
    waiting = [file for file in known if selection.meets(file)]
    selection = _as_of_now(selection, waiting)
    while waiting:
        file = waiting.pop(0)
        key = (file.day, file.partition)
        try:
            for batch in read_file(store, file, columns=columns, selection=selection, above=done.get(key, -1)):
                rows, last = batch
                done[key] = last
                if rows.num_rows:
                    yield rows
            done[key] = max(done.get(key, -1), file.end - 1)
        except FileNotFoundError:
            # Compacted meanwhile: what its name promised is in another file now.
            waiting = _again(store, topic, selection, file, done)


def _as_of_now(selection: Selection, files: Sequence[ArchiveFile]) -> Selection:
    """The selection, ending where the files end that are there."""
    ends: dict[int, int] = {}
    for file in files:
        ends[file.partition] = max(file.end, ends.get(file.partition, 0))
    asked = selection.offsets
    if asked is None:
        asked = {partition: (0, end) for partition, end in ends.items()}
    bounds = {partition: (start, min(end, ends.get(partition, 0))) for partition, (start, end) in asked.items()}
    return replace(selection, offsets=bounds)


def _again(
    store: Store, topic: str, selection: Selection, lost: ArchiveFile, done: dict[tuple[Any, int], int]
) -> list[ArchiveFile]:
    later = [
        file
        for file in files_of(store, topic, selection)
        if (file.day, file.partition) >= (lost.day, lost.partition)
        and file.end - 1 > done.get((file.day, file.partition), -1)
    ]
    if lost in later:
        raise ArchiveDamaged(f"{store.name}: {lost.path}: is listed and cannot be opened")
    return later


def read_file(
    store: Store,
    file: ArchiveFile,
    *,
    columns: Sequence[str] | None = None,
    selection: Selection = ALL,
    above: int = -1,
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The rows of one file that are meant and lie above an offset, and the last offset looked at."""
    names = list(columns) if columns is not None else archived(file.topic).names
    wanted = list(dict.fromkeys([*names, *NEEDED]))
    with naming(store, file), store.open(file.path) as source, opened(source) as parquet:
        for batch in batches_of(parquet, wanted):
            if batch.num_rows:
                last = int(batch["kafka_offset"][-1].as_py())
                yield _meant(batch, file, selection, above).select(names), last


@contextmanager
def naming(store: Store, file: ArchiveFile) -> Iterator[None]:
    """One line that names the file, whatever its damage ends the reading with; `FileNotFoundError` passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    # Arrow says of some damage (a page's header, what zstd refuses) no more than OSError.
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise ArchiveDamaged(f"{store.name}: {file.path}: cannot be read, the file is damaged") from error


def _meant(batch: pa.RecordBatch, file: ArchiveFile, selection: Selection, above: int) -> pa.RecordBatch:
    start, end = max(file.floor, above + 1), file.end
    if selection.offsets is not None:
        first, stop = selection.offsets.get(file.partition, (0, 0))
        start, end = max(start, first), min(end, stop)
    offsets, stamps = batch["kafka_offset"], batch["kafka_timestamp"]
    conditions = []
    if offsets[0].as_py() < start or offsets[-1].as_py() >= end:
        conditions.append(pc.and_(pc.greater_equal(offsets, start), pc.less(offsets, end)))
    if selection.since is not None:
        conditions.append(pc.greater_equal(stamps, pa.scalar(selection.since, INSTANT)))
    if selection.until is not None:
        conditions.append(pc.less(stamps, pa.scalar(selection.until, INSTANT)))
    for condition in conditions[1:]:
        conditions[0] = pc.and_(conditions[0], condition)
    return batch.filter(conditions[0]) if conditions else batch


def topics_of(store: Store) -> Collection[str]:
    """Topics an archive has files of, without prefix."""
    return sorted({file.topic for stored in store.files() if (file := file_of(stored.path))})
