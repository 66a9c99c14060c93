"""Filings taken from an archive's decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from stream.archive import batches
from stream.archive.reading import files_of
from stream.archive.rewriting import expire, forget
from stream.archive.stores import Store
from stream.errors import ArchiveDamaged
from stream.replay.bounds import Range
from stream.replay.sources.decided import DecidedArchive
from stream.replay.units import BLOCK
from tests.unit.archive.fields import REVIEW, archived, decision, messages, new_store, with_a_damaged_page


def at(offset: int, partition: int = 0) -> bytes:
    """A decision on the filing at an offset of a partition."""
    place = {
        "topic": "formality.received",
        "partition": partition,
        "offset": offset,
        "timestamp": "2026-11-28T12:00:00Z",
    }
    return decision(offset, source=place)


def test_a_block_of_offsets_without_a_decision_is_a_unit_of_no_filings(tmp_path: Path) -> None:
    """Decisions on the first and the third block: the second is empty, and the third is read after it."""
    store = new_store(tmp_path)
    far = 2 * BLOCK + 5
    archived(store, messages([0], values=[at(3)]), messages([1], values=[at(far)]))
    source = DecidedArchive(store, Range())
    found = list(source.read(source.plan().units))
    assert [unit.block for unit, _ in found] == [0, 1, 2]
    assert [filings.identity["offset"].to_pylist() for _, filings in found] == [[3], [], [far]]
    assert (found[1][1].rows, found[1][1].tally.messages, list(found[1][1].contents)) == (0, 0, [])
    assert found[1][1].identity.schema == found[0][1].identity.schema


@pytest.mark.parametrize("other", [0, 1], ids=["one partition", "two partitions"])
@pytest.mark.parametrize("when", ["before the plan", "after the plan"])
def test_a_damaged_page_is_named(tmp_path: Path, when: str, other: int) -> None:
    """Of two partitions the plan reads rows too: the footer does not tell which offsets are whose."""
    store = new_store(tmp_path)
    archived(store, messages([0, 1], values=[at(3), at(4, other)]))
    [file] = files_of(store, REVIEW)
    source = DecidedArchive(store, Range())
    units = source.plan().units if when == "after the plan" else ()
    with_a_damaged_page(store, file.path, "source.offset")
    with pytest.raises(ArchiveDamaged, match=f"{file.path}: cannot be read, the file is damaged"):
        list(source.read(units or source.plan().units))


@pytest.mark.parametrize(
    "change",
    [lambda store: forget(store, "J000001"), lambda store: expire(store, date(2030, 1, 1))],
    ids=["forget", "expire"],
)
def test_a_file_that_lost_rows_after_the_plan_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Store], object]
) -> None:
    """Its row groups hold other rows: the first filing of the second block would be looked for in the wrong one."""
    monkeypatch.setattr(batches, "ROW_GROUP_ROWS", 4)
    store = new_store(tmp_path)
    values = [at(offset) for offset in [*range(4), *range(BLOCK, BLOCK + 8)]]
    archived(store, messages(range(12), values=values))
    [file] = files_of(store, REVIEW)
    source = DecidedArchive(store, Range())
    units = source.plan().units
    assert [filings.rows for _, filings in source.read(units)] == [4, 8]
    change(store)
    with pytest.raises(ArchiveDamaged, match=f"{file.path}: changed while it was read: run it again"):
        list(source.read(units[1:]))
