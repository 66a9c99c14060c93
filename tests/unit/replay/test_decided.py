"""Filings taken from an archive's decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from schemas import topics
from stream.archive import batches
from stream.archive.reading import files_of
from stream.archive.rewriting import expire, forget
from stream.archive.stores import Store
from stream.archive.writing import Writer
from stream.errors import ArchiveDamaged
from stream.replay.bounds import Range, parse_range
from stream.replay.sources.decided import DecidedArchive
from stream.replay.units import BLOCK
from tests.unit.archive.fields import LIMITS, REVIEW, archived, decision, messages, new_store, with_a_damaged_page


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


def test_decisions_that_were_removed_are_counted_by_reason_before_the_replay(tmp_path: Path) -> None:
    """Forgotten, and never read for retention; markers of transactions were no decisions."""
    store = new_store(tmp_path)
    writer = Writer(store, LIMITS)
    writer.begin((REVIEW, 0), 0, 10**9)
    writer.add((REVIEW, 0), messages([0, 1, 3], values=[at(0), at(1), at(3)]), 0.0)
    writer.write((REVIEW, 0))
    writer.begin((REVIEW, 0), 9, 10**9)
    writer.add((REVIEW, 0), messages([9], values=[at(9)]), 0.0)
    writer.write((REVIEW, 0))
    forget(store, "J000001")
    notes = DecidedArchive(store, parse_range("2026-11-01", None)).plan().notes
    assert notes[1:] == (
        f"{tmp_path}: 6 decisions are no longer in the files of the range (1 forgotten, 5 retention):"
        " filings of it may be missing",
    )
    archived(store, messages([7], values=[at(7)]), topic=topics.AUTO_CODED, low=7)
    [late] = DecidedArchive(store, parse_range("2026-11-01", None)).plan().notes[1:-1]
    assert "nothing of formality.auto-coded, partition 0 from before 2026-11-28 (offset 7)" in late
