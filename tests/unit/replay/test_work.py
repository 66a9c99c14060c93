"""Deciding units: how much is in memory, and that no row is lost where it is cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from models.artefact import open_model
from models.policy import Policy
from schemas.formality import Formality
from stream.replay import work
from stream.replay.filings import Gatherer, UnitFilings
from stream.replay.parts import read_counts
from stream.replay.plan import SourceRequest
from stream.replay.sources import Planned
from stream.replay.units import Unit

UNIT = Unit(0, 100, 110)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


class TenFilings:
    """A source of one unit."""

    def plan(self) -> Planned:
        """Not asked for here."""
        raise NotImplementedError

    def read(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        """The unit."""
        gatherer = Gatherer("received", 0)
        for offset in range(UNIT.start, UNIT.end):
            filing = Formality(formality_id=f"f-{offset}", received_at=NOON, description_activity=f"taxi {offset % 4}")
            gatherer.add([filing], offset=offset, timestamp=NOON)
        yield units[0], gatherer.filings()


@pytest.mark.parametrize(("models", "groups"), [(1, [6, 4]), (2, [6, 6, 6, 2]), (7, [7] * 10)])
def test_a_row_group_has_no_more_rows_with_more_models(
    models: int, groups: list[int], small_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are made, written and let go by so many at a time; one filing's rows stay together."""
    monkeypatch.setattr(work, "ROWS", 6)
    task = work.Task(
        request=SourceRequest(kind="file", name="-"),
        models=(small_model,) * models,
        policies=(Policy(threshold=0.5),),
        all_ids=False,
        units=((UNIT.partition, UNIT.start, UNIT.end),),
        folder=tmp_path,
    )
    opened = [open_model(small_model, cache_entries=0)[1]] * models
    done: list[int] = []
    work.decide_units(task, opened, TenFilings(), done.append)

    part = tmp_path / UNIT.file_name
    with pq.ParquetFile(part) as file:
        assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == groups
        offsets = file.read(["offset"])["offset"].to_pylist()
    assert offsets == [offset for offset in range(UNIT.start, UNIT.end) for _ in range(models)]
    counts = read_counts(part)
    assert counts["filings"] == 10
    assert sum(number for *_, number in counts["stages"]) == 10 * models
    assert done == [10]
