"""Replay from a table of one's own: CSV, JSON Lines or Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from stream.errors import UsageError
from stream.filings import Filing, open_filings
from stream.replay.bounds import Range
from stream.replay.filings import Gatherer, UnitFilings
from stream.replay.sources import Planned, nothing_in_range
from stream.replay.sources.parquet import read_parquet
from stream.replay.summary import SourceSummary
from stream.replay.units import Unit, cut
from stream.tables import extension, row_count_estimate


@dataclass(frozen=True)
class FileSource:
    """A table; a row's number, from 0, is its offset, and `received_at` its time."""

    path: Path
    wanted: Range

    def plan(self) -> Planned:
        """Open the table and count its rows."""
        unused = open_filings(self.path).unused
        rows = row_count_estimate(self.path)
        first, last = self.wanted.since.at(0), self.wanted.until.at(0)
        units = tuple(cut(0, first or 0, rows if last is None else min(rows, last)))
        if not units:
            raise nothing_in_range(str(self.path), "row")
        summary = SourceSummary(
            kind="file",
            name=self.path.name,
            since=self.wanted.since.instant,
            until=self.wanted.until.instant,
            size_bytes=self.path.stat().st_size,
        )
        return Planned(summary, units, (f"columns not read: {', '.join(unused)}",) if unused else ())

    def check_unchanged(self, earlier: SourceSummary) -> None:
        """Refuse to go on with what was begun on another table under this name; raises `UsageError`."""
        found = self.path.stat().st_size if self.path.exists() else None
        if found is not None and earlier.size_bytes is not None and found != earlier.size_bytes:
            raise UsageError(
                f"{self.path}: another table than at the start ({found} bytes, then {earlier.size_bytes});"
                " give a new folder"
            )

    def read(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        """The filings of units."""
        if extension(self.path) == ".parquet":
            return read_parquet(self.path, units, self.wanted)
        return self._read_rows(units)

    def _read_rows(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        filings = open_filings(self.path).filings
        reached = 0
        for unit in units:
            for _ in islice(filings, unit.start - reached):
                pass
            yield unit, self._unit(unit, islice(filings, unit.offsets))
            reached = unit.end

    def _unit(self, unit: Unit, rows: Iterable[Filing]) -> UnitFilings:
        gatherer = Gatherer(None, None)
        for offset, filing in enumerate(rows, start=unit.start):
            gather(gatherer, filing, offset, self.wanted)
        return gatherer.filings()


def gather(gatherer: Gatherer, filing: Filing, offset: int, wanted: Range) -> None:
    """Add a row, or count it as unreadable; one that cannot be read has no time and is always within."""
    if filing.formality is None:
        gatherer.tally.messages += 1
        gatherer.tally.unreadable[filing.fault.reason.value if filing.fault else ""] += 1
    elif wanted.has(filing.formality.received_at):
        gatherer.tally.messages += 1
        gatherer.add([filing.formality], offset=offset, timestamp=None)
