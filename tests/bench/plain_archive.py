"""The plain way to an archive: read, decode each message, make rows, write; one file every so many rows.

No batch by offsets, no event date, no proof, nothing kept of what cannot be read: what anyone would
write first. Prints one JSON object. Run by archive.py.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from confluent_kafka import Consumer, TopicPartition

from schemas.arrow import to_batch
from schemas.codec import decode
from schemas.decision import Decision

ROWS = 50_000


def main(servers: str, folder: Path, names: list[str], partitions: int, count: int) -> None:
    """Read `count` decisions and write them."""
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "plain", "enable.auto.commit": False})
    consumer.assign([TopicPartition(name, number, 0) for name in names for number in range(partitions)])
    batches: list[pa.RecordBatch] = []
    seen = files = 0
    first = None
    while seen < count:
        messages = [message for message in consumer.consume(5_000, timeout=1.0) if message.error() is None]
        if not messages:
            continue
        first = first or time.monotonic()
        batches.append(to_batch([decode(Decision, message.value()) for message in messages]))
        seen += len(messages)
        if seen >= count or sum(batch.num_rows for batch in batches) >= ROWS:
            pq.write_table(pa.Table.from_batches(batches), folder / f"{files}.parquet", compression="zstd")
            files, batches = files + 1, []
            consumer.commit(asynchronous=False)
    size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
    print(json.dumps({"seconds": time.monotonic() - (first or 0), "files": files, "bytes": size}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3].split(","), int(sys.argv[4]), int(sys.argv[5]))
