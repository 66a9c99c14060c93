"""Filings of a Parquet file by columns: what `stream.filings` makes of each row, without a value a row.

Each distinct value of a column is read once by the row reader itself, so that both agree; rows with a
value it refuses are then read by it whole, for their reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.arrow import INSTANT
from schemas.formality import CODING_FIELDS, MAX_ID_LENGTH, MAX_TEXT_LENGTH, MISSING_MARKERS, TEXT_FIELDS
from schemas.instant import EARLIEST, EPOCH, LATEST, microseconds
from stream.errors import UsageError
from stream.filings import COLUMNS, TEXT, default_id, filing_of, identity_of, instant_of, written_at
from stream.replay.bounds import Range
from stream.replay.columns import one_array
from stream.replay.filings import Flags, Tally, UnitFilings, distinct_contents, identity_batch
from stream.replay.units import Unit, runs
from stream.tables import Row, parquet_file, python_values

BATCH = 16_384
REMEMBERED = 100_000
"""Values whose reading is kept, all columns together."""
WHITE = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
"""What `str.strip` takes away."""
LONGEST_MARKER = max(map(len, MISSING_MARKERS)) + 2
REFUSED = object()


def read_parquet(path: Path, units: Sequence[Unit], wanted: Range) -> Iterator[tuple[Unit, UnitFilings]]:
    """The filings of units of a file; damage raises `UsageError`."""
    reader = _Reader(path, wanted)
    try:
        with parquet_file(path) as file:
            names = [name for name in COLUMNS if name in file.schema_arrow.names and name != "code"]
            for run in runs(units):
                yield from _cut(run, _batches(file, run[0].start, run[-1].end, names), reader)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read to its end, the file is damaged") from error


def _batches(file: pq.ParquetFile, start: int, end: int, names: list[str]) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Batches that have rows of a stretch, each with the number of its first row."""
    groups: list[int] = []
    first = position = 0
    for number in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(number).num_rows
        if position + rows > start and position < end:
            first = first if groups else position
            groups.append(number)
        position += rows
    position = first
    for batch in file.iter_batches(batch_size=BATCH, row_groups=groups, columns=names):
        if position >= end:
            return
        if position + batch.num_rows > start:
            yield position, batch
        position += batch.num_rows


def _cut(
    run: Sequence[Unit], batches: Iterator[tuple[int, pa.RecordBatch]], reader: _Reader
) -> Iterator[tuple[Unit, UnitFilings]]:
    waiting: list[tuple[int, pa.RecordBatch]] = []
    for unit in run:
        while not waiting or waiting[-1][0] + waiting[-1][1].num_rows < unit.end:
            batch = next(batches, None)
            if batch is None:
                raise UsageError(f"{reader.path}: has fewer rows than at the start, it was changed; replay it again")
            waiting.append(batch)
        # Under no name: what was read is in memory until it is filings, and they until they are decided.
        yield unit, reader.filings(_taken(unit, waiting), unit.start)


def _taken(unit: Unit, waiting: list[tuple[int, pa.RecordBatch]]) -> pa.Table:
    """A unit's rows out of batches that have them all, in memory of their own; batches with no more are let go."""
    pieces = [
        batch.slice(max(0, unit.start - first), min(batch.num_rows, unit.end - first) - max(0, unit.start - first))
        for first, batch in waiting
    ]
    waiting[:] = [(first, batch) for first, batch in waiting if first + batch.num_rows > unit.end]
    return pa.Table.from_batches(pieces).combine_chunks()


class _Reader:
    def __init__(self, path: Path, wanted: Range) -> None:
        self.path = path
        self._wanted = wanted
        self._written_at = written_at(path)
        self._known: dict[tuple[str, type, Any], Any] = {}

    def filings(self, rows: pa.Table, first: int) -> UnitFilings:
        """What some rows hold; `first` is the number of the first, from 0."""
        columns, readable = [], np.ones(rows.num_rows, dtype=bool)
        for name in CODING_FIELDS:
            column = self._column(rows, name, readable)
            columns.append(column)
        ids = self._ids(rows, first, readable)
        received = self._received(rows, readable)
        tally = Tally()
        for place in np.flatnonzero(~readable).tolist():
            self._refused(rows, first, place, tally)
        kept = readable & self._in_time(received)
        numbers = pa.array(np.flatnonzero(kept))
        tally.filings = len(numbers)
        tally.messages += len(numbers)
        contents, content = distinct_contents([column.take(numbers) for column in columns])
        stamps = pa.nulls(len(numbers), INSTANT)
        offsets = pa.array(np.flatnonzero(kept) + first, pa.int64())
        identity = identity_batch(ids.take(numbers), received.take(numbers), None, None, offsets, stamps)
        return UnitFilings(identity, contents, content, tally)

    def _column(self, rows: pa.Table, name: str, readable: Flags) -> pa.Array:
        """A column's values as a filing has them; rows with one it cannot have are marked."""
        if name not in rows.column_names:
            return pa.nulls(rows.num_rows, pa.string())
        try:
            coded = one_array(rows[name]).dictionary_encode()
        except pa.ArrowNotImplementedError:
            coded = pa.DictionaryArray.from_arrays(pa.array(range(rows.num_rows), pa.int32()), one_array(rows[name]))
        words = pa.types.is_string(coded.dictionary.type)
        if name in TEXT_FIELDS and words and _plain(coded.dictionary, MAX_TEXT_LENGTH):
            if name == TEXT and coded.null_count:
                readable &= coded.is_valid().to_numpy(zero_copy_only=False)
            return coded
        values = python_values(coded.dictionary)
        read = [self._value(name, value) for value in values]
        refused = np.array([value is REFUSED for value in read] + [name == TEXT])
        places = coded.indices.fill_null(len(read)).to_numpy()
        readable &= ~refused[places]
        if words and read == values:
            return coded
        return pa.array([None if value is REFUSED else value for value in read], pa.string()).take(coded.indices)

    def _value(self, name: str, value: Any) -> Any:
        if not isinstance(value, str | int | float):
            return self._read(name, value)
        key = (name, type(value), value)
        if key not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = self._read(name, value)
        return self._known[key]

    def _read(self, name: str, value: Any) -> Any:
        row = Row(1, {TEXT: "-", "formality_id": "-", "received_at": EPOCH, name: value})
        filing = filing_of(row, "-", EPOCH)
        return REFUSED if filing.formality is None else getattr(filing.formality, name)

    def _ids(self, rows: pa.Table, first: int, readable: Flags) -> pa.Array:
        if "formality_id" not in rows.column_names:
            return pa.array([default_id(self.path, number) for number in self._numbers(rows, first)], pa.string())
        column = one_array(rows["formality_id"])
        if pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        if pa.types.is_string(column.type) and _plain(column, MAX_ID_LENGTH):
            return column
        found: list[str] = []
        for place, (number, value) in enumerate(zip(self._numbers(rows, first), python_values(column), strict=True)):
            identity = identity_of(value)
            identity = default_id(self.path, number) if identity is None else identity
            if not isinstance(identity, str) or not 0 < len(identity) <= MAX_ID_LENGTH:
                readable[place] = False
                identity = ""
            found.append(identity)
        return pa.array(found, pa.string())

    @staticmethod
    def _numbers(rows: pa.Table, first: int) -> range:
        return range(first + 1, first + 1 + rows.num_rows)

    def _received(self, rows: pa.Table, readable: Flags) -> pa.Array:
        otherwise = pa.scalar(microseconds(self._written_at), pa.int64())
        if "received_at" not in rows.column_names:
            return pa.array(np.full(rows.num_rows, otherwise.as_py())).cast(INSTANT)
        column = one_array(rows["received_at"])
        if pa.types.is_timestamp(column.type):
            stamps = column.cast(pa.timestamp("us", column.type.tz), safe=False).cast(pa.int64()).fill_null(otherwise)
        else:
            stamps = pa.array([self._instant(value) for value in python_values(column)], pa.int64())
        readable &= _existing(stamps)
        return stamps.cast(INSTANT)

    def _instant(self, value: Any) -> int | None:
        """In microseconds; `None` where a row cannot be received then."""
        if isinstance(value, str) and len(value) > LONGEST_MARKER:
            value = instant_of(value)
            return microseconds(value) if hasattr(value, "tzinfo") else self._slow_instant(value)
        return self._slow_instant(value)

    def _slow_instant(self, value: Any) -> int | None:
        filing = filing_of(Row(1, {TEXT: "-", "formality_id": "-", "received_at": value}), "-", self._written_at)
        return None if filing.formality is None else microseconds(filing.formality.received_at)

    def _refused(self, rows: pa.Table, first: int, place: int, tally: Tally) -> None:
        values = {name: python_values(rows[name].slice(place, 1))[0] for name in rows.column_names}
        filing = filing_of(Row(first + place + 1, values), "-", self._written_at)
        tally.messages += 1
        tally.unreadable[filing.fault.reason.value if filing.fault else ""] += 1

    def _in_time(self, received: pa.Array) -> Flags:
        since, until = self._wanted.since.instant, self._wanted.until.instant
        stamps = received.cast(pa.int64()).fill_null(0).to_numpy()
        within = np.ones(len(stamps), dtype=bool)
        if since is not None:
            within &= stamps >= microseconds(since)
        if until is not None:
            within &= stamps < microseconds(until)
        return within


def _plain(column: pa.Array, longest: int) -> bool:
    """Whether every text is there and stays as it is: not empty, not too long, no marker of a missing value."""
    if column.null_count:
        return False
    lengths = pc.min_max(pc.utf8_length(column)).as_py()
    if lengths["min"] is not None and (lengths["min"] == 0 or lengths["max"] > longest):
        return False
    markers = pc.is_in(pc.utf8_trim(column, WHITE), pa.array(sorted(MISSING_MARKERS), pa.string()))
    return not pc.any(markers).as_py()


def _existing(stamps: pa.Array) -> Flags:
    values = stamps.fill_null(microseconds(LATEST) + 1).to_numpy()
    return np.asarray((values >= microseconds(EARLIEST)) & (values <= microseconds(LATEST)))
