"""The filings of one unit as columns: what every source gives, and every model reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.coding import Content, content_of
from schemas.arrow import INSTANT
from schemas.formality import CODING_FIELDS, Formality
from schemas.instant import microseconds
from stream.replay.columns import WORD

Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(slots=True)
class Tally:
    """What was read so far; see `stream.replay.summary.Counts`."""

    messages: int = 0
    filings: int = 0
    copies: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class UnitFilings:
    """The filings of a unit, in order.

    Parameters
    ----------
    identity
        Columns `stream.replay.columns.IDENTITY`.
    contents
        What was filed, each once, in the order it first appears.
    content
        For each filing its place in `contents`, shape (filings,).
    """

    identity: pa.RecordBatch
    contents: Sequence[Content]
    content: Index
    tally: Tally

    @property
    def rows(self) -> int:
        """How many filings."""
        return int(self.identity.num_rows)

    def pieces(self, rows: int) -> list[UnitFilings]:
        """The same in pieces of so many filings at most, in order; each has the contents of its own filings."""
        if self.rows <= rows:
            return [self]
        return [self._piece(start, rows) for start in range(0, self.rows, rows)]

    def _piece(self, start: int, rows: int) -> UnitFilings:
        # Contents stand in the order they first appear: a piece's are in the order of their places, but for
        # those that an earlier piece has too, which makes no difference to any row.
        places, content = np.unique(self.content[start : start + rows], return_inverse=True)
        contents = [self.contents[place] for place in places.tolist()]
        return UnitFilings(self.identity.slice(start, rows), contents, content, self.tally)


class Gatherer:
    """Gathers filings one by one, for sources that read messages."""

    def __init__(self, topic: str | None, partition: int | None) -> None:
        self._topic = topic
        self._partition = partition
        self.tally = Tally()
        self._contents: dict[Content, int] = {}
        self._content: list[int] = []
        self._ids: list[str] = []
        self._received: list[int] = []
        self._offsets: list[int] = []
        self._timestamps: list[int | None] = []

    def add(self, formalities: Sequence[Formality], *, offset: int, timestamp: datetime | None) -> None:
        """The filings of one message, in the order of their ids: an archive of decisions has no other."""
        contents, stamp = self._contents, None if timestamp is None else microseconds(timestamp)
        if len(formalities) > 1:
            formalities = sorted(formalities, key=lambda formality: formality.formality_id)
        for formality in formalities:
            self._content.append(contents.setdefault(content_of(formality), len(contents)))
            self._ids.append(formality.formality_id)
            self._received.append(microseconds(formality.received_at))
            self._offsets.append(offset)
            self._timestamps.append(stamp)

    def filings(self) -> UnitFilings:
        """All that was gathered."""
        self.tally.filings = len(self._ids)
        identity = identity_batch(
            pa.array(self._ids, pa.string()),
            pa.array(self._received, pa.int64()).cast(INSTANT),
            self._topic,
            self._partition,
            pa.array(self._offsets, pa.int64()),
            pa.array(self._timestamps, pa.int64()).cast(INSTANT),
        )
        return UnitFilings(identity, list(self._contents), np.array(self._content, dtype=np.int64), self.tally)


def identity_batch(
    ids: pa.Array, received: pa.Array, topic: str | None, partition: int | None, offsets: pa.Array, stamps: pa.Array
) -> pa.RecordBatch:
    """The columns of `IDENTITY` for one partition."""
    rows = len(ids)
    words = pa.array([] if topic is None else [topic], pa.string())
    none = np.full(rows, topic is None)
    return pa.RecordBatch.from_arrays(
        [
            ids,
            received,
            pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32), mask=none), words),
            pa.array(np.full(rows, partition or 0, dtype=np.int32), mask=np.full(rows, partition is None)),
            offsets,
            stamps,
        ],
        names=["formality_id", "received_at", "topic", "partition", "offset", "timestamp"],
    )


def word_columns(contents: Sequence[Content]) -> list[pa.DictionaryArray]:
    """One dictionary column a field of `CODING_FIELDS`, over contents; take rows from them by place."""
    columns: list[pa.DictionaryArray] = []
    for position in range(len(CODING_FIELDS)):
        values: list[Any] = [content[position] for content in contents]
        columns.append(pa.array(values, pa.string()).dictionary_encode().cast(WORD))
    return columns


def distinct_contents(columns: Sequence[pa.Array]) -> tuple[list[Content], Index]:
    """The distinct contents of rows, in the order they first appear, and each row's place among them.

    Parameters
    ----------
    columns
        Text, one a field of `CODING_FIELDS`, of equal lengths.
    """
    key = np.zeros(len(columns[0]), dtype=np.int64)
    kinds = 1
    coded_columns = []
    for column in columns:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        # A missing value is a kind of its own, the last.
        values = len(coded.dictionary) + 1
        places = coded.indices.cast(pa.int64()).fill_null(values - 1).to_numpy()
        words = [*coded.dictionary.to_numpy(zero_copy_only=False).tolist(), None]
        coded_columns.append((np.array(words, dtype=object), places))
        if kinds * values >= 2**62:
            _, key = np.unique(key, return_inverse=True)
            kinds = int(key.max(initial=0)) + 1
        key = key * values + places
        kinds *= values
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    rows = first[order]
    # Words come from the dictionaries, each one value however many contents have it.
    contents: list[Content] = list(zip(*(said[places[rows]].tolist() for said, places in coded_columns), strict=True))
    return contents, place[inverse]
