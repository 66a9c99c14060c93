"""One filing with a wrong date among others: it is replayed like any, and makes nothing of centuries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from stream.replay.options import FinishOptions
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, replay
from stream.settings import Settings
from tests.integration.replay.sample import NOBODY

ROWS = 30


@pytest.mark.parametrize("odd", ["1900-01-01", "9999-12-29", "9999-12-31"])
def test_a_wrong_century_is_two_stretches_of_days_and_no_more(order: Order, tmp_path: Path, odd: str) -> None:
    """Drift and charts included; a day that no clock has is a row that cannot be read."""
    dates = [(date(2026, 7, 1) + timedelta(days=number)).isoformat() for number in range(ROWS)]
    table, labels = tmp_path / "filings.csv", tmp_path / "labels.csv"
    lines = [f"f-{number},{day}T09:00Z,boulangerie" for number, day in enumerate([*dates, odd])]
    table.write_text("\n".join(["formality_id,received_at,description_activity", *lines]))
    labels.write_text("\n".join(["formality_id,code", *(f"f-{number},1071C" for number in range(ROWS + 1))]))
    asked = replace(
        order,
        request=SourceRequest(kind="file", name=str(table)),
        output=tmp_path / "out",
        options=FinishOptions(labels=str(labels), label_delay="2d"),
    )
    summary = replay(asked, Settings(), NOBODY)
    readable = odd != "9999-12-31"
    assert summary.counts.filings == ROWS + readable
    assert summary.evaluation is not None
    assert (tmp_path / "out" / "summary.json").stat().st_size < 500_000
    filed = {date.fromisoformat(day) for day in ([*dates, odd] if readable else dates)}
    for one in summary.evaluation.focus:
        # The window still reaches the odd one's label, two days later, for 27 days.
        assert len(filed) <= len(one.days) <= ROWS + 30
        assert filed <= {day.day for day in one.days}
    report = (tmp_path / "out" / "report.html").read_text()
    assert ("Not counted:" in report) is readable
