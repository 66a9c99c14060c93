"""One order for a replay of a file, and what it gives in one go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.policy import Policy
from models.starter.declarations import declarations
from stream.replay.options import FinishOptions
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, replay
from stream.settings import Settings
from tests.integration.replay.sample import FIRST, NOBODY, ROWS


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three units of filings that often say the same, a minute apart."""
    lines = declarations()[:300]
    start = datetime(2026, 7, 1, tzinfo=UTC)
    columns: dict[str, list[Any]] = {
        "formality_id": [f"f-{number}" for number in range(ROWS)],
        "received_at": [start + timedelta(minutes=number) for number in range(ROWS)],
        "description_activity": [lines[number * 7 % len(lines)].text for number in range(ROWS)],
        "type_form": [("C", "M", None)[number % 3] for number in range(ROWS)],
    }
    path = tmp_path_factory.mktemp("table") / "filings.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def order(table: Path, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Order:
    """One model, two policies, over the end of the table; drift is another test's."""
    policy = tmp_path_factory.mktemp("policy") / "by-type.json"
    policy.write_text(
        Policy.model_validate({"threshold": 0.9, "segments": [{"threshold": 0.1, "type_form": "M"}]}).model_dump_json()
    )
    request = SourceRequest(kind="file", name=str(table), since=str(FIRST))
    return Order(request, [small_model], [0.5], [policy], Path("nowhere"), options=FinishOptions(drift=False))


@pytest.fixture(scope="module")
def whole(order: Order, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The replay in one go."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    replay(replace(order, output=folder), Settings(), NOBODY)
    return folder
