"""From records to the filings of units: what Kafka and an archive of received messages share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from stream.records import Record
from stream.replay.bounds import Range
from stream.replay.filings import Gatherer, UnitFilings
from stream.replay.units import Unit, runs
from stream.worker.guard import Unreadable, read

ReadRun = Callable[[int, int, int], Iterable[Record]]
"""Partition, start, end -> the records there, in order."""


def by_unit(units: Sequence[Unit], topic: str, wanted: Range, read_run: ReadRun) -> Iterator[tuple[Unit, UnitFilings]]:
    """Read units that follow each other in one go, and cut what comes."""
    for run in runs(units):
        records = _Records(read_run(run[0].partition, run[0].start, run[-1].end))
        for unit in run:
            # Under no name: the filings are in memory for as long as whoever decides them needs them.
            yield unit, _filings(Gatherer(topic, unit.partition), records.before(unit.end), wanted)


class _Records:
    """Records in order, taken in stretches."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = iter(records)
        self._next = next(self._records, None)

    def before(self, end: int) -> Iterator[Record]:
        """Those that are left with an offset below `end`."""
        while self._next is not None and self._next.offset < end:
            yield self._next
            self._next = next(self._records, None)


def _filings(gatherer: Gatherer, records: Iterable[Record], wanted: Range) -> UnitFilings:
    for record in records:
        _gather(gatherer, record, wanted)
    return gatherer.filings()


def _gather(gatherer: Gatherer, record: Record, wanted: Range) -> None:
    if not wanted.has(record.timestamp):
        return
    gatherer.tally.messages += 1
    # The worker's own reading: what is a dead letter there is counted as one here.
    reading = read(record)
    if isinstance(reading, Unreadable):
        gatherer.tally.unreadable[reading.reason.value] += 1
    else:
        gatherer.add(reading, offset=record.offset, timestamp=record.timestamp)
