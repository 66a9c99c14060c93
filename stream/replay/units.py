"""Units: what a replay is cut into. One unit is one Parquet file, whoever writes it.

A unit is a block of `BLOCK` consecutive offsets of one partition (rows of a file), and blocks begin
at multiples of it. So a unit depends on the bounds alone: processes, shards and a resumed run cut
alike, each file is a function of its unit, and joining is putting files together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from stream.errors import UsageError

BLOCK = 65_536
"""Offsets of a unit: half a second to some seconds of work, and the bound on memory."""


@dataclass(frozen=True, slots=True, order=True)
class Unit:
    """Offsets of a partition from `start` up to, and without, `end`."""

    partition: int
    start: int
    end: int

    @property
    def offsets(self) -> int:
        """At most as many messages are in it."""
        return self.end - self.start

    @property
    def block(self) -> int:
        """Number of its block in the partition."""
        return self.start // BLOCK

    @property
    def file_name(self) -> str:
        """Of its Parquet file: the names sort as the units do.

        >>> Unit(3, 70_000, 131_072).file_name
        '00003-0000000001.parquet'
        """
        return f"{self.partition:05d}-{self.block:010d}.parquet"


def cut(partition: int, start: int, end: int) -> Iterable[Unit]:
    """The units of a stretch of one partition.

    >>> [(unit.start, unit.end) for unit in cut(0, 65_000, 131_073)]
    [(65000, 65536), (65536, 131072), (131072, 131073)]
    """
    while start < end:
        stop = min(end, (start // BLOCK + 1) * BLOCK)
        yield Unit(partition, start, stop)
        start = stop


def parts(units: Sequence[Unit], count: int) -> list[list[Unit]]:
    """The units, in order, in `count` parts of about as many offsets; some may be empty.

    >>> [len(part) for part in parts([Unit(0, n, n + 1) for n in range(5)], 2)]
    [2, 3]
    """
    total = sum(unit.offsets for unit in units)
    shares: list[list[Unit]] = [[] for _ in range(count)]
    before = 0
    for unit in units:
        # By its middle, so that rounding favours neither end.
        shares[min(count - 1, (2 * before + unit.offsets) * count // (2 * total))].append(unit)
        before += unit.offsets
    return shares


def runs(units: Iterable[Unit]) -> Iterable[list[Unit]]:
    """Units of one partition that follow each other without a gap, to be read in one go."""
    for _, group in groupby(sorted(units), key=lambda unit: unit.partition):
        run: list[Unit] = []
        for unit in group:
            if run and run[-1].end != unit.start:
                yield run
                run = []
            run.append(unit)
        yield run


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` shards; `number` is from 0."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number or self.count}/{self.count}"

    def of(self, units: Sequence[Unit]) -> list[Unit]:
        """The shard's units."""
        return parts(units, self.count)[self.number]


def parse_shard(text: str) -> Shard:
    """A shard from `K/N`: K from 1 to N, or from 0 as indexed jobs count; N and 0 are the same one.

    >>> parse_shard("16/16") == parse_shard("0/16"), str(parse_shard("3/16"))
    (True, '3/16')
    """
    number, slash, count = text.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 0 <= int(number) <= int(count) and int(count) > 0):
        raise UsageError(f"--shard {text}: give K/N with K from 1 to N (or from 0 to N-1), such as 3/16")
    return Shard(int(number) % int(count), int(count))
