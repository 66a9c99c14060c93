"""What the names of an archive's files prove."""

from __future__ import annotations

from datetime import date
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from stream.archive.layout import ArchiveFile, chains, counted, file_of

DAY = date(2026, 11, 28)


def file(start: int, end: int, part: int = 1, parts: int = 1, *, day: int = 28, partition: int = 0) -> ArchiveFile:
    return ArchiveFile("formality.review", date(2026, 11, day), partition, start, end, part, parts)


@given(st.integers(0, 99_999), st.integers(0, 2**63 - 2), st.dates(min_value=date(1970, 1, 1)))
def test_a_name_says_again_what_it_was_made_of(partition: int, start: int, day: date) -> None:
    """Any partition, offset and date."""
    made = ArchiveFile("formality.auto-coded", day, partition, start, start + 1, 1, 2)
    assert file_of(made.path) == made


def test_a_name_that_is_not_ours_is_nothing() -> None:
    """A reader passes over what someone else has put there, and over what is half-written."""
    good = file(0, 5).path
    assert file_of(good) is not None
    for name in (
        good + ".partial",
        good.replace("topic=", "x="),
        good.replace("2026-11-28", "2026-13-28"),
        "README.md",
    ):
        assert file_of(name) is None


def test_a_batch_without_all_its_parts_does_not_count() -> None:
    """A writer that was killed between two dates of a batch has not written it."""
    [chain] = chains([file(0, 5), file(5, 9, 1, 2)]).values()
    assert [(batch.start, batch.end) for batch in chain.batches] == [(0, 5)]
    assert chain.incomplete == (file(5, 9, 1, 2),)
    assert chain.end == 5


def test_what_lies_within_a_larger_batch_does_not_count_in_any_order_of_listing() -> None:
    """A compaction that was killed before it removed the small files doubles nothing."""
    files = [file(0, 5), file(5, 9), file(0, 9), file(9, 12)]
    for listing in permutations(files):
        [chain] = chains(listing).values()
        assert [(batch.start, batch.end) for batch in chain.batches] == [(0, 9), (9, 12)]
        assert {batch.end for batch in chain.superseded} == {5, 9}
        assert chain.breaks() == []


def test_a_hole_and_an_overlap_are_breaks_of_the_chain() -> None:
    """Of an overlap the first batch counts: the second has a floor."""
    [chain] = chains([file(0, 5), file(7, 10), file(8, 12)]).values()
    assert chain.breaks() == [(5, 7), (10, 8)]
    assert [batch.files[0].floor for batch in chain.batches] == [0, 7, 10]


def test_files_are_read_by_date_partition_and_offset() -> None:
    """Whatever the listing's order, and however offsets were cut into batches."""
    files = [file(5, 9, 2, 2, day=29), file(0, 5), file(5, 9, 1, 2), file(0, 3, partition=1)]
    order = [(f.day.day, f.partition, f.start) for f in counted(chains(files))]
    assert order == [(28, 0, 0), (28, 0, 5), (28, 1, 0), (29, 0, 5)]
