"""infra/prometheus/prometheus: a real Prometheus with our rules, started and stopped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.dashboards.prometheus import Prometheus, run
from tests.ports import free_block
from tests.unit.test_rules import ALERTS, RECORDED


@pytest.fixture
def port() -> int:
    """One that nobody takes meanwhile."""
    return free_block()


def test_it_starts_with_every_rule_refuses_a_taken_port_and_stops(tmp_path: Path, port: int) -> None:
    """The rules are those of the repository, and what stop leaves behind is no process."""
    if shutil.which("prometheus") is None:
        missing("no prometheus: run infra/scripts/install-system")
    data = tmp_path / "one"
    try:
        done = run("start", data, "--port", str(port), "--worker", "127.0.0.1:1", "--environment", "test")
        assert done.returncode == 0, done.stderr
        groups = Prometheus(port, 5).get("rules")["groups"]
        assert {rule["name"] for group in groups for rule in group["rules"]} == {*ALERTS, *RECORDED}
        taken = run("start", tmp_path / "two", "--port", str(port))
        assert (taken.returncode, taken.stdout) == (1, "")
        assert f"port {port} of 127.0.0.1 is in use" in taken.stderr
    finally:
        stopped = run("stop", data)
    assert (stopped.returncode, stopped.stdout) == (0, "prometheus is stopped\n")
    assert run("status", data).returncode == 3


@pytest.mark.parametrize("wrong", [("--port", "0"), ("--worker", "nowhere"), ("--every", "often"), ("--colour", "red")])
def test_a_wrong_option_is_one_line(tmp_path: Path, wrong: tuple[str, str]) -> None:
    """Exit code 2, and nothing is started."""
    done = run("start", tmp_path / "none", *wrong)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert not (tmp_path / "none").exists()
