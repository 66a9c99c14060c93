"""Labels of large tables column by column: what `labels.py` reads row by row, some twenty times faster.

Only tables in which nothing is odd are read this way. Whatever is not as expected is left to the
reading by rows, which names the line; both give the same labels.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from models.backtest.columns import Ints
from schemas.formality import MISSING_MARKERS
from schemas.instant import EARLIEST, LATEST, microseconds
from stream.filings import CODE, default_id

READ = ("formality_id", CODE, "nomenclature", "origin", "labelled_at")


def read_columns(path: Path) -> pa.Table | None:
    """The columns of labels that a table has; `None` where it is better read by rows."""
    try:
        if path.suffix.lower() == ".parquet":
            present = [name for name in pq.read_schema(path).names if name in READ]
            return pq.read_table(path, columns=present)
        if path.suffix.lower() == ".csv":
            return _read_csv(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        pass
    return None


def _read_csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = file.readline()
    delimiter = max(",;", key=lambda sign: len(next(csv.reader([header], delimiter=sign), [])))
    names = next(csv.reader([header.rstrip("\r\n")], delimiter=delimiter), [])
    present = [name for name in names if name.strip() in READ]
    # Of one column, an empty line is a row without a code: those after it keep their numbers.
    table = pacsv.read_csv(
        path,
        parse_options=pacsv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=len(names) > 1
        ),
        convert_options=pacsv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=present, strings_can_be_null=False
        ),
    )
    return table.rename_columns([name.strip() for name in present])


def identities(table: pa.Table, path: Path) -> pa.Array | None:
    """Formality ids as text; `None` where some row has none of its own or one that is no plain id."""
    if "formality_id" not in table.column_names:
        return pa.array([default_id(path, number) for number in range(1, table.num_rows + 1)], pa.string())
    column = _plain(table.column("formality_id"))
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        return None
    text = column.cast(pa.string())
    odd = pc.or_kleene(pc.is_null(text), pc.is_in(pc.utf8_trim_whitespace(text), pa.array(sorted(MISSING_MARKERS))))
    return None if pc.any(odd).as_py() else text.combine_chunks()


def looked_up(table: pa.Table, name: str, number_of: Callable[[Any], int]) -> Ints | None:
    """A number for each value of a column, worked out once a distinct value.

    `None` where the column cannot be compared by value.
    """
    if name not in table.column_names:
        return np.full(table.num_rows, number_of(None), dtype=np.int32)
    column = _plain(table.column(name))
    if not (pa.types.is_string(column.type) or pa.types.is_integer(column.type)):
        return None
    encoded = column.combine_chunks().dictionary_encode()
    numbers = np.asarray([number_of(value) for value in encoded.dictionary.to_pylist()] + [number_of(None)], np.int32)
    indices = pc.fill_null(encoded.indices, len(numbers) - 1).to_numpy(zero_copy_only=False)
    return np.asarray(numbers[indices], dtype=np.int32)


def instants(table: pa.Table, absent: int) -> npt.NDArray[np.int64] | None:
    """Microseconds since 1970 (UTC), `absent` where there is none; `None` where times are odd."""
    if "labelled_at" not in table.column_names:
        return np.full(table.num_rows, absent, dtype=np.int64)
    column = table.column("labelled_at")
    if pa.types.is_string(column.type):
        blank = pc.is_in(column, pa.array(sorted(MISSING_MARKERS)))
        column = pc.if_else(blank, pa.scalar(None, pa.string()), column)
        target = pa.timestamp("us", tz="UTC")
    elif pa.types.is_timestamp(column.type):
        target = pa.timestamp("us", tz=column.type.tz)
    else:
        return None
    # What data frames write has nanoseconds: they are dropped; of coarser units nothing is, and none may overflow.
    exact = column.type != pa.timestamp("ns", tz=target.tz)
    try:
        found = column.cast(target, safe=exact).cast(pa.int64())
    except pa.ArrowException:
        # Text without an offset, or with spaces: people's spellings are read one by one.
        return None
    bounds = pc.min_max(found).as_py()
    if bounds["min"] is not None and not microseconds(EARLIEST) <= bounds["min"] <= bounds["max"] <= microseconds(
        LATEST
    ):
        return None
    return np.asarray(pc.fill_null(found, absent).to_numpy(), dtype=np.int64)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without its dictionary; a column of nothing as text."""
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column
