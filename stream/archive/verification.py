"""Proving an archive: every offset of its chain is there exactly once, or its absence is explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stream.archive.batches import DAY_MICROSECONDS, Absent, Why, absent_of, batches_of, date_of, opened, stretches
from stream.archive.layout import ArchiveFile, Batch, Chain, Place, chains, file_of
from stream.archive.stores import Store
from stream.errors import StorageFailed

SHOWN = 5
"""Offsets of one fault that are named."""


@dataclass(slots=True)
class Proof:
    """What is known of one partition after a verification.

    Parameters
    ----------
    start, end
        The offsets of its chain.
    absent
        Offsets without a row, by the reason noted.
    faults
        What is wrong, each a line that names file or offsets; none is the proof.
    leftovers
        Files that do not count: of a compaction, or of a writer that was killed or is at work.
    """

    place: Place
    start: int
    end: int
    rows: int = 0
    files: int = 0
    absent: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    leftovers: int = 0


def verify(
    store: Store, *, content: bool = False, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Proof]:
    """Read names, notes, offsets and timestamps of every file, and account for every offset.

    Parameters
    ----------
    content
        Read all else too, page by page, and hold it to its checksums.

    Raises
    ------
    StorageFailed
        The store cannot be listed.
    """
    found = chains(file for stored in store.files() if (file := file_of(stored.path)))
    total = sum(len(batch.files) for chain in found.values() for batch in chain.batches)
    proofs: list[Proof] = []
    done = 0
    for place, chain in found.items():
        if not chain.batches:
            continue
        proof = _proof(place, chain)
        proofs.append(proof)
        for batch in chain.batches:
            _account(store, batch, proof, content=content)
            done += len(batch.files)
            progress(done, total)
    return proofs


def _proof(place: Place, chain: Chain) -> Proof:
    leftovers = len(chain.incomplete) + sum(len(batch.files) for batch in chain.superseded)
    proof = Proof(place, chain.batches[0].start, chain.batches[-1].end, leftovers=leftovers)
    for end, start in chain.breaks():
        if start > end:
            proof.faults.append(f"offsets {end} to {start - 1} are in no file")
        else:
            proof.faults.append(
                f"offsets {start} to {end - 1} are in two files, written by two archivers at once:"
                " `codiflux archive compact` keeps the first"
            )
    return proof


def _account(store: Store, batch: Batch, proof: Proof, *, content: bool) -> None:
    """Every offset of a batch has a row in one of its files or a reason in one of their notes."""
    rows: list[NDArray[np.int64]] = []
    absent: list[Absent] = []
    for file in batch.files:
        try:
            offsets, notes = _look(store, file, content=content)
        except FileNotFoundError:
            proof.faults.append(f"{file.path}: was compacted meanwhile: verify again")
            return
        except (ValueError, KeyError, OSError, pa.ArrowException, StorageFailed):
            proof.faults.append(f"{file.path}: cannot be read, the file is damaged")
            return
        except _Misplaced as misplaced:
            proof.faults.append(f"{file.path}: {misplaced}")
            return
        rows.append(offsets)
        absent += notes
        proof.files += 1
    held = np.concatenate(rows)
    proof.rows += int(np.count_nonzero(held >= batch.files[0].floor))
    for one in absent:
        proof.absent[one.why.value] += one.end - one.start
    proof.faults += _differences(np.sort(held), absent, batch)


class _Misplaced(Exception):
    """A row that is not where its file's name says."""


def _look(store: Store, file: ArchiveFile, *, content: bool) -> tuple[NDArray[np.int64], list[Absent]]:
    with store.open(file.path) as source, opened(source) as parquet:
        schema = parquet.schema_arrow
        places = pa.schema([schema.field(name) for name in ("kafka_partition", "kafka_offset", "kafka_timestamp")])
        table = pa.Table.from_batches(batches_of(parquet, places.names), places)
        notes = absent_of(schema)
        for _ in batches_of(parquet) if content else ():
            pass
    offsets: NDArray[np.int64] = table["kafka_offset"].to_numpy()
    days = table["kafka_timestamp"].cast(pa.int64()).to_numpy() // DAY_MICROSECONDS
    if any(date_of(int(day)) != file.day for day in np.unique(days)):
        raise _Misplaced("has rows of another date")
    if np.any(table["kafka_partition"].to_numpy() != file.partition):
        raise _Misplaced("has rows of another partition")
    if np.any(np.diff(offsets) <= 0):
        raise _Misplaced("its offsets do not ascend")
    return offsets, notes


def _differences(held: NDArray[np.int64], absent: Sequence[Absent], batch: Batch) -> list[str]:
    """Walks stretches rather than offsets: a gap that retention left may be of millions."""
    name = f"{batch.topic}, partition {batch.partition}, batch {batch.start} to {batch.end - 1}"
    twice = held[1:][np.diff(held) == 0]
    faults = [f"{name}: more than one row for offset {offset}" for offset in twice[:SHOWN].tolist()]
    reached = batch.start
    rows = [(one.start, one.end) for one in stretches(np.unique(held), Why.NO_MESSAGE)]
    for start, end in [*sorted([*rows, *((one.start, one.end) for one in absent)]), (batch.end, batch.end)]:
        if start > reached:
            faults.append(f"{name}: offsets {reached} to {start - 1} have neither a row nor a reason")
        elif start < reached:
            faults.append(f"{name}: offsets {start} to {min(end, reached) - 1} are accounted for twice or not its own")
        reached = max(reached, end)
    return faults
