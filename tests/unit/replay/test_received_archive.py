"""Filings taken from an archive's received messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from schemas import topics
from stream.archive.compaction import compact
from stream.archive.stores import Store, Stored
from stream.replay.bounds import Range
from stream.replay.sources.archive import ReceivedArchive
from stream.replay.units import BLOCK
from tests.unit.archive.fields import archived, messages, new_store

RECEIVED = topics.RECEIVED


class CountingStore(Store):
    """A store that says how often it was listed."""

    def __init__(self, store: Store) -> None:
        self.__dict__.update(store.__dict__)
        self.listings = 0

    def files(self, under: str = "") -> Iterator[Stored]:  # noqa: D102
        self.listings += 1
        return super().files(under)


def filing(offset: int) -> bytes:
    """The body of a filing whose id is its offset's."""
    body = {"formality_id": f"J{offset:06d}/A1", "description_activity": "pain", "received_at": "2026-11-28T12:00:00Z"}
    return json.dumps(body).encode()


def stored(folder: Path, *batches: Sequence[int]) -> CountingStore:
    """An archive of filings at the offsets of batches."""
    store = new_store(folder)
    wanted = [messages(batch, step=1, values=[filing(offset) for offset in batch]) for batch in batches]
    archived(store, *wanted, topic=RECEIVED)
    return CountingStore(store)


def found(source: ReceivedArchive) -> list[list[int]]:
    """The offsets of the filings, by unit."""
    return [filings.identity["offset"].to_pylist() for _, filings in source.read(source.plan().units)]


def test_a_run_lists_the_archive_once_however_many_units_it_has(tmp_path: Path) -> None:
    """Each unit needs few of the files, and a listing names them all."""
    store = stored(tmp_path, [0, 1], [BLOCK, BLOCK + 1], [2 * BLOCK])
    assert found(ReceivedArchive(store, RECEIVED, Range())) == [[0, 1], [BLOCK, BLOCK + 1], [2 * BLOCK]]
    assert store.listings == 1


def test_units_are_read_across_compactions_after_the_listing(tmp_path: Path) -> None:
    """Files of the listing are gone, before the first unit and again before the second; all rows are found."""
    store = stored(tmp_path, [0, 1], [2, BLOCK], [BLOCK + 1], [2 * BLOCK])
    source = ReceivedArchive(store, RECEIVED, Range())
    units = source.plan().units
    rows = []
    for unit in units:
        compact(store)
        [(_, filings)] = source.read([unit])
        rows.append(filings.identity["offset"].to_pylist())
        archived(store, messages([3 * BLOCK + len(rows)]), topic=RECEIVED, low=0)
    assert rows == [[0, 1, 2], [BLOCK, BLOCK + 1], [2 * BLOCK]]
