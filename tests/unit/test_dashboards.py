"""Dashboards: those of the code, clean by our lint, and found where Grafana looks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.grafana.make_dashboards import lint
from infra.grafana.make_dashboards.__main__ import dashboards, stale
from tests.unit.test_rules import RECORDED

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted((ROOT / "infra" / "grafana" / "dashboards").glob("*.json"))


@pytest.fixture
def dashboard() -> dict[str, Any]:
    """One of ours, free to be spoilt."""
    found: dict[str, Any] = json.loads(dashboards()["operations.json"])
    return found


def panel(dashboard: dict[str, Any]) -> dict[str, Any]:
    return next(panel for panel in dashboard["panels"] if panel["type"] == "timeseries")


def test_the_written_dashboards_are_those_of_the_code() -> None:
    """Otherwise: `make dashboards`."""
    assert stale() == []
    assert len(PATHS) == 3


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_dashboard_passes_the_lint(path: Path) -> None:
    """Units, descriptions, variables, intervals, identifiers, metrics."""
    assert lint.findings(json.loads(path.read_text()), RECORDED) == []


@pytest.mark.parametrize(
    ("field", "value", "finding"),
    [
        ("title", "", "no title"),
        ("description", "", "no description"),
        ("datasource", {"type": "prometheus", "uid": "abc"}, "the data source is not the variable"),
        ("targets", [], "no query"),
        ("id", 1, "two panels have one number"),
    ],
)
def test_the_lint_finds_what_a_panel_lacks(dashboard: dict[str, Any], field: str, value: Any, finding: str) -> None:
    """Each rule, on a panel that breaks it."""
    panel(dashboard)[field] = value
    assert any(finding in line for line in lint.findings(dashboard, RECORDED))


def test_the_lint_finds_a_panel_without_a_unit(dashboard: dict[str, Any]) -> None:
    """Seconds or messages: a figure says which."""
    del panel(dashboard)["fieldConfig"]["defaults"]["unit"]
    assert any("no unit" in line for line in lint.findings(dashboard, RECORDED))


@pytest.mark.parametrize(
    ("query", "finding"),
    [
        ('rate(codiflux_cache_hits_total{environment=~"$environment", job=~"$job"}[5m])', "rate over 5m"),
        ('codiflux_live{environment=~"$environment"}', "without $environment and $job"),
        ('codiflux_live{environment=~"$environment", job=~"$job", instance="w1:9100"}', "instance=w1:9100 is written"),
        ('codiflux_alive{environment=~"$environment", job=~"$job"}', "codiflux_alive is not in the catalogue"),
        ("sum(codiflux_live)", "codiflux_live is asked for without a selector"),
    ],
)
def test_the_lint_finds_what_is_wrong_with_a_query(dashboard: dict[str, Any], query: str, finding: str) -> None:
    """Each rule, on a query that breaks it."""
    panel(dashboard)["targets"][0]["expr"] = query
    assert any(finding in line for line in lint.findings(dashboard, RECORDED))


def test_the_lint_finds_a_variable_that_is_missing_and_one_that_is_useless(dashboard: dict[str, Any]) -> None:
    """What a viewer can choose has an effect, and what he must choose is there."""
    variables = dashboard["templating"]["list"]
    variables.remove(next(variable for variable in variables if variable["name"] == "job"))
    variables.append({"name": "colour", "type": "custom"})
    assert {"no variable job", "variable colour is used nowhere"} <= set(lint.findings(dashboard, RECORDED))


def test_grafana_finds_the_dashboards_where_the_compose_file_mounts_them() -> None:
    """The provider's path is a mount of our folder, and the data source is a default one."""
    provisioning = ROOT / "infra" / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "codiflux.yml").read_text())["providers"]
    volumes = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["grafana"]["volumes"]
    assert f"./infra/grafana/dashboards:{provider['options']['path']}:ro" in volumes
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"]
    assert source["isDefault"]
