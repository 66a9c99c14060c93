"""Filings taken from an archive's decisions."""

from __future__ import annotations

from pathlib import Path

from stream.replay.bounds import Range
from stream.replay.sources.decided import DecidedArchive
from stream.replay.units import BLOCK
from tests.unit.archive.fields import archived, decision, messages, new_store


def at(offset: int) -> bytes:
    """A decision on the filing at an offset of partition 0."""
    place = {"topic": "formality.received", "partition": 0, "offset": offset, "timestamp": "2026-11-28T12:00:00Z"}
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
