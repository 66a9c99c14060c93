"""Rows wherever they stand: each file is read once a day, however many partitions there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models import nomenclature
from monitoring.layout import Floats
from schemas.arrow import INSTANT
from stream.replay import drift_columns
from stream.replay.drift_columns import COLUMNS, PROBABILITIES, decisions_of
from stream.replay.judged import Run
from stream.replay.rows import FILES, Rows

FILINGS = 10
"""Of a file; each of them has two models' rows."""
PARTITIONS = FILES + 8


@dataclass(frozen=True)
class Counting(Run):
    """A run that counts how often each file is read."""

    reads: Counter[int] = field(default_factory=Counter)

    def read(self, number: int, columns: Sequence[str]) -> pa.Table:
        """As the run does."""
        self.reads[number] += 1
        return super().read(number, columns)


@pytest.fixture
def run(tmp_path: Path) -> Counting:
    """One file a partition, more of them than are held by default."""
    (tmp_path / "decisions").mkdir()
    for partition in range(PARTITIONS):
        ids = np.repeat([f"{partition}-{place}" for place in range(FILINGS)], 2)
        columns = {name: pa.nulls(len(ids), pa.string()) for name in COLUMNS}
        columns |= {name: pa.nulls(len(ids), pa.float64()) for name in (*PROBABILITIES, "confidence_index")}
        columns |= {"model_version": pa.array(["one", "two"] * FILINGS), "policy_version": pa.array(["p"] * len(ids))}
        columns |= {"formality_id": pa.array(ids), "received_at": pa.array([0] * len(ids)).cast(INSTANT)}
        pq.write_table(pa.table(columns), tmp_path / f"decisions/{partition:02}.parquet")
    return Counting(tmp_path, cast("Any", SimpleNamespace(models=("one", "two"))), nomenclature.load("naf-rev2"))


def unmeasured(written: Sequence[str], model_version: str) -> Floats:
    """No text is looked at here."""
    return np.zeros((len(written), 6))


def test_a_day_of_more_files_than_are_held_reads_each_of_them_once(
    run: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filings come from all partitions in turn, in many chunks; a day of one file holds no more than usual again."""
    monkeypatch.setattr(drift_columns, "CHUNK", PARTITIONS + 5)
    in_turn = np.arange(PARTITIONS * FILINGS).reshape(PARTITIONS, FILINGS).T.ravel()
    rows = Rows(run, COLUMNS)
    found = [one for chunk in decisions_of(rows, in_turn, unmeasured) for one in chunk.ids]
    assert found == [f"{partition}-{place}" for place in range(FILINGS) for partition in range(PARTITIONS)]
    assert run.reads == dict.fromkeys(range(PARTITIONS), 1)
    list(decisions_of(rows, in_turn[:1], unmeasured))
    assert run.reads[0] == 1
    rows.at(np.array([FILINGS]))
    assert run.reads[1] == 2
