"""Writing tables to files, which appear under their names only when all went well."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import to_json

from stream.errors import UsageError
from stream.tables import extension

ROW_GROUP_ROWS = 65_536
"""Rows of a row group that we write; about 20 MB before compression."""


class Writer(Protocol):
    """What takes rows of output."""

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows; each has every column."""
        ...


class _CsvWriter:
    def __init__(self, path: Path, columns: Mapping[str, type]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, list(columns), lineterminator="\n")
        self._writer.writeheader()

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._writer.writerows(rows)

    def close(self) -> None:
        self._file.close()


class _JsonLinesWriter:
    def __init__(self, path: Path, columns: Mapping[str, type]) -> None:
        self._file = path.open("wb")

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._file.writelines(to_json(row) + b"\n" for row in rows)

    def close(self) -> None:
        self._file.close()


class _ParquetWriter:
    def __init__(self, path: Path, columns: Mapping[str, type]) -> None:
        types = {str: pa.string(), float: pa.float64()}
        self._schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._waiting.append(pa.RecordBatch.from_pylist(list(rows), schema=self._schema))
        if sum(batch.num_rows for batch in self._waiting) >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.Table.from_batches(self._waiting))
            self._waiting = []

    def close(self) -> None:
        self._flush()
        self._writer.close()


class _ClosableWriter(Writer, Protocol):
    def close(self) -> None: ...


_WRITERS: dict[str, Callable[[Path, Mapping[str, type]], _ClosableWriter]] = {
    ".csv": _CsvWriter,
    ".jsonl": _JsonLinesWriter,
    ".parquet": _ParquetWriter,
}


@contextmanager
def new_table(path: Path, columns: Mapping[str, type], *, force: bool = False) -> Iterator[Writer]:
    """Write a table that appears under its name only when all went well.

    Parameters
    ----------
    columns
        Name -> `str` or `float`; `None` is allowed in either.
    force
        Replace a file that is there already.

    Raises
    ------
    UsageError
        The file is there already, or the folder or the disk does not take it.
    """
    kind = extension(path)
    check_absent(path, force=force)
    try:
        with _temporary(path) as temporary:
            writer = _WRITERS[kind](temporary, columns)
            try:
                yield writer
            finally:
                writer.close()
            temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def write_text(path: Path, text: str, *, force: bool = False) -> None:
    """Write a small file whole or not at all; raises as `new_table` does."""
    check_absent(path, force=force)
    try:
        with _temporary(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def check_absent(path: Path, *, force: bool) -> None:
    """Raise `UsageError` when a file would be replaced without `force`."""
    if path.is_dir():
        raise UsageError(f"{path}: a folder; give the name of a file")
    if path.exists() and not force:
        raise UsageError(f"{path}: already there; give another name or --force")


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        temporary.chmod(0o644)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
