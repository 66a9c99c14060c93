"""Where a replay begins and ends: instants, or offsets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stream.errors import UsageError

_OFFSETS = re.compile(r"\d+=\d+(,\d+=\d+)*")


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of a range.

    Parameters
    ----------
    instant
        Of the message's timestamp, aware.
    offset
        In every partition (in a file: a row's number, from 0).
    by_partition
        An offset of its own for some partitions; the others are not bounded.
    """

    instant: datetime | None = None
    offset: int | None = None
    by_partition: Mapping[int, int] = field(default_factory=dict)

    @property
    def by_offset(self) -> bool:
        """Whether it is offsets and not an instant."""
        return self.offset is not None or bool(self.by_partition)

    def at(self, partition: int) -> int | None:
        """The offset in a partition; `None` where it is not bounded."""
        return self.by_partition.get(partition, self.offset)


NO_BOUND = Bound()


@dataclass(frozen=True, slots=True)
class Range:
    """What is to be replayed: from `since`, up to and without `until`."""

    since: Bound = NO_BOUND
    until: Bound = NO_BOUND

    def has(self, timestamp: datetime) -> bool:
        """Whether a message of that time is within the instants."""
        since, until = self.since.instant, self.until.instant
        return (since is None or timestamp >= since) and (until is None or timestamp < until)


def parse_bound(option: str, text: str | None) -> Bound:
    """A bound as the command line gives it.

    Parameters
    ----------
    text
        A date or an instant (ISO 8601 with dashes; UTC without offset), an offset for every
        partition, or offsets by partition: `0=1200,1=1180`. Digits alone are an offset, however many.

    >>> parse_bound("--from", "2026-10-01").instant.isoformat()
    '2026-10-01T00:00:00+00:00'
    >>> parse_bound("--from", "1200").at(3), parse_bound("--to", "0=5,1=7").at(1)
    (1200, 7)
    >>> parse_bound("--from", "20261001").at(0)
    20261001
    """
    if text is None:
        return NO_BOUND
    text = text.strip()
    if text.isdecimal():
        return Bound(offset=int(text))
    if _OFFSETS.fullmatch(text):
        pairs = [pair.split("=") for pair in text.split(",")]
        return Bound(by_partition={int(partition): int(offset) for partition, offset in pairs})
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text}: neither a time with dashes (2026-10-01, 2026-10-01T08:00Z)"
            " nor offsets (1200, or 0=1200,1=1180)"
        ) from None
    return Bound(instant=instant if instant.tzinfo else instant.replace(tzinfo=UTC))


def parse_range(since: str | None, until: str | None) -> Range:
    """The range of `--from` and `--to`; bounds the wrong way round raise `UsageError`."""
    found = Range(parse_bound("--from", since), parse_bound("--to", until))
    first, last = found.since, found.until
    crossed = first.instant is not None and last.instant is not None and first.instant >= last.instant
    for partition in {-1, *first.by_partition, *last.by_partition}:
        start, end = first.at(partition), last.at(partition)
        crossed = crossed or (start is not None and end is not None and start >= end)
    if crossed:
        raise UsageError(f"--from {since} does not lie before --to {until}: exchange them")
    return found
