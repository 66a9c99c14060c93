"""A history to replay: filings as Parquet and as messages, whose texts are all different or repeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import to_json
from texts import DISTINCT, REPEATED_SHARE, SEED, Content, Filing, distinct

from models.starter import declarations as corpus
from schemas.formality import CODING_FIELDS

CHUNK = 50_000
START = datetime(2026, 7, 1, tzinfo=UTC)
SECONDS_APART = 7
SCHEMA = pa.schema(
    [("formality_id", pa.string()), ("received_at", pa.timestamp("us", "UTC"))]
    + [(name, pa.string()) for name in CODING_FIELDS]
)


def rows(dataset: str, count: int) -> Iterator[dict[str, Any]]:
    """The filings, a few seconds apart; the same in every run."""
    for number, (formality, text) in enumerate(_contents(dataset, count)):
        fields = {name: getattr(formality, name) for name in CODING_FIELDS}
        received_at = START + timedelta(seconds=number * SECONDS_APART)
        yield {
            **fields,
            "formality_id": f"{dataset}-{number:08d}",
            "received_at": received_at,
            "description_activity": text,
        }


def write(dataset: str, count: int, path: Path) -> None:
    """The filings as a Parquet file."""
    source = rows(dataset, count)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        while chunk := list(islice(source, CHUNK)):
            writer.write_table(pa.Table.from_pylist(chunk, schema=SCHEMA))


def write_labels(dataset: str, count: int, path: Path) -> None:
    """A label for each tenth filing of a dataset, two weeks later; whether it is right costs nobody anything."""
    codes = cycle(line.codes[0] for line in corpus.declarations())
    labels = [
        {
            "formality_id": f"{dataset}-{number:08d}",
            "code": next(codes),
            "labelled_at": START + timedelta(days=14, seconds=number * SECONDS_APART),
            "origin": "audit",
        }
        for number in range(0, count, 10)
    ]
    pq.write_table(pa.Table.from_pylist(labels), path, compression="zstd")


def messages(dataset: str, count: int) -> Iterator[Filing]:
    """The filings as messages, without the fields their declarant left empty."""
    for row in rows(dataset, count):
        body = {name: value for name, value in row.items() if value is not None}
        yield Filing(row["formality_id"].encode(), to_json(body))


def _contents(dataset: str, count: int) -> Iterator[Content]:
    if dataset == DISTINCT:
        yield from islice(distinct(), count)
        return
    pool = list(islice(distinct(), pool_size(count)))
    weights = 1.0 / np.arange(1, len(pool) + 1)
    chance = np.random.default_rng(SEED)
    for start in range(0, count, CHUNK):
        drawn = chance.choice(len(pool), size=min(CHUNK, count - start), p=weights / weights.sum())
        yield from (pool[place] for place in drawn)


def pool_size(draws: int) -> int:
    """How many texts, at rank r with weight 1/r, make `REPEATED_SHARE` of the draws repeats (see `texts`)."""
    low, high = 1, 4 * draws
    while low < high:
        middle = (low + high) // 2
        weights = 1.0 / np.arange(1, middle + 1)
        unseen = np.exp(-draws * weights / weights.sum()).sum()
        if 1 - (middle - unseen) / draws > REPEATED_SHARE:
            low = middle + 1
        else:
            high = middle
    return low
