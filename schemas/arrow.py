"""Decisions as Arrow record batches, for the archive and whoever reads it with DuckDB or pandas.

One row a decision; candidates are a list of structs, source and formality a struct, instants
microseconds in UTC. The columns have the names of the wire.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from schemas.decision import Decision

INSTANT = pa.timestamp("us", tz="UTC")

CANDIDATE = pa.struct(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("label", pa.string(), nullable=False),
        pa.field("probability", pa.float64(), nullable=False),
    ]
)
SOURCE = pa.struct(
    [
        pa.field("topic", pa.string(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", INSTANT),
    ]
)
FORMALITY = pa.struct(
    [
        pa.field("schema_version", pa.int16(), nullable=False),
        pa.field("formality_id", pa.string(), nullable=False),
        pa.field("received_at", INSTANT, nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("description_activity", pa.string(), nullable=False),
        pa.field("other_nature_activity", pa.string()),
        pa.field("precision_act_sec_agricole", pa.string()),
        pa.field("type_form", pa.string()),
        pa.field("nature", pa.string()),
        pa.field("surface", pa.string()),
        pa.field("event", pa.string()),
        pa.field("cj", pa.string()),
        pa.field("activity_permanence_status", pa.string()),
    ]
)
DECISION = pa.schema(
    [
        pa.field("schema_version", pa.int16(), nullable=False),
        pa.field("decision_id", pa.string(), nullable=False),
        pa.field("formality_id", pa.string(), nullable=False),
        pa.field("route", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("code", pa.string()),
        pa.field("label", pa.string()),
        pa.field("candidates", pa.list_(pa.field("item", CANDIDATE, nullable=False)), nullable=False),
        pa.field("confidence_index", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("audit", pa.bool_(), nullable=False),
        pa.field("model_version", pa.string(), nullable=False),
        pa.field("policy_version", pa.string(), nullable=False),
        pa.field("nomenclature", pa.string(), nullable=False),
        pa.field("received_at", INSTANT, nullable=False),
        pa.field("decided_at", INSTANT, nullable=False),
        pa.field("source", SOURCE),
        pa.field("formality", FORMALITY, nullable=False),
    ],
    metadata={"codiflux.message": "decision", "codiflux.schema_version": "1"},
)
"""The archive's columns: those of a Decision, in its order."""


def to_batch(decisions: Sequence[Decision]) -> pa.RecordBatch:
    """Decisions as one record batch, in order; no decisions give an empty batch with all columns."""
    return pa.RecordBatch.from_pylist([decision.model_dump() for decision in decisions], schema=DECISION)


def from_batch(batch: pa.RecordBatch) -> list[Decision]:
    """The decisions of a batch: equal to those it was made of, instants in UTC.

    Columns we do not know are left out, and optional ones may be absent, as on the wire.
    """
    return [Decision.model_validate(row) for row in batch.to_pylist()]
