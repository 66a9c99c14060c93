"""Rows of a finished run, wherever they stand, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stream.replay.judged import Run

FILES = 16
"""Files held at once, up to 13 MB each, where `make_room` asks for no more."""


class Rows:
    """The first model's rows of a run.

    Parameters
    ----------
    columns
        What of each row is wanted.
    """

    def __init__(self, run: Run, columns: Sequence[str]) -> None:
        self._run = run
        self._columns = list(columns)
        counts = [pq.read_metadata(path).num_rows // run.models for path in run.files]
        self._starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._held: OrderedDict[int, pa.Table] = OrderedDict()
        self._room = FILES

    def make_room(self, filings: npt.NDArray[np.int64]) -> None:
        """Hold as many files as some filings are in, before these are asked for in turn.

        Those of a day, in the order of time, come from a file or two of every partition: with one file
        fewer than that each would be read anew for every few thousand filings.
        """
        self._room = max(FILES, len(np.unique(self._files(filings))))

    def at(self, filings: npt.NDArray[np.int64]) -> list[dict[str, Any]]:
        """The rows of some filings, at least one, as Python values in the order given."""
        rows: list[dict[str, Any]] = self.table(filings).to_pylist()
        return rows

    def table(self, filings: npt.NDArray[np.int64]) -> pa.Table:
        """The rows of some filings, at least one, in the order given; words as text."""
        files = self._files(filings)
        pieces = []
        for file in np.unique(files):
            wanted = filings[files == file] - self._starts[file]
            # Dictionaries of many files would first be made one, for a few of their words.
            pieces.append(_as_text(self._file(int(file)).take(pa.array(wanted))))
        if len(pieces) == 1:
            return pieces[0]
        return pa.concat_tables(pieces).take(pa.array(np.argsort(np.argsort(files, kind="stable"))))

    def _files(self, filings: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
        return np.searchsorted(self._starts, filings, side="right") - 1

    def _file(self, number: int) -> pa.Table:
        table = self._held.pop(number, None)
        if table is None:
            table = self._run.read(number, self._columns)
            if self._run.models > 1:
                table = table.take(pa.array(np.arange(0, table.num_rows, self._run.models)))
        self._held[number] = table
        while len(self._held) > self._room:
            self._held.popitem(last=False)
        return table


def _as_text(table: pa.Table) -> pa.Table:
    plain = [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(plain))
