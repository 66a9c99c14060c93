"""Every panel of every dashboard, asked at a real Prometheus that scrapes a worker and a monitor on real Kafka."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import missing
from tests.contract.stage import until
from tests.dashboards.stand import Stand, Windows, standing
from tests.dashboards.viewer import Viewer
from tests.ports import free_block

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = sorted((ROOT / "infra" / "grafana" / "dashboards").glob("*.json"))
WINDOWS = Windows(short=100, long=500, baseline=500)
USUAL, STRANGE = 1_500, 700
DRIFT_SECONDS = 60

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def stand(kafka_bootstrap: str, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Everything runs and has seen everything: dead letters, labels, a drift, a Redis that is not there."""
    if shutil.which("prometheus") is None:
        missing("no prometheus: run infra/scripts/install-system")
    folder, ports = tmp_path_factory.mktemp("stand"), free_block()
    nobody = f"redis://127.0.0.1:{ports + 3}/0"
    with standing(
        kafka_bootstrap,
        small_model,
        folder,
        prefix=f"d{uuid.uuid4().hex[:8]}.",
        ports=ports,
        windows=WINDOWS,
        redis_url=nobody,
    ) as stand:
        stand.as_usual(USUAL // 2)
        stand.stage.until_through()
        stand.as_usual(USUAL // 2)
        stand.stage.until_through()
        stand.label(seed=1)
        stand.stage.send([("x", b"no label")], topic="formality.labelled")
        stand.new_trade(STRANGE, start=0)
        stand.stage.until_through()
        stand.label(seed=2)
        until(lambda: stand.value("count(codiflux_drift_state == 2)") > 0, "a drift stands", seconds=DRIFT_SECONDS)
        for spec in (
            "codiflux_accuracy_ratio",
            "codiflux_drift_contribution_ratio",
            "job:codiflux_filings_auto:ratio_rate1h",
        ):
            until(lambda spec=spec: stand.value(f"max(count_over_time({spec}[1m]))") > 2, f"{spec} is there")
        yield stand


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_of_a_dashboard_has_figures(stand: Stand, path: Path) -> None:
    """As Grafana asks, with the variables as a viewer finds them: each query answers, with a number at least."""
    dashboard: dict[str, Any] = json.loads(path.read_text())
    viewer = Viewer(dashboard, stand.prometheus, start=stand.began, end=time.time())
    empty_variables = [name for name, options in viewer.options.items() if not options]
    assert empty_variables == []
    empty = [
        f"{panel['title']}: {viewer.fill(target['expr'])}"
        for panel in dashboard["panels"]
        if panel["type"] != "row"
        for target, found in zip(panel["targets"], viewer.answers(panel), strict=True)
        if not any(series.points for series in found)
    ]
    assert empty == []
