"""Taking rows out of an archive: a person's filings, or what is older than it keeps.

A file that loses rows is written anew under its own name, whole or not at all, with a note of which
offsets have no row any more and why. So the chain of offsets stays provable without the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from schemas.arrow import archived
from stream.archive.batches import Why, absent_of, batches_of, opened, parquet, stretches
from stream.archive.compaction import remove_leftovers
from stream.archive.layout import ArchiveFile, chains, file_of
from stream.archive.mention import Mention
from stream.archive.reading import naming
from stream.archive.stores import Store
from stream.archive.turn import turn
from stream.errors import UsageError

PARTIAL_SECONDS = 60.0
ROUNDS = 10
"""An archiver at work adds files meanwhile: look again, so often at most."""
Progress = Callable[[int, int], None]
Condemned = Callable[[pa.RecordBatch], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Taken:
    """Rows taken out, and files that were looked at and that lost some."""

    rows: int
    looked_at: int
    changed: int


def forget(store: Store, formality_id: str, *, progress: Progress = lambda done, total: None) -> Taken:
    """Take out every row that holds a filing: decisions, labels, dead letters, received messages.

    The id of a whole formality takes its activities with it (`ID/...`). What is archived later is
    not known yet, and what the topics still hold is theirs to remove.

    Raises
    ------
    UsageError
        An id that names nothing.
    ArchiveDamaged
        A file cannot be read, and is left as it is; the line names it.
    """
    if not formality_id.strip():
        raise UsageError("forget: an empty id")
    mention = Mention(formality_id)
    return _rewrite(store, lambda file: (mention.columns(file.topic), mention.rows), Why.FORGOTTEN, progress)


def expire(store: Store, before: date, *, progress: Progress = lambda done, total: None) -> Taken:
    """Take out every row whose event date is before a day."""

    def chosen(file: ArchiveFile) -> tuple[list[str], Condemned] | None:
        return (["kafka_offset"], _all) if file.day < before else None

    return _rewrite(store, chosen, Why.EXPIRED, progress)


def _all(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    return np.ones(batch.num_rows, dtype=np.bool_)


def _rewrite(
    store: Store,
    chosen: Callable[[ArchiveFile], tuple[list[str], Condemned] | None],
    why: Why,
    progress: Progress,
) -> Taken:
    rows = changed = 0
    seen: set[str] = set()
    with turn(store) as renew:
        for _ in range(ROUNDS):
            fresh = [file for file in _counted(store) if file.path not in seen and chosen(file) is not None]
            if not fresh:
                break
            for done, file in enumerate(fresh, start=1):
                renew()
                columns, condemned = chosen(file) or ([], _all)
                taken = _take_out(store, file, columns, condemned, why)
                seen.add(file.path)
                rows += taken
                changed += bool(taken)
                progress(done, len(fresh))
    return Taken(rows, len(seen), changed)


def _counted(store: Store) -> list[ArchiveFile]:
    """The files of complete batches; copies that a compaction left are removed, not rewritten."""
    found = chains(file for stored in store.files() if (file := file_of(stored.path)))
    remove_leftovers(store, list(found.values()), partial_seconds=PARTIAL_SECONDS)
    return [file for chain in found.values() for batch in chain.batches for file in batch.files]


def _take_out(store: Store, file: ArchiveFile, columns: list[str], condemned: Condemned, why: Why) -> int:
    """Write a file anew without the rows that are condemned; how many there were."""
    with naming(store, file), store.open(file.path) as source, opened(source) as old:
        offsets = np.concatenate([np.zeros(0, np.int64), *_condemned_offsets(old, columns, condemned)])
        if not len(offsets):
            return 0
        absent = [*absent_of(old.schema_arrow), *stretches(offsets, why)]
        content = parquet(archived(file.topic), _without(old, offsets), absent)
    store.put(file.path, content)
    return len(offsets)


def _condemned_offsets(old: pq.ParquetFile, columns: list[str], condemned: Condemned) -> Iterator[NDArray[np.int64]]:
    for batch in batches_of(old, list(dict.fromkeys([*columns, "kafka_offset"]))):
        yield batch["kafka_offset"].to_numpy()[condemned(batch)]


def _without(old: pq.ParquetFile, offsets: NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
    for batch in batches_of(old):
        yield batch.filter(pa.array(~np.isin(batch["kafka_offset"].to_numpy(), offsets)))
