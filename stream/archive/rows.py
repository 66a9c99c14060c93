"""Messages of a topic as rows of the archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, compress
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from schemas import headers as h
from schemas import topics
from schemas.arrow import DEAD_LETTER, DECISION, HEADER, INSTANT, KAFKA, LABEL, OF_TOPIC, archived, optional
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision
from schemas.instant import LATEST
from schemas.label import Label
from stream.archive.json_columns import JsonColumns
from stream.records import Messages, RawHeaders

Converted = tuple[pa.RecordBatch, NDArray[np.int64]]
LEFT_OUT = {"decision": h.CLOUD_EVENT, "dead-letter": h.PROVENANCE}
"""Headers that the columns say already, by kind of message."""
LATEST_MILLISECONDS = int(LATEST.timestamp()) * 1_000
"""Any sender may stamp a message with any number: it stays within the calendar."""
LARGEST_INT32 = 2**31 - 1


def rows_of(topic: str, partition: int, messages: Messages) -> tuple[pa.RecordBatch, int]:
    """Rows in the order of the messages, and how many of them cannot be read.

    Parameters
    ----------
    topic
        Without the installation's prefix.
    """
    columns, unreadable = _converter(topic)(messages)
    kept = np.full(len(messages.offsets), None, dtype=object)
    for number in unreadable:
        kept[number] = messages.values[number]
    arrays = [
        pa.array(np.full(len(messages.offsets), partition, dtype=np.int32)),
        pa.array(messages.offsets, pa.int64()),
        pa.array(np.clip(messages.timestamps, 0, LATEST_MILLISECONDS) * 1_000).cast(INSTANT),
        pa.array(messages.keys, pa.binary()),
        _headers(messages.headers, LEFT_OUT.get(_kind(topic), frozenset())),
        pa.array(list(kept), pa.binary()),
        *columns.columns,
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=archived(topic)), len(unreadable)


def _kind(topic: str) -> str:
    return str(OF_TOPIC[topic].metadata[b"codiflux.message"].decode())


@cache
def _converter(topic: str) -> Callable[[Messages], Converted]:
    if topic == topics.DEAD_LETTER:
        return _dead_letters
    if topic == topics.RECEIVED:
        return _received
    reader = JsonColumns(LABEL, Label) if topic == topics.LABELLED else JsonColumns(DECISION, Decision)
    return lambda messages: reader.read(messages.values)


def _received(messages: Messages) -> Converted:
    values = pa.array(messages.values, pa.binary())
    return pa.RecordBatch.from_arrays([values], names=["value"]), np.array([], dtype=np.int64)


def _dead_letters(messages: Messages) -> Converted:
    """Few, and their columns are headers: one by one."""
    rows: list[dict[str, Any]] = []
    unreadable = []
    for number, (headers, value) in enumerate(zip(messages.headers, messages.values, strict=True)):
        letter = _provenance(headers)
        if letter is None:
            unreadable.append(number)
            rows.append({})
            continue
        fields = letter.model_dump()
        for name in ("topic", "partition", "offset", "timestamp"):
            fields[f"original_{name}"] = fields.pop(name)
        rows.append(fields | {"value": value})
    batch = pa.RecordBatch.from_pylist(rows, schema=optional(DEAD_LETTER).remove_metadata())
    return batch, np.array(unreadable, dtype=np.int64)


def _provenance(headers: RawHeaders) -> DeadLetter | None:
    """`None` for a message that someone else wrote there."""
    try:
        letter = DeadLetter.from_headers(headers)
    except (KeyError, ValueError):
        return None
    fits = abs(letter.partition) <= LARGEST_INT32 and abs(letter.attempt) <= LARGEST_INT32
    return letter if fits and abs(letter.offset) < 2**63 else None


def _headers(headers: Sequence[RawHeaders], left_out: frozenset[str]) -> pa.Array:
    pairs = list(chain.from_iterable(headers))
    kept = [name not in left_out for name, _ in pairs]
    before = np.concatenate(([0], np.cumsum(kept, dtype=np.int32)))
    ends = before[np.concatenate(([0], np.cumsum(list(map(len, headers)), dtype=np.int64)))].astype(np.int32)
    names, values = zip(*compress(pairs, kept), strict=True) if before[-1] else ((), ())
    items = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()), pa.array(values, pa.binary())], fields=list(HEADER)
    )
    return pa.ListArray.from_arrays(pa.array(ends), items, type=KAFKA.field("kafka_headers").type)
