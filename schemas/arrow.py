"""Messages as Arrow columns, for the archive and whoever reads it with DuckDB or pandas.

One row a message; candidates are a list of structs, source and formality a struct, instants
microseconds in UTC. The columns have the names of the wire.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from schemas import topics
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


LABEL = pa.schema(
    [
        pa.field("schema_version", pa.int16(), nullable=False),
        pa.field("formality_id", pa.string(), nullable=False),
        pa.field("decision_id", pa.string()),
        pa.field("code", pa.string()),
        pa.field("nomenclature", pa.string(), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("labelled_by", pa.string(), nullable=False),
        pa.field("labelled_at", INSTANT, nullable=False),
    ],
    metadata={"codiflux.message": "label", "codiflux.schema_version": "1"},
)
"""The columns of a Label, in its order."""
DEAD_LETTER = pa.schema(
    [
        pa.field("original_topic", pa.string(), nullable=False),
        pa.field("original_partition", pa.int32(), nullable=False),
        pa.field("original_offset", pa.int64(), nullable=False),
        pa.field("original_timestamp", INSTANT),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("error", pa.string(), nullable=False),
        pa.field("worker_version", pa.string(), nullable=False),
        pa.field("attempt", pa.int32(), nullable=False),
        pa.field("value", pa.binary()),
    ],
    metadata={"codiflux.message": "dead-letter", "codiflux.schema_version": "1"},
)
"""Provenance as its headers name it, and the original bytes; key and other headers are Kafka's columns."""
RECEIVED = pa.schema(
    [pa.field("value", pa.binary())],
    metadata={"codiflux.message": "received", "codiflux.schema_version": "1"},
)
"""A received message stays the bytes it was: its shape is the sender's."""
HEADER = pa.struct([pa.field("name", pa.string(), nullable=False), pa.field("value", pa.binary())])
KAFKA = pa.schema(
    [
        pa.field("kafka_partition", pa.int32(), nullable=False),
        pa.field("kafka_offset", pa.int64(), nullable=False),
        pa.field("kafka_timestamp", INSTANT, nullable=False),
        pa.field("kafka_key", pa.binary()),
        pa.field("kafka_headers", pa.list_(pa.field("item", HEADER, nullable=False)), nullable=False),
        pa.field("unreadable", pa.binary()),
    ]
)
"""Where a row's message stood, and with what.

kafka_headers leaves out what the columns say: a decision's CloudEvents attributes, a dead letter's
provenance. `unreadable` has the bytes of a message that is not what its topic carries; the columns
of the message are null then.
"""
OF_TOPIC: Mapping[str, pa.Schema] = {
    topics.AUTO_CODED: DECISION,
    topics.REVIEW: DECISION,
    topics.RETURNED: DECISION,
    topics.AUDIT: DECISION,
    topics.LABELLED: LABEL,
    topics.DEAD_LETTER: DEAD_LETTER,
    topics.RECEIVED: RECEIVED,
}
"""What each archived topic carries, by its name without prefix."""


def optional(schema: pa.Schema) -> pa.Schema:
    """The same columns, each of them nullable at every level."""
    return pa.schema([pa.field(field.name, _optional(field.type)) for field in schema], metadata=schema.metadata)


def _optional(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(field.name, _optional(field.type)) for field in kind])
    if pa.types.is_list(kind):
        return pa.list_(pa.field("item", _optional(kind.value_type)))
    return kind


def archived(topic: str) -> pa.Schema:
    """The columns of a topic's files in the archive: Kafka's, then those of its message.

    The message's own columns may be null as a whole row (see `KAFKA`), and then all of them are.
    The topic itself and the event date are in the path.

    Parameters
    ----------
    topic
        Without the installation's prefix; one that is not archived raises `KeyError`.
    """
    message = OF_TOPIC[topic]
    fields = [pa.field(field.name, field.type, nullable=True) for field in message]
    return pa.schema([*KAFKA, *fields], metadata=message.metadata)
