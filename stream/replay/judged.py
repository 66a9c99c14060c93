"""A finished run, read file by file: its decisions as columns.

What is held at once is the columns of one file, some dozen bytes a filing and model; nothing is done
filing by filing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.backtest.columns import NO_CODE, Bools, Floats, Ints
from models.nomenclature import Nomenclature
from stream.errors import UsageError
from stream.replay.columns import one_array
from stream.replay.summary import Summary

DECISIONS = "decisions"
DAY_MICROS = 86_400_000_000
NO_DAYS = (2**40, -(2**40))
"""First and last day of a file without filings: in no range, and neither the first of all nor the last."""
Micros = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Span:
    """What has to be known of all files before the first is judged.

    Parameters
    ----------
    starts
        Position of the first filing of each file, and the number of all; shape (files + 1,).
    day_bounds
        First and last day of each file, as days since 1970-01-01 (UTC); shape (files, 2).
    filed_days
        Days with a filing, in order; shape (days,).
    type_forms
        Those that occur.
    """

    starts: npt.NDArray[np.int64]
    day_bounds: npt.NDArray[np.int64]
    filed_days: npt.NDArray[np.int64]
    type_forms: tuple[str, ...]

    @property
    def filings(self) -> int:
        """In all files."""
        return int(self.starts[-1])

    @property
    def first_day(self) -> int:
        """Of the history; 0 where it has none."""
        return int(self.day_bounds[:, 0].min()) if self.filings else 0

    @property
    def days(self) -> int:
        """How many it spans."""
        return int(self.day_bounds[:, 1].max()) - self.first_day + 1 if self.filings else 0

    def files_of(self, first: int, last: int) -> list[int]:
        """Files that may have filings of the days from `first` to `last`."""
        some = (self.day_bounds[:, 0] <= last) & (self.day_bounds[:, 1] >= first)
        return [int(number) for number in np.flatnonzero(some)]


@dataclass(frozen=True)
class Run:
    """The decisions of a finished run.

    Parameters
    ----------
    folder
        Holds `decisions/*.parquet`: one row a filing and model, models in the summary's order.
    """

    folder: Path
    summary: Summary
    nomenclature: Nomenclature

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The Parquet files, in the order of the filings."""
        return tuple(sorted((self.folder / DECISIONS).glob("*.parquet")))

    @property
    def models(self) -> int:
        """How many rows a filing has."""
        return len(self.summary.models)

    def read(self, number: int, columns: Sequence[str]) -> pa.Table:
        """Columns of a file, one row a filing and model; one that cannot be read raises `UsageError`."""
        try:
            with pq.ParquetFile(self.files[number]) as file:
                return file.read(columns=list(columns))
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"{self.folder / DECISIONS}: cannot be read ({str(error).splitlines()[0]})") from error

    def received_at(self, table: pa.Table) -> Micros:
        """Event time of each filing, microseconds since 1970 (UTC)."""
        return np.asarray(table["received_at"].cast(pa.int64()).to_numpy()[:: self.models], dtype=np.int64)

    def identities(self) -> Iterator[tuple[pa.Array, Micros]]:
        """Formality id and event time of each filing, file by file."""
        for number in range(len(self.files)):
            table = self.read(number, ["formality_id", "received_at"])
            ids = one_array(table["formality_id"])
            if self.models > 1:
                ids = ids.take(pa.array(np.arange(0, len(ids), self.models)))
            yield ids, self.received_at(table)

    @cached_property
    def span(self) -> Span:
        """Where the files begin, and the days and types of form in them."""
        starts, bounds, names = [0], [], set()
        filed = np.zeros(0, dtype=np.int64)
        for number in range(len(self.files)):
            table = self.read(number, ["received_at", "type_form"])
            received = self.received_at(table)
            starts.append(starts[-1] + len(received))
            days = np.unique(received // DAY_MICROS)
            filed = np.union1d(filed, days)
            bounds.append((days[0], days[-1]) if len(days) else NO_DAYS)
            names.update(one_array(table["type_form"]).dictionary.to_pylist())
        return Span(
            np.array(starts, dtype=np.int64),
            np.array(bounds, dtype=np.int64).reshape(-1, 2),
            filed,
            tuple(sorted(names)),
        )


def translated(column: pa.DictionaryArray, positions: dict[str, int]) -> Ints:
    """The number of each value, by dictionary: a text is looked up once, not once a row."""
    table = np.asarray([positions.get(value, NO_CODE) for value in column.dictionary.to_pylist()] + [NO_CODE], np.int32)
    indices = pc.fill_null(column.indices, len(table) - 1).to_numpy(zero_copy_only=False)
    numbers: Ints = table[indices]
    return numbers


def floats(column: pa.ChunkedArray) -> Floats:
    """Numbers, 0 where there is none."""
    return np.asarray(pc.fill_null(column, 0.0).to_numpy(), dtype=np.float64)


def booleans(column: pa.ChunkedArray) -> Bools:
    """Yes or no."""
    return np.asarray(column.to_numpy(), dtype=np.bool_)


def by_model(values: npt.NDArray[Any], models: int) -> list[npt.NDArray[Any]]:
    """A column of all rows as one array a model: rows of one filing stand together."""
    return [values[model::models] for model in range(models)]
