"""From messages to files: what is gathered of each partition, and when it becomes a batch.

The files are the truth about how far the archive is: a partition goes on where its last complete
batch ends, whatever offset was committed. So a crash between a file's rename and the commit makes
no double, and one before it no gap: the offsets are read again. The commit only tells others how
far we are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from stream.archive.batches import Absent, Why, encoded, holes
from stream.archive.layout import Place, chains, file_of
from stream.archive.rows import rows_of
from stream.archive.stores import Store
from stream.errors import ArchiveDamaged, UsageError
from stream.records import Messages

CONVERTED_MESSAGES = 4_096
CONVERTED_BYTES = 4 << 20
"""Messages become columns when there are so many of them, or bytes: Arrow is fast with many at once."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When what is gathered is written.

    Parameters
    ----------
    seconds
        Longest a message waits for a file.
    bytes
        Most that is gathered of all partitions together, in memory.
    """

    seconds: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Written:
    """A batch that is in the archive.

    Parameters
    ----------
    lost
        Messages that the topic's retention had removed before they were read.
    size
        Bytes of its files.
    """

    place: Place
    end: int
    rows: int
    unreadable: int
    lost: int
    files: int
    size: int


@dataclass(slots=True)
class _Pending:
    """What is gathered of one partition since its last batch."""

    start: int
    reached: int
    lost: tuple[int, int] | None = None
    raw: Messages = field(default_factory=Messages)
    raw_bytes: int = 0
    batches: list[pa.RecordBatch] = field(default_factory=list)
    batch_bytes: int = 0
    unreadable: int = 0
    since: float | None = None

    @property
    def bytes(self) -> int:
        return self.raw_bytes + self.batch_bytes


class Writer:
    """Gathers messages by partition and writes them as batches; time is an argument."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._pending: dict[Place, _Pending] = {}

    def begin(self, place: Place, low: int, high: int) -> int:
        """Take a partition over: the offset to read from.

        Files of a batch that was not finished are removed; they are written anew from the topic.

        Parameters
        ----------
        low, high
            First offset the topic still holds, and the one its next message gets.

        Raises
        ------
        UsageError
            The topic ends before the archive: it was made anew.
        """
        files = [file_of(stored.path) for stored in self._store.files(f"topic={place[0]}")]
        chain = chains(file for file in files if file and file.place == place).get(place)
        end = chain.end if chain is not None else None
        for file in chain.incomplete if chain is not None else ():
            if end is None or file.end > end:
                self._store.delete(file.path)
        if end is not None and high < end:
            raise UsageError(
                f"{self._store.name}: holds {place[0]}, partition {place[1]} up to offset {end}, but the topic ends"
                f" at {high}: was it made anew? Give another folder"
            )
        start = low if end is None else end
        lost = (start, low) if low > start else None
        self._pending[place] = _Pending(start, max(start, low), lost)
        return max(start, low)

    def drop(self, places: Iterable[Place]) -> None:
        """Let partitions go to another process, with what was gathered of them: it reads it again."""
        for place in places:
            self._pending.pop(place, None)

    def add(self, place: Place, messages: Messages, now: float) -> None:
        """Gather messages; they come in the order of their offsets."""
        pending = self._pending.get(place)
        if pending is None or not messages.offsets:
            return
        if messages.offsets[0] < pending.reached:
            messages = _after(messages, pending.reached)
            if not messages.offsets:
                return
        pending.raw.extend(messages)
        pending.raw_bytes += sum(map(len, filter(None, messages.values)))
        pending.reached = messages.offsets[-1] + 1
        if pending.since is None:
            pending.since = now
        if len(pending.raw.offsets) >= CONVERTED_MESSAGES or pending.raw_bytes >= CONVERTED_BYTES:
            _convert(place, pending)

    def due(self, now: float) -> list[Place]:
        """Partitions to write now: those that wait long enough, or the largest when memory is full."""
        since = {place: pending.since for place, pending in self._pending.items() if pending.since is not None}
        due = [place for place, at in since.items() if now - at >= self._limits.seconds]
        rest = sorted((place for place in since if place not in due), key=lambda place: self._pending[place].bytes)
        total = sum(self._pending[place].bytes for place in rest)
        while rest and total > self._limits.bytes:
            largest = rest.pop()
            due.append(largest)
            total -= self._pending[largest].bytes
        return due

    def is_empty(self, place: Place) -> bool:
        """Whether nothing is gathered of a partition."""
        pending = self._pending.get(place)
        return pending is None or pending.since is None

    def held(self) -> list[Place]:
        """Partitions of which something is gathered."""
        return [place for place, pending in self._pending.items() if pending.since is not None]

    def gathered_bytes(self) -> int:
        """What is in memory, of all partitions."""
        return sum(pending.bytes for pending in self._pending.values())

    def oldest(self) -> float | None:
        """When the message that waits longest was read, by the clock of `add`."""
        return min((pending.since for pending in self._pending.values() if pending.since is not None), default=None)

    def write(self, place: Place) -> Written:
        """Write what is gathered of a partition as a batch; after it, and only then, it is archived.

        Raises
        ------
        StorageFailed
            The store does not take a file; the batch does not count, and none of its files stays.
        """
        pending = self._pending[place]
        _convert(place, pending)
        table = pa.Table.from_batches(pending.batches)
        absent = _absent(table, pending)
        size = 0
        done: list[str] = []
        try:
            for file, content in encoded(place, pending.start, pending.reached, table, absent):
                self._store.put(file.path, content)
                done.append(file.path)
                size += content.size
        except Exception:
            for path in done:
                self._store.delete(path)
            raise
        lost = pending.lost[1] - pending.lost[0] if pending.lost else 0
        written = Written(place, pending.reached, table.num_rows, pending.unreadable, lost, len(done), size)
        self._pending[place] = _Pending(pending.reached, pending.reached)
        return written


def _after(messages: Messages, offset: int) -> Messages:
    at = bisect_left(messages.offsets, offset)
    columns = (messages.offsets, messages.timestamps, messages.keys, messages.values, messages.headers)
    return Messages(*(column[at:] for column in columns))  # type: ignore[arg-type]


def _convert(place: Place, pending: _Pending) -> None:
    if not pending.raw.offsets:
        return
    batch, unreadable = rows_of(*place, pending.raw)
    pending.batches.append(batch)
    pending.batch_bytes += batch.nbytes
    pending.unreadable += unreadable
    pending.raw, pending.raw_bytes = Messages(), 0


def _absent(table: pa.Table, pending: _Pending) -> list[Absent]:
    offsets = table["kafka_offset"].to_numpy()
    if np.any(np.diff(offsets) <= 0):
        raise ArchiveDamaged("messages of a partition came out of order: nothing of them is written")
    lost = pending.lost
    found = [] if lost is None else [Absent(*lost, Why.RETENTION)]
    begin = pending.start if lost is None else lost[1]
    return found + [Absent(start, end, Why.NO_MESSAGE) for start, end in holes(offsets, begin, pending.reached)]
