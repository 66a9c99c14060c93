"""Part files: one Parquet file a unit, whole or not there, the same bytes whoever writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stream.errors import StorageFailed
from stream.replay import columns
from stream.replay.deciding import Outcomes
from stream.replay.filings import Tally

COUNTS = b"codiflux.counts"
"""Key of what the unit held, in the file's metadata: no second file that could be missing."""
PARTIAL = ".partial"
_LEVEL = 1
"""Of zstd; more takes longer and saves little, since words are numbers already."""


Write = Callable[[pa.RecordBatch, Outcomes], None]
"""Told rows, and how they came out."""


@contextmanager
def part_writer(path: Path, schema: pa.Schema, tally: Tally) -> Iterator[Write]:
    """Write the rows of a unit, each batch as a row group; the file is there when all are.

    Raises
    ------
    StorageFailed
        The disk does not take it; nothing is left of it.
    """
    # Of its own: a process that outlived its replay may be at the same unit as the one that goes on with it.
    temporary = path.with_name(f".{path.name}.{os.getpid()}{PARTIAL}")
    outcomes = Outcomes()
    try:
        with pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=[field.name for field in schema if _repeats(field)],
            # Where a reader can leave a file out. Elsewhere smallest and largest say nothing, and take
            # a quarter of the time.
            write_statistics=[field.name for field in columns.IDENTITY],
            column_encoding={"offset": "DELTA_BINARY_PACKED", "timestamp": "DELTA_BINARY_PACKED"},
        ) as writer:

            def write(batch: pa.RecordBatch, found: Outcomes) -> None:
                writer.write_batch(batch, row_group_size=max(1, batch.num_rows))
                outcomes.add(found)

            yield write
            writer.add_key_value_metadata({COUNTS: _counts(tally, outcomes)})
        temporary.replace(path)
    except (OSError, pa.ArrowException) as error:
        raise StorageFailed(f"{path}: cannot write: {_why(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def read_counts(path: Path) -> dict[str, Any]:
    """What the unit of a part held.

    Raises
    ------
    StorageFailed
        The file is not a part of a replay, or damaged.
    """
    try:
        metadata = pq.read_metadata(path).metadata or {}
        counts: dict[str, Any] = json.loads(metadata[COUNTS])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise StorageFailed(f"{path}: not a part of a replay, or damaged; replay it again") from error
    return counts


def _repeats(field: pa.Field) -> bool:
    """Whether a dictionary pays: words and the numbers that come with a coding."""
    return bool(pa.types.is_dictionary(field.type) or pa.types.is_floating(field.type))


def _counts(tally: Tally, outcomes: Outcomes) -> bytes:
    return json.dumps(
        {
            "messages": tally.messages,
            "filings": tally.filings,
            "copies": tally.copies,
            "unreadable": dict(sorted(tally.unreadable.items())),
            "routes": [[*key, count] for key, count in sorted(outcomes.routes.items()) if count],
            "stages": [[*key, count] for key, count in sorted(outcomes.stages.items()) if count],
        },
        separators=(",", ":"),
    ).encode()


def _why(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if isinstance(number, int) else str(error).splitlines()[0]
