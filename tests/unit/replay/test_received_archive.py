"""Filings taken from an archive's received messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from schemas import topics
from stream.archive.compaction import compact
from stream.archive.stores import Store, Stored
from stream.errors import UsageError
from stream.replay.bounds import Range, parse_range
from stream.replay.sources.archive import ReceivedArchive
from stream.replay.units import BLOCK
from tests.unit.archive.fields import NOON, archived, messages, new_store

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
    add(store, *batches)
    return CountingStore(store)


def add(store: Store, *batches: Sequence[int]) -> None:
    """Filings at the offsets of batches, from the first of them on."""
    wanted = [messages(batch, step=1, values=[filing(offset) for offset in batch]) for batch in batches]
    archived(store, *wanted, topic=RECEIVED, low=batches[0][0])


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
        add(store, [3 * BLOCK + len(rows)])
    assert rows == [[0, 1, 2], [BLOCK, BLOCK + 1], [2 * BLOCK]]


@pytest.mark.parametrize(
    ("since", "first", "said"),
    [
        ("2026-11-01", 500, "before 2026-11-28 (offset 500)"),
        ("2026-11-28T13:00", 500, "before 2026-11-28 (offset 500)"),
        ("2026-11-29", 500, None),
        ("2026-11-01", 0, None),
        (None, 500, None),
        ("400", 500, None),
    ],
    ids=["earlier", "the same day", "later", "from the topic's first offset", "no bound", "offsets"],
)
def test_a_range_of_time_from_before_the_archive_is_said(
    tmp_path: Path, since: str | None, first: int, said: str | None
) -> None:
    """What stood on the topic before the archive began may have been within the range."""
    store = new_store(tmp_path)
    day = 24 * 3_600_000
    for partition in (1, 2):
        archived(
            store,
            messages(range(first, first + 3), at=NOON - first * day, step=day, values=[filing(n) for n in range(3)]),
            topic=RECEIVED,
            low=first,
            partition=partition,
        )
    notes = ReceivedArchive(store, RECEIVED, parse_range(since, None)).plan().notes
    late = [note for note in notes if "part of the range may be missing" in note]
    where = f"{tmp_path}: has nothing of formality.received, partition 1 (and of 1 more) from"
    assert late == ([] if said is None else [f"{where} {said}: part of the range may be missing"])


@pytest.mark.parametrize("bounds", [("2020-01-01", "2020-02-01"), (None, "2020-02-01"), ("2031-01-01", None)])
def test_an_empty_range_says_what_the_archive_holds(tmp_path: Path, bounds: tuple[str | None, str | None]) -> None:
    """Not only that nothing is there."""
    store = new_store(tmp_path)
    archived(store, messages(range(500, 503), at=NOON, values=[filing(n) for n in range(3)]), topic=RECEIVED, low=500)
    with pytest.raises(UsageError, match=r"no message in the range.*; the archive holds 2026-11-28 to 2026-11-28"):
        ReceivedArchive(store, RECEIVED, parse_range(*bounds)).plan()
