"""Rules, their tests, their runbooks and the example for Alertmanager, held to each other and to the catalogue."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.grafana.make_dashboards import lint
from monitoring.catalogue import LATENCY, LATENCY_BUCKETS
from schemas.signals import SIGNALS, SignalGroup
from tests.conftest import missing

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "infra" / "prometheus"
RULE_FILES = sorted((FOLDER / "rules").glob("*.yml"))
TEST_FILES = sorted((FOLDER / "tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs" / "runbooks"
RULES: list[dict[str, Any]] = [
    rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
CASES: list[dict[str, Any]] = [
    case
    for path in TEST_FILES
    for test in yaml.safe_load(path.read_text())["tests"]
    for case in test["alert_rule_test"]
]
SECONDS = 120

every_alert = pytest.mark.parametrize("name", sorted(ALERTS))


def run(program: str, *arguments: object) -> str:
    """What a program that succeeded printed."""
    if shutil.which(program) is None:
        missing(f"no {program}: run infra/scripts/install-system")
    words = [program, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_accepts_its_configuration_and_the_rules_in_it() -> None:
    """As docker-compose.yml mounts them."""
    assert f"{len(RULE_FILES)} rule files found" in run("promtool", "check", "config", FOLDER / "prometheus.yml")
    run("promtool", "check", "rules", *RULE_FILES)


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.stem)
def test_rules_do_what_their_tests_say(path: Path) -> None:
    """By promtool, on made-up series."""
    run("promtool", "test", "rules", path)


@every_alert
def test_an_alert_is_tested_to_fire_to_keep_quiet_and_to_end(name: str) -> None:
    """A rule that always fires, or never, would pass a test of one kind alone."""
    quiet_after_firing = fired = False
    tests = [t for path in TEST_FILES for t in yaml.safe_load(path.read_text())["tests"]]
    for test in tests:
        states = [bool(case["exp_alerts"]) for case in test["alert_rule_test"] if case["alertname"] == name]
        fired |= any(states)
        quiet_after_firing |= "".join("F" if state else "q" for state in states).startswith("q") and "Fq" in "".join(
            "F" if state else "q" for state in states
        )
    assert fired
    assert quiet_after_firing, "no test in which it is quiet, fires, and is quiet again"


@every_alert
def test_an_alert_says_how_bad_it_is_what_it_means_and_where_the_runbook_is(name: str) -> None:
    """Somebody is woken by it: who, why, and what to do."""
    alert = ALERTS[name]
    assert name.startswith("Codiflux")
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert "for" in alert or "max_over_time" in alert["expr"], "one scrape may be wrong"
    assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}
    page = (ROOT / alert["annotations"]["runbook_url"]).read_text(encoding="utf-8")
    assert f"`{name}`" in page
    for heading in ("## What it means", "## What to look at", "## What to do", "## How to confirm"):
        assert heading in page


def test_the_index_of_runbooks_has_every_alert_and_every_page() -> None:
    """A page that nobody finds helps nobody."""
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    for name, alert in ALERTS.items():
        page = Path(alert["annotations"]["runbook_url"]).name
        title = (RUNBOOKS / page).read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        assert f"| `{name}` | {alert['labels']['severity']} | [{title}]({page}) |" in index
    assert [path.name for path in RUNBOOKS.glob("*.md") if path.stem != "README" and path.name not in index] == []


def test_no_rule_names_a_metric_that_no_process_exposes() -> None:
    """A misspelt metric would be silent for ever."""
    unknown = {
        rule.get("alert") or rule["record"]: names
        for rule in RULES
        if (names := lint.unknown_metrics(rule["expr"], RECORDED))
    }
    assert unknown == {}


def test_the_catalogue_check_finds_a_metric_that_is_misspelt() -> None:
    """The check itself, on an expression with one wrong name, one wrong suffix and one right name."""
    wrong = "rate(codiflux_filing_total[5m]) / rate(codiflux_filing_latency_seconds[5m]) > codiflux_live"
    assert lint.unknown_metrics(wrong, RECORDED) == {"codiflux_filing_total", "codiflux_filing_latency_seconds"}


def test_the_objective_is_an_edge_of_the_histogram() -> None:
    """Rules ask for le="1.0": without that edge they would find nothing."""
    assert 1.0 in LATENCY_BUCKETS
    asked = {
        edge
        for rule in RULES
        for edge in re.findall(LATENCY.name + r'_bucket\{le="([^"]+)"\}', rule["expr"])
    }  # fmt: skip
    assert asked == {str(1.0)}


def test_every_signal_that_can_alarm_belongs_to_one_drift_alert() -> None:
    """Input, output or error: by the table of signals, so that a new signal is not left without an alert."""
    groups = {
        "CodifluxInputDrift": {SignalGroup.INPUT},
        "CodifluxOutputDrift": {SignalGroup.MODEL, SignalGroup.POLICY},
        "CodifluxErrorDrift": {SignalGroup.LABEL},
    }
    for name, wanted in groups.items():
        (pattern,) = re.findall(r'signal=~"([^"]+)"', ALERTS[name]["expr"])
        caught = {signal.name for signal in SIGNALS if re.fullmatch(pattern, signal.name)}
        assert caught == {signal.name for signal in SIGNALS if signal.group in wanted and signal.alarms}


def test_alertmanager_accepts_the_example_and_sends_each_alert_to_somebody() -> None:
    """By amtool: pages to who is on call, drift and quality to the statisticians, the rest to the desk."""
    example = FOLDER / "alertmanager.yml"
    run("amtool", "check-config", example)
    for wanted, name in (
        ("on-call", "CodifluxBreakerOpen"),
        ("statisticians", "CodifluxInputDrift"),
        ("desk", "CodifluxRedisDown"),
    ):
        labels = [f"{key}={value}" for key, value in ALERTS[name]["labels"].items()]
        told = run("amtool", "config", "routes", "test", f"--config.file={example}", f"alertname={name}", *labels)
        assert told.strip() == wanted


def test_every_alert_named_in_an_inhibition_exists() -> None:
    """A renamed alert must not slip out of the example."""
    rules = yaml.safe_load((FOLDER / "alertmanager.yml").read_text())["inhibit_rules"]
    matchers = [matcher for rule in rules for side in ("source_matchers", "target_matchers") for matcher in rule[side]]
    for matcher in matchers:
        pattern = re.fullmatch(r'alertname=~?"(.+)"', matcher)
        assert pattern is not None, matcher
        for part in _alternatives(pattern[1]):
            assert any(re.fullmatch(part, name) for name in ALERTS), part


def _alternatives(pattern: str) -> list[str]:
    """Alternatives at the top level of a pattern, those in brackets left together."""
    return re.findall(r"(?:[^|(]|\([^)]*\))+", pattern)
