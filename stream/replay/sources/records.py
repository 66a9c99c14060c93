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
        records = iter(read_run(run[0].partition, run[0].start, run[-1].end))
        waiting = next(records, None)
        for unit in run:
            gatherer = Gatherer(topic, unit.partition)
            while waiting is not None and waiting.offset < unit.end:
                _gather(gatherer, waiting, wanted)
                waiting = next(records, None)
            filings = gatherer.filings()
            # Not needed in memory: what was gathered, while the unit is decided; its filings, while the next is read.
            del gatherer
            yield unit, filings
            del filings


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
