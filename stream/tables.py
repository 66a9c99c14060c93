"""Reading tables of filings from files: CSV, JSON Lines and Parquet, row by row, in bounded memory.

The file's extension says what it is. A file that is not what its extension says is refused as a
whole; one row that cannot be read is a row with its fault, so that nothing is lost on the way.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import from_json

from schemas.codec import MAX_MESSAGE_BYTES
from schemas.errors import UnreadableMessage
from schemas.reasons import DeadLetterReason
from stream.errors import UsageError

EXTENSIONS = (".csv", ".jsonl", ".parquet")
PARQUET_ROWS = 4_096
"""Rows of Parquet turned into Python at a time."""
READ_AHEAD_BYTES = 1_048_576
"""Of each column of a Parquet file."""
HEADER_ROWS = 1_000
"""Leading objects of a JSON Lines file whose keys together count as its columns."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it stands in the file.

    Parameters
    ----------
    line
        Of the file, from 1, where the row begins; in Parquet the number of the row, from 1.
    values
        Column -> value; what a file has no place for is absent.
    fault
        Why the row has no values, when it has none.
    """

    line: int
    values: Mapping[str, Any]
    fault: UnreadableMessage | None = None


@dataclass(frozen=True)
class Table:
    """A file opened for reading.

    Parameters
    ----------
    columns
        Names found, in order.
    rows
        To be read once; closes the file at its end.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]


@dataclass(frozen=True, slots=True)
class OffCalendar:
    """In place of an instant that Arrow holds and Python cannot: no text and no number, so that no reader takes it."""

    type: str

    def __str__(self) -> str:
        return f"a {self.type} off the calendar"


def python_values(array: pa.Array) -> list[Any]:
    """Values as Python has them; an instant beyond its years as `OffCalendar`."""
    try:
        values: list[Any] = array.to_pylist()
    except OverflowError:
        return [_python_value(scalar) for scalar in array]
    return values


def _python_value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except OverflowError:
        return OffCalendar(str(scalar.type))


def extension(path: Path) -> str:
    """The kind of table a file name stands for; another one raises `UsageError`."""
    suffix = path.suffix.lower()
    if suffix not in EXTENSIONS:
        raise UsageError(f"{path}: the name must end in one of {', '.join(EXTENSIONS)}")
    return suffix


def open_table(path: Path, *, required: Sequence[str]) -> Table:
    """Open a table for reading.

    Parameters
    ----------
    required
        Columns it must have.

    Raises
    ------
    UsageError
        Not a file, not what the extension says, cut short, or without a required column. What lies
        further down in the file is raised while the rows are read.
    """
    openers = {".csv": _open_csv, ".jsonl": _open_jsonl, ".parquet": _open_parquet}
    opener = openers[extension(path)]
    try:
        if path.stat().st_size == 0:
            raise UsageError(f"{path}: the file is empty")
        table = opener(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    for name in required:
        if name not in table.columns:
            raise UsageError(f"{path}: no column {name}; found {', '.join(table.columns) or 'none'}")
    return table


def row_count_estimate(path: Path) -> int:
    """About how many rows a file has, never too few: for progress bars."""
    if extension(path) == ".parquet":
        return int(pq.read_metadata(path).num_rows)
    lines, last = 1, b""
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            # A line ends in LF, CR or both; both may lie across two blocks.
            lines += block.count(b"\n") + block.count(b"\r") - (last + block).count(b"\r\n")
            last = block[-1:]
    return lines


def _open_csv(path: Path) -> Table:
    rows = _csv_cells(path)
    try:
        _, header = next(rows)
    except StopIteration:
        raise UsageError(f"{path}: the file is empty") from None
    columns = tuple(name.strip() for name in header)
    if not _is_text("".join(columns)):
        raise UsageError(f"{path}: not UTF-8; save it as CSV UTF-8")
    twice = sorted({name for name in columns if columns.count(name) > 1})
    if twice:
        raise UsageError(f"{path}: column {twice[0] or '(without a name)'} is there twice")
    return Table(columns, _csv_rows(rows, columns))


def _csv_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Line where a record begins, and its cells."""
    # Bytes that are not UTF-8 become lone surrogates: one bad row does not hide the others.
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        header = file.readline()
        delimiter = max(",;", key=lambda sign: len(next(csv.reader([header], delimiter=sign), [])))
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise UsageError(f"{path}, line {line}: not CSV from here on ({error})") from error


def _csv_rows(records: Iterator[tuple[int, list[str]]], columns: tuple[str, ...]) -> Iterator[Row]:
    for line, cells in records:
        if not cells and len(columns) > 1:
            continue
        if len(cells) > len(columns):
            # A delimiter in a text without quotes: cutting it there would code half a description.
            detail = f"{len(cells)} cells under {len(columns)} columns; quote texts that contain the delimiter"
            yield Row(line, {}, UnreadableMessage(DeadLetterReason.INVALID_FIELD, detail))
        elif not _is_text("".join(cells)):
            yield Row(line, {}, UnreadableMessage(DeadLetterReason.NOT_UTF8, "not UTF-8; save the file as CSV UTF-8"))
        else:
            yield Row(line, dict(zip(columns, cells, strict=False)))


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _open_jsonl(path: Path) -> Table:
    rows = _jsonl_rows(path)
    # An object may leave out what it has no value for, so one object alone does not tell the columns.
    first = list(islice(rows, HEADER_ROWS))
    columns = tuple(dict.fromkeys(name for row in first for name in row.values))
    return Table(columns, chain(first, rows))


def _jsonl_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_MESSAGE_BYTES + 1):
            number += 1
            if len(line) > MAX_MESSAGE_BYTES and not line.endswith(b"\n"):
                while (rest := file.readline(MAX_MESSAGE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                detail = f"a line of more than {MAX_MESSAGE_BYTES} bytes"
                yield Row(number, {}, UnreadableMessage(DeadLetterReason.TOO_LARGE, detail))
            elif content := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield _json_row(number, content)


def _json_row(number: int, content: bytes) -> Row:
    try:
        value = from_json(content)
    except ValueError:
        try:
            content.decode()
        except UnicodeDecodeError:
            return Row(number, {}, UnreadableMessage(DeadLetterReason.NOT_UTF8, "the line is not UTF-8"))
        return Row(number, {}, UnreadableMessage(DeadLetterReason.NOT_JSON, "the line is not JSON"))
    if not isinstance(value, dict):
        return Row(number, {}, UnreadableMessage(DeadLetterReason.NOT_A_FORMALITY, "the line is not a JSON object"))
    return Row(number, value)


def parquet_file(path: Path) -> pq.ParquetFile:
    """A Parquet file that is read bit by bit: otherwise a row group, however long, would be in memory at once."""
    return pq.ParquetFile(path, buffer_size=READ_AHEAD_BYTES, pre_buffer=False)


def _open_parquet(path: Path) -> Table:
    try:
        file = parquet_file(path)
    except pa.ArrowException as error:
        raise UsageError(f"{path}: not a Parquet file, or cut short") from error
    return Table(tuple(file.schema_arrow.names), _parquet_rows(path, file))


def _parquet_rows(path: Path, file: pq.ParquetFile) -> Iterator[Row]:
    number = 0
    try:
        with file:
            for batch in file.iter_batches(batch_size=PARQUET_ROWS):
                for values in zip(*map(python_values, batch.columns), strict=True):
                    number += 1
                    yield Row(number, dict(zip(batch.schema.names, values, strict=True)))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}, after row {number}: cannot be read further, the file is damaged") from error
