"""The columns of `DIR/decisions/*.parquet`: what a replay says of every filing.

One row a filing and model; rows of one filing stand together, models in the order given. Columns
that a policy decides bear no number for the first policy (`route`) and the policy's number for each
further one (`route_2`): a run with one model and one policy has exactly one row a decision, under
the names of the wire. What a policy does to a filing is a function of the row, so policies after the
first have their route and audit only; thresholds and versions of all of them are in `summary.json`.
"""

from __future__ import annotations

import pyarrow as pa

from schemas.arrow import INSTANT
from schemas.decision import MAX_CANDIDATES
from schemas.formality import CODING_FIELDS

WORD = pa.dictionary(pa.int32(), pa.string())
"""Text of few or often repeated values; readers see strings."""

IDENTITY = (
    pa.field("formality_id", pa.string(), nullable=False),
    pa.field("received_at", INSTANT, nullable=False),
    pa.field("topic", WORD),
    pa.field("partition", pa.int32()),
    pa.field("offset", pa.int64(), nullable=False),
    pa.field("timestamp", INSTANT),
)
"""Where the filing comes from. `received_at` is its event time. From a file, topic, partition and
timestamp are null and `offset` is the row's number in the file, from 0."""

CONTENT = tuple(pa.field(name, WORD, nullable=name != "description_activity") for name in CODING_FIELDS)
"""What was filed."""

CODING = (
    pa.field("model_version", WORD, nullable=False),
    pa.field("stage", WORD, nullable=False),
    pa.field("code", WORD),
    pa.field("section", WORD),
    *(
        field
        for rank in range(1, MAX_CANDIDATES + 1)
        for field in (pa.field(f"code_{rank}", WORD), pa.field(f"probability_{rank}", pa.float64()))
    ),
    pa.field("confidence_index", pa.float64()),
)
"""What the model says, whatever the policy: `code` is `code_1`, `section` its broadest branch;
`confidence_index` is null where nothing was predicted (stage rejection)."""

FIRST_POLICY = (
    pa.field("decision_id", pa.string(), nullable=False),
    pa.field("route", WORD, nullable=False),
    pa.field("reason", WORD, nullable=False),
    pa.field("threshold", pa.float64()),
    pa.field("audit", pa.bool_(), nullable=False),
    pa.field("policy_version", WORD, nullable=False),
)
"""What the first policy makes of it: the live worker's own fields."""


def policy_column(name: str, number: int) -> str:
    """The column of a policy, numbered from 1.

    >>> policy_column("route", 1), policy_column("route", 2)
    ('route', 'route_2')
    """
    return name if number == 1 else f"{name}_{number}"


def schema(policies: int, *, all_ids: bool = False) -> pa.Schema:
    """The columns of a run.

    Parameters
    ----------
    policies
        How many; each after the first adds `route_N` and `audit_N`.
    all_ids
        Each also adds `decision_id_N`.
    """
    fields = [*IDENTITY, *CONTENT, *CODING, *FIRST_POLICY]
    for number in range(2, policies + 1):
        fields.append(pa.field(policy_column("route", number), WORD, nullable=False))
        fields.append(pa.field(policy_column("audit", number), pa.bool_(), nullable=False))
        if all_ids:
            fields.append(pa.field(policy_column("decision_id", number), pa.string(), nullable=False))
    return pa.schema(fields, metadata={"codiflux.message": "replayed-decision", "codiflux.schema_version": "1"})


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; dictionaries become one."""
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined
