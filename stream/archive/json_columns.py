"""JSON messages to Arrow columns, thousands at a time.

Arrow's own JSON reader is some six times as fast as reading each message and making rows of them.
What it refuses or reads with a value that our messages cannot have, our codec is asked about; what
that cannot read either keeps its bytes. In a field that we do not know, and drop, it is laxer: it
takes not-a-numbers, and nesting of any depth.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
from numpy.typing import NDArray
from pydantic import BaseModel

from schemas.arrow import optional
from schemas.codec import decode
from schemas.errors import UnreadableMessage
from stream.archive.values import odd_rows

BLOCK_BYTES = 1 << 20
"""What Arrow parses at a time; larger blocks leave the processor's cache."""
ROOM_BYTES = 256
"""What a line may have beyond its message, generously."""


class JsonColumns:
    """Reads the messages of one kind.

    Parameters
    ----------
    schema
        The message's columns; what is not nullable there is required.
    kind
        The message's model: the judge of what Arrow refuses.
    """

    def __init__(self, schema: pa.Schema, kind: type[BaseModel]) -> None:
        self._schema = schema
        self._kind = kind
        self._columns = optional(schema).remove_metadata()
        # Each line carries its number under a name no sender can know: a value that is several
        # JSON objects, or none, would otherwise shift the rows after it.
        self._number = f"row_{secrets.token_hex(8)}"
        self._heads: list[bytes] = []
        self._options = pj.ParseOptions(
            explicit_schema=self._columns.append(pa.field(self._number, pa.int64())),
            unexpected_field_behavior="ignore",
        )

    def read(self, values: Sequence[bytes | None]) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
        """Columns of the messages, and the numbers of those that cannot be read.

        Returns
        -------
        A batch with one row a value, in order; the rows that cannot be read are null in every column.
        """
        blocks: list[pa.RecordBatch] = []
        unreadable: list[int] = []
        self._read(values, 0, blocks, unreadable)
        if not blocks:
            return pa.RecordBatch.from_pylist([], schema=self._columns), np.array([], dtype=np.int64)
        table = pa.Table.from_batches(blocks).combine_chunks()
        return table.to_batches()[0], np.array(unreadable, dtype=np.int64)

    def _read(
        self, values: Sequence[bytes | None], first: int, blocks: list[pa.RecordBatch], unreadable: list[int]
    ) -> None:
        if not values:
            return
        block = self._parse(values)
        if block is not None:
            blocks.append(self._judged(block, values, first, unreadable))
        elif len(values) == 1:
            row = self._judge(values[0])
            if row is None:
                unreadable.append(first)
            blocks.append(pa.RecordBatch.from_pylist([row or {}], schema=self._columns))
        else:
            half = len(values) // 2
            self._read(values[:half], first, blocks, unreadable)
            self._read(values[half:], first + half, blocks, unreadable)

    def _parse(self, values: Sequence[bytes | None]) -> pa.RecordBatch | None:
        """The block as columns, or `None` where anything is not as it should be."""
        if None in values or {value[:1] for value in values} != {b"{"}:  # type: ignore[index]
            return None
        pieces = [b""] * (2 * len(values))
        pieces[::2] = self._heads_of(len(values))
        pieces[1::2] = [value[1:] for value in values]  # type: ignore[index]
        text = pa.py_buffer(b"".join(pieces))
        largest = max(map(len, pieces)) + ROOM_BYTES
        try:
            _check_text(text)
            table = pj.read_json(
                pa.BufferReader(text),
                parse_options=self._options,
                read_options=pj.ReadOptions(block_size=max(BLOCK_BYTES, largest)),
            )
        except pa.ArrowInvalid:
            return None
        numbers = table[self._number].to_numpy()
        if len(numbers) != len(values) or not np.array_equal(numbers, np.arange(len(values))):
            return None
        block = table.drop_columns([self._number]).combine_chunks().to_batches()[0]
        return None if any(_lacks(block[field.name], field) for field in self._schema) else block

    def _heads_of(self, count: int) -> list[bytes]:
        """What the lines begin with, in place of a message's first brace."""
        self._heads += [f'\n{{"{self._number}":{row},'.encode() for row in range(len(self._heads), count)]
        return self._heads[:count]

    def _judged(
        self, block: pa.RecordBatch, values: Sequence[bytes | None], first: int, unreadable: list[int]
    ) -> pa.RecordBatch:
        """The block, its odd rows as our codec reads them, or null."""
        odd: list[int] = np.flatnonzero(odd_rows(block)).tolist()
        if not odd:
            return block
        rows = [self._judge(values[number]) for number in odd]
        unreadable.extend(first + number for number, row in zip(odd, rows, strict=True) if row is None)
        read = pa.RecordBatch.from_pylist([row or {} for row in rows], schema=self._columns)
        places = np.arange(block.num_rows)
        places[odd] = block.num_rows + np.arange(len(odd))
        return pa.Table.from_batches([block, read]).combine_chunks().take(places).combine_chunks().to_batches()[0]

    def _judge(self, value: bytes | None) -> dict[str, Any] | None:
        try:
            return decode(self._kind, value or b"").model_dump()
        except UnreadableMessage:
            return None


def _check_text(text: pa.Buffer) -> None:
    """Raise `ArrowInvalid` for bytes that are not UTF-8: Arrow's JSON reader takes them as they are."""
    offsets = pa.py_buffer(np.array([0, text.size], dtype=np.int64))
    pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, text]).validate(full=True)


def _lacks(array: pa.Array, field: pa.Field) -> bool:
    """Whether anything that is required is not there, at any level."""
    if not field.nullable and array.null_count:
        return True
    if pa.types.is_struct(field.type):
        held = array.drop_null() if array.null_count else array
        return any(_lacks(pc.struct_field(held, [index]), child) for index, child in enumerate(field.type))
    if pa.types.is_list(field.type):
        return _lacks(array.flatten(), field.type.value_field)
    return False
