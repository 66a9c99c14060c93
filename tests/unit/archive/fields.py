"""Messages and archives for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from schemas import topics
from stream.archive.home import claim
from stream.archive.stores import Store, open_store
from stream.archive.writing import Limits, Writer
from stream.records import Messages

GOLDEN = Path(__file__).resolve().parents[2] / "contract" / "golden" / "v1"
REVIEW = topics.REVIEW
NOON = int(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp() * 1000)
HALF_DAY = 12 * 3_600_000
LIMITS = Limits(seconds=300.0, bytes=1 << 30)


def decision(number: int, **changes: Any) -> bytes:
    """A decision as the wire has it, with an id of its own."""
    body = json.loads((GOLDEN / "decision.review.json").read_bytes())
    body["formality_id"] = body["formality"]["formality_id"] = f"J{number:06d}/A1"
    return json.dumps(body | changes).encode()


def messages(
    offsets: Iterable[int], *, at: int = NOON, step: int = 1_000, values: Sequence[bytes] | None = None
) -> Messages:
    """Decisions at offsets, stamped from `at` on, a step of milliseconds apart by offset."""
    offsets = list(offsets)
    return Messages(
        offsets,
        [at + step * offset for offset in offsets],
        [b"J%06d/A1" % offset for offset in offsets],
        list(values) if values is not None else [decision(offset) for offset in offsets],
        [[("traceparent", b"00-ab"), ("ce_id", b"x")] for _ in offsets],
    )


def new_store(folder: Path) -> Store:
    """An archive of nothing."""
    store = open_store(str(folder))
    claim(store, topic_prefix="", cluster="k")
    return store


def archived(store: Store, *batches: Messages, topic: str = REVIEW, low: int = 0, partition: int = 0) -> None:
    """Write batches to a partition, each in files of its own."""
    writer = Writer(store, LIMITS)
    writer.begin((topic, partition), low, 10**9)
    for batch in batches:
        writer.add((topic, partition), batch, 0.0)
        writer.write((topic, partition))


def with_a_damaged_page(store: Store, path: str, column: str, *, kind_alone: bool = False) -> None:
    """Overwrite the header of a column's page in the middle of a file; footer and length stay as they are.

    Parameters
    ----------
    kind_alone
        One bit of what kind of page it is, which Arrow then passes over without a word.
    """
    content = bytearray(store.read(path))
    group = pq.read_metadata(pa.BufferReader(bytes(content))).row_group(0)
    chunks = (group.column(place) for place in range(group.num_columns))
    [at] = [chunk.data_page_offset for chunk in chunks if chunk.path_in_schema == column]
    if kind_alone:
        content[at + 1] ^= 1
    else:
        content[at : at + 8] = bytes(8)
    store.put(path, bytes(content))
