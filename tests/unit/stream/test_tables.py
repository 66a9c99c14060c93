"""Tables in files: how much of them is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stream.tables import open_table

ROWS = 300_000


def _bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


def test_a_row_is_read_without_the_rest_of_its_row_group(tmp_path: Path) -> None:
    """Memory does not depend on how long the row groups of somebody's file are."""
    path = tmp_path / "one-group.parquet"
    noise = np.random.default_rng(1).bytes(ROWS * 20).hex()
    texts = [noise[start : start + 40] for start in range(0, len(noise), 40)]
    pq.write_table(pa.table({"description_activity": texts}), path, row_group_size=ROWS)

    before = _bytes_read()
    first = next(iter(open_table(path, required=["description_activity"]).rows))

    assert first.values == {"description_activity": texts[0]}
    assert _bytes_read() - before < path.stat().st_size / 2
