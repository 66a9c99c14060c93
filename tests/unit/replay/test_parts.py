"""Part files: whole or not there, whoever else is at the same unit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stream.replay import columns, parts
from stream.replay.deciding import Outcomes
from stream.replay.filings import Tally
from stream.replay.place import Place

BATCH = pa.RecordBatch.from_pylist([], schema=pa.schema(list(columns.IDENTITY)))


def write_part(path: Path) -> None:
    """A part without a row."""
    with parts.part_writer(path, BATCH.schema, Tally()) as write:
        write(BATCH, Outcomes())


def test_two_processes_at_the_same_unit_do_not_take_each_others_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that outlived its replay ends the unit while its successor is in the middle of it: both succeed."""
    path = tmp_path / "00000-0000000000.parquet"
    rivals = [4_711]

    class Overtaken(pq.ParquetWriter):  # type: ignore[misc]
        def write_batch(self, *arguments: Any, **named: Any) -> None:
            if rivals:
                process = rivals.pop()
                with monkeypatch.context() as other:
                    other.setattr(parts.os, "getpid", lambda: process)
                    write_part(path)
            super().write_batch(*arguments, **named)

    monkeypatch.setattr(parts.pq, "ParquetWriter", Overtaken)
    write_part(path)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    assert parts.read_counts(path)["messages"] == 0


def test_what_a_killed_process_left_does_not_move_up_with_the_parts(tmp_path: Path) -> None:
    """It may have begun a file after the replay that goes on had looked for such."""
    place = Place(tmp_path / "out")
    place.decisions.mkdir(parents=True)
    (place.decisions / f".00000-0000000000.parquet.4711{parts.PARTIAL}").write_bytes(b"half")
    (place.decisions / "00000-0000000000.parquet").write_bytes(b"whole")
    place.complete()
    assert [found.name for found in (tmp_path / "out" / "decisions").iterdir()] == ["00000-0000000000.parquet"]
