"""A table of one's own as the source of a replay."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stream.errors import UsageError
from stream.filings import open_filings
from stream.replay.bounds import Range
from stream.replay.sources.file import FileSource
from stream.tables import row_count_estimate

HEADER = "formality_id,description_activity"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_row_is_read_whatever_ends_the_lines(tmp_path: Path, line_end: str) -> None:
    """Spreadsheets of old write CR alone: no row is lost for that, and none is counted twice."""
    path = tmp_path / "filings.csv"
    lines = [HEADER, *(f"J{number},boulangerie" for number in range(30)), ""]
    path.write_bytes(line_end.join(lines).encode())
    source = FileSource(path, Range())
    found = [key for _, unit in source.read(source.plan().units) for key in unit.identity["formality_id"].to_pylist()]
    assert found == [f"J{number}" for number in range(30)]
    assert row_count_estimate(path) == len(lines)


def test_a_line_end_across_two_blocks_is_one(tmp_path: Path) -> None:
    """CR is the last byte of the first mebibyte, LF the first of the second."""
    path = tmp_path / "filings.csv"
    path.write_bytes(b"x" * ((1 << 20) - 1) + b"\r\nlast")
    assert row_count_estimate(path) == 2


@pytest.mark.parametrize("off", [pa.scalar(2**62, pa.timestamp("us", tz="UTC")), pa.scalar(2**30, pa.date32())])
def test_a_row_whose_time_is_off_the_calendar_is_unreadable(tmp_path: Path, off: pa.Scalar) -> None:
    """Counted with its reason, by columns and by rows; the rows around it are read."""
    path = tmp_path / "filings.parquet"
    times = pa.concat_arrays([pa.nulls(1, off.type), pa.array([off]), pa.nulls(1, off.type)])
    pq.write_table(pa.table({"description_activity": ["boulangerie"] * 3, "received_at": times}), path)
    source = FileSource(path, Range())
    [(_, unit)] = source.read(source.plan().units)
    assert unit.identity["offset"].to_pylist() == [0, 2]
    assert unit.tally.unreadable == {"invalid_field": 1}
    faults = [filing.fault and filing.fault.reason.value for filing in open_filings(path).filings]
    assert faults == [None, "invalid_field", None]


@pytest.mark.parametrize("rows", [0, 70_000, 130_000])
def test_a_table_that_became_shorter_is_refused_in_one_line(tmp_path: Path, rows: int) -> None:
    """Rows planned are not there any longer: none, the second unit's, or the last one's."""
    path = tmp_path / "filings.parquet"
    table = pa.table({"description_activity": ["boulangerie"] * 140_000})
    pq.write_table(table, path)
    source = FileSource(path, Range())
    units = source.plan().units
    pq.write_table(table.slice(0, rows), path)
    with pytest.raises(UsageError, match="has fewer rows than at the start"):
        list(source.read(units))
