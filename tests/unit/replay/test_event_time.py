"""Filings by event time, a day at a time, from files in the order of arrival."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models import nomenclature
from schemas.arrow import INSTANT
from stream.replay import event_time
from stream.replay.columns import WORD
from stream.replay.event_time import by_day
from stream.replay.judged import DAY_MICROS, Run

FIRST_DAY = 20_000


def run_of(folder: Path, files: list[np.ndarray[Any, np.dtype[np.int64]]]) -> Run:
    """A run of two models whose filings have these event times, microseconds after the first day."""
    (folder / "decisions").mkdir()
    for number, received in enumerate(files):
        times = pa.array(np.repeat(received + FIRST_DAY * DAY_MICROS, 2)).cast(INSTANT)
        forms = pa.array(["C"] * len(times), pa.string()).cast(WORD)
        pq.write_table(pa.table({"received_at": times, "type_form": forms}), folder / f"decisions/{number}.parquet")
    summary = cast("Any", SimpleNamespace(models=("one", "two")))
    return Run(folder, summary, nomenclature.load("naf-rev2"))


@pytest.mark.parametrize("held", [1, 64])
def test_days_are_the_sorted_history_cut_at_midnight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    """Equal times stay in the order of arrival, whatever is held of the files; empty days only where asked for."""
    monkeypatch.setattr(event_time, "FILES", held)
    chance = np.random.default_rng(7)
    times = [chance.integers(0, 9, size) * (DAY_MICROS // 2) for size in (300, 0, 200, 5)]
    times[0][0], times[2][-1] = 0, 12 * DAY_MICROS - 1
    run = run_of(tmp_path, times)
    every = np.concatenate(times)
    order = np.argsort(every, kind="stable")
    found = list(by_day(run, [2, 7]))
    assert [day for day, _ in found] == [0, 1, 2, 3, 4, 7, 11]
    assert np.concatenate([filings for _, filings in found]).tolist() == order.tolist()
    assert all((every[filings] // DAY_MICROS == day).all() for day, filings in found)
    assert (run.span.filings, run.span.first_day, run.span.days) == (505, FIRST_DAY, 12)
