"""How an archive lies in its folder: names alone say what is there, and prove that nothing is missing.

    ROOT/codiflux-archive.json                    whose archive this is
    ROOT/topic=formality.auto-coded/date=2026-11-28/00003-00000000000000000500-00000000000000000742-1of2.parquet
                |                        |            |              |                    |          |
          without the prefix        event date    partition   first offset (start)   end, without  part

The event date is the UTC day of the Kafka message's own timestamp. The offsets from `start` up to,
and without, `end` of one partition are a batch; a batch has one file (a part) for each event date
in it, and counts only when all its parts are there. Batches of a partition follow each other without
hole or overlap: each begins where the one before ends.

A batch that lies within another complete one is left over from a compaction and does not count.
Columns: `schemas.arrow.archived(topic)`. Reading: `stream/archive/reading.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

MARKER = "codiflux-archive.json"
"""At the root; a folder that has other things and not this is not ours."""
PARTIAL = ".partial"
"""Ending of a file that is being written: no reader takes it for a table."""
_NAME = re.compile(
    r"topic=(?P<topic>[a-z.-]+)/date=(?P<date>\d{4}-\d{2}-\d{2})/"
    r"(?P<partition>\d{5})-(?P<start>\d{20})-(?P<end>\d{20})-(?P<part>\d+)of(?P<parts>\d+)\.parquet"
)

Place = tuple[str, int]
"""Topic without prefix, and partition."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One Parquet file of an archive, as its name tells it.

    Parameters
    ----------
    topic
        Without the installation's prefix.
    day
        The event date of all its rows.
    start, end
        Offsets of its batch; the file has those of them whose date is `day`.
    part, parts
        Its number, from 1, among the files of its batch.
    floor
        Rows below this offset are in the batch before, and are to be passed over; `start` unless
        two archivers wrote at once.
    """

    topic: str
    day: date
    partition: int
    start: int
    end: int
    part: int = 1
    parts: int = 1
    floor: int = -1

    @property
    def path(self) -> str:
        """Below the root.

        >>> ArchiveFile("formality.review", date(2026, 11, 28), 3, 500, 742).path
        'topic=formality.review/date=2026-11-28/00003-00000000000000000500-00000000000000000742-1of1.parquet'
        """
        name = f"{self.partition:05d}-{self.start:020d}-{self.end:020d}-{self.part}of{self.parts}.parquet"
        return f"topic={self.topic}/date={self.day.isoformat()}/{name}"

    @property
    def place(self) -> Place:
        """Topic and partition."""
        return self.topic, self.partition


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive offsets of one partition, with all the files that hold them, by date."""

    topic: str
    partition: int
    start: int
    end: int
    files: tuple[ArchiveFile, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """The batches of one partition, in order, and what lies beside them.

    Parameters
    ----------
    batches
        Those that count.
    superseded
        Complete, within one that counts: left over from a compaction.
    incomplete
        Files of batches some of whose parts are missing: a writer was killed, or is at work.
    """

    batches: tuple[Batch, ...]
    superseded: tuple[Batch, ...]
    incomplete: tuple[ArchiveFile, ...]

    @property
    def end(self) -> int | None:
        """The offset the archive goes on from; `None` without a batch."""
        return self.batches[-1].end if self.batches else None

    def breaks(self) -> list[tuple[int, int]]:
        """Where a batch does not begin at the end of the one before: (end, start) each."""
        pairs = zip(self.batches, self.batches[1:], strict=False)
        return [(before.end, after.start) for before, after in pairs if before.end != after.start]


def file_of(path: str) -> ArchiveFile | None:
    """What a path below the root says; `None` for a name that is not one of ours.

    >>> file_of("topic=x/date=2026-11-28/00003-00000000000000000500-00000000000000000742-1of1.parquet").end
    742
    """
    match = _NAME.fullmatch(path)
    if match is None:
        return None
    try:
        day = date.fromisoformat(match["date"])
    except ValueError:
        return None
    numbers = {name: int(match[name]) for name in ("partition", "start", "end", "part", "parts")}
    return ArchiveFile(match["topic"], day, **numbers)


def chains(files: Iterable[ArchiveFile]) -> dict[Place, Chain]:
    """The chain of every partition, from a listing in any order."""
    by_place: dict[Place, list[ArchiveFile]] = defaultdict(list)
    for file in files:
        by_place[file.place].append(file)
    return {place: _chain(by_place[place]) for place in sorted(by_place)}


def _chain(files: Sequence[ArchiveFile]) -> Chain:
    groups: dict[tuple[int, int, int], list[ArchiveFile]] = defaultdict(list)
    for file in files:
        groups[file.start, -file.end, file.parts].append(file)
    batches: list[Batch] = []
    superseded: list[Batch] = []
    incomplete: list[ArchiveFile] = []
    for key in sorted(groups):
        group = sorted(groups[key], key=lambda file: file.part)
        first = group[0]
        if [file.part for file in group] != list(range(1, first.parts + 1)):
            incomplete += group
            continue
        reached = batches[-1].end if batches else -1
        floored = tuple(replace(file, floor=max(file.start, reached)) for file in group)
        batch = Batch(first.topic, first.partition, first.start, first.end, floored)
        (batches if first.end > reached else superseded).append(batch)
    return Chain(tuple(batches), tuple(superseded), tuple(incomplete))


def counted(found: Mapping[Place, Chain]) -> list[ArchiveFile]:
    """The files that count, in the one order of reading: topic, event date, partition, offset.

    The order does not depend on how offsets were cut into batches: a compacted archive is read in
    the order it had before.
    """
    files = [file for chain in found.values() for batch in chain.batches for file in batch.files]
    return sorted(files, key=lambda file: (file.topic, file.day, file.partition, file.start))
