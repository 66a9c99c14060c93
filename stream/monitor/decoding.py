"""Many decisions' JSON at once into columns, by Arrow's reader: no Python object a message.

Only what the monitor reads is decoded. Whatever is not as it should be refuses the batch, and the
caller reads smaller ones, down to message by message (`stream.monitor.reading`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import json

from monitoring.decision_columns import Coded
from monitoring.layout import Floats, Ints
from schemas.decision import MAX_CANDIDATES, Route, Stage
from schemas.formality import TEXT_FIELDS

MAX_THRESHOLD = 2.0
"""A little above 1 sends everything to review."""
_VARIABLES = ("type_form", "nature", "event", "surface", "cj", "activity_permanence_status")
_TEXTS = ("route", "stage", "code", "nomenclature", "model_version", "policy_version")
_INSTANT = pa.timestamp("us", "UTC")
_REQUIRED = (
    *("decision_id", "formality_id", "route", "stage", "nomenclature", "model_version", "policy_version"),
    *("received_at", "decided_at", "candidates", "audit", "formality"),
)
_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("decision_id", "formality_id", *_TEXTS)]
    + [
        ("candidates", pa.list_(pa.struct([("probability", pa.float64())]))),
        ("confidence_index", pa.float64()),
        ("threshold", pa.float64()),
        ("audit", pa.bool_()),
        ("received_at", _INSTANT),
        ("decided_at", _INSTANT),
        ("source", pa.struct([("timestamp", _INSTANT)])),
        ("formality", pa.struct([(name, pa.string()) for name in (*TEXT_FIELDS, *_VARIABLES)])),
    ]
)
_PARSING = json.ParseOptions(explicit_schema=_SCHEMA, unexpected_field_behavior="ignore")
_ALLOWED = {"route": {route.value for route in Route}, "stage": {stage.value for stage in Stage}}


class NotColumns(Exception):
    """A message among them is not of the usual form."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Decisions as they stand on the wire, one row a message; see `DecisionColumns` for what is named alike.

    Parameters
    ----------
    decision_ids, formality_ids
        Shape (n,).
    fields
        The three text fields, `None` where there is none.
    """

    decision_ids: list[str]
    formality_ids: npt.NDArray[Any]
    texts: dict[str, Coded]
    fields: tuple[list[str | None], ...]
    confidence: Floats
    threshold: Floats
    audit: npt.NDArray[np.bool_]
    candidates: Ints
    probabilities: Floats
    received_at: Floats
    decided_at: Floats
    latency: Floats


def decode_decisions(values: Sequence[bytes | None]) -> Decoded:
    """Decode messages, one decision each.

    Raises
    ------
    NotColumns
        Not every one of them has the usual form.
    """
    try:
        table = _parsed(values)
    except pa.ArrowInvalid as error:
        raise NotColumns(type(error).__name__) from None
    columns: dict[str, Any] = dict(zip(table.schema.names, table.columns, strict=True))
    if any(columns[name].null_count for name in _REQUIRED):
        raise NotColumns("a field is missing")
    filing = dict(zip((*TEXT_FIELDS, *_VARIABLES), columns["formality"].flatten(), strict=True))
    if filing[TEXT_FIELDS[0]].null_count:
        raise NotColumns("a text is missing")
    texts = {name: _coded(columns[name]) for name in _TEXTS} | {name: _coded(filing[name]) for name in _VARIABLES}
    for name, allowed in _ALLOWED.items():
        if not allowed.issuperset(texts[name].values):
            raise NotColumns(name)
    confidence, threshold = _floats(columns["confidence_index"], 1.0), _floats(columns["threshold"], MAX_THRESHOLD)
    candidates, probabilities = _probabilities(columns["candidates"])
    decided_at = _seconds(columns["decided_at"])
    return Decoded(
        decision_ids=columns["decision_id"].to_pylist(),
        formality_ids=np.array(columns["formality_id"].to_pylist(), dtype=object),
        texts=texts,
        fields=tuple(filing[name].to_pylist() for name in TEXT_FIELDS),
        confidence=confidence,
        threshold=threshold,
        audit=_bits(columns["audit"], 1),
        candidates=candidates,
        probabilities=probabilities,
        received_at=_seconds(columns["received_at"]),
        decided_at=decided_at,
        latency=np.maximum(0.0, decided_at - _seconds(columns["source"].flatten()[0])),
    )


def _parsed(values: Sequence[bytes | None]) -> pa.RecordBatch:
    """One row a value. Each value is one line that begins with a brace, so rows and values cannot get out of step."""
    blob = b"\n".join([value or b"" for value in values])
    begins = [value[:1] for value in values if value]
    # Value by value: counting in all of them together takes ten times as long.
    if begins.count(b"{") != len(values) or any(b"\n" in value for value in values if value):
        raise NotColumns("not one object a line")
    # Arrow's reader does not look whether texts are UTF-8. (`pa.array` would import pandas: 60 MB.)
    bounds = pa.py_buffer(np.array([0, len(blob)], dtype=np.int64))
    pa.Array.from_buffers(pa.large_string(), 1, [None, bounds, pa.py_buffer(blob)]).validate(full=True)
    found = json.read_json(
        pa.BufferReader(blob),
        read_options=json.ReadOptions(use_threads=False, block_size=len(blob) + 1),
        parse_options=_PARSING,
    )
    if found.num_rows != len(values):
        raise NotColumns("not one object a message")
    return found.combine_chunks().to_batches()[0]


def _coded(column: Any) -> Coded:
    encoded = column.dictionary_encode()
    places = _plain(encoded.indices, np.int32).astype(np.int64)
    if encoded.null_count:
        places[~_bits(encoded.indices, 0)] = -1
    return Coded(places, encoded.dictionary.to_pylist())


def _plain(column: Any, kind: type) -> npt.NDArray[Any]:
    """Numbers as they stand, of no meaning where there is none.

    Arrow's `to_numpy`, like `pa.array`, imports pandas, which takes 40 MB and is of no other use here.
    """
    if len(column) == 0:
        return np.empty(0, dtype=kind)
    return np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)]


def _bits(column: Any, buffer: int) -> npt.NDArray[np.bool_]:
    """What is packed eight in a byte: whether there is a value (0), or truth values (1)."""
    packed = np.frombuffer(column.buffers()[buffer], dtype=np.uint8)
    bits = np.unpackbits(packed, bitorder="little")[column.offset : column.offset + len(column)]
    return bits.astype(np.bool_)


def _known(column: Any, values: Floats) -> Floats:
    """NaN where there is none."""
    return np.where(_bits(column, 0), values, np.nan) if column.null_count else values


def _floats(column: Any, most: float) -> Floats:
    """NaN where there is none."""
    found = _known(column, _plain(column, np.float64))
    with np.errstate(invalid="ignore"):
        if int(((found >= 0.0) & (found <= most)).sum()) != len(column) - column.null_count:
            raise NotColumns("a number out of its range")
    return found


def _seconds(column: Any) -> Floats:
    """Since the epoch, as `datetime.timestamp` has it; NaN where there is none."""
    return _known(column, _plain(column, np.int64) / 1e6)


def _probabilities(column: Any) -> tuple[Ints, Floats]:
    """How many candidates each row has, and the probabilities of the first of them, zero where there are fewer."""
    bounds = _plain(column.offsets, np.int32).astype(np.int64)
    counts = np.diff(bounds)
    parts = column.flatten()
    flat = parts.flatten()[0]
    if parts.null_count or flat.null_count:
        raise NotColumns("a candidate without a probability")
    values = _floats(flat, 1.0)
    rows = np.repeat(np.arange(len(counts)), counts)
    order = np.arange(len(values)) - np.repeat(bounds[:-1] - bounds[0], counts)
    found = np.zeros((len(counts), MAX_CANDIDATES))
    kept = order < MAX_CANDIDATES
    found[rows[kept], order[kept]] = values[kept]
    return counts, found
