"""docker-compose.yml without an engine: the same commands with the same environment, on this machine.

Only what a container would give is replaced: host names by loopback, published ports by free ones,
the model's volume by a folder, and a prefix keeps the topics apart from other tests'.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ports import free_block

ROOT = Path(__file__).resolve().parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
REDIS = ROOT / "infra" / "redis" / "redis"
CODIFLUX = [sys.executable, "-m", "stream.cli"]
READY_SECONDS = 60
STOP_SECONDS = 10
PROBE_PAUSE_SECONDS = 0.2

pytestmark = [pytest.mark.kafka, pytest.mark.redis]


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis of this module's own."""
    data, port = tmp_path_factory.mktemp("redis"), free_block()
    start = [str(REDIS), "start", "--data", str(data), "--port", str(port)]
    done = subprocess.run(start, capture_output=True, text=True, timeout=30, check=False)
    try:
        if done.returncode != 0:
            missing = pytest.fail if os.environ.get("CI", "").lower() in {"true", "1"} else pytest.skip
            missing(f"no Redis: {done.stderr.strip()}")
        yield port
    finally:
        subprocess.run([str(REDIS), "stop", "--data", str(data)], capture_output=True, timeout=30, check=False)


@pytest.fixture
def metrics_port() -> int:
    """First of more free ports than the worker has processes."""
    return free_block()


@pytest.fixture
def environment_of(
    kafka_bootstrap: str,
    redis_port: int,
    topic_prefix: str,
    metrics_port: int,
    small_model: Path,
    tmp_path: Path,
) -> Callable[[str], dict[str, str]]:
    """A service's environment, containers' names and places replaced by this machine's."""
    for volume in ("tmp", "monitor"):
        (tmp_path / volume).mkdir()
    here = {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": {"kafka:19092": kafka_bootstrap},
        "CODIFLUX_REDIS_URL": {"redis://redis:6379/0": f"redis://127.0.0.1:{redis_port}/0"},
        "CODIFLUX_MODEL": {"/data/models/starter": str(small_model)},
        "CODIFLUX_MONITOR_STATE": {"/data/monitor/state.sqlite": str(tmp_path / "monitor" / "state.sqlite")},
        "CODIFLUX_MONITOR_MODELS": {"/data/models": str(small_model.parent)},
        "CODIFLUX_ARCHIVE_OUTPUT": {"/data/archive/history": str(tmp_path / "history")},
        "CODIFLUX_METRICS_PORT": {"9100": str(metrics_port)},
        "CODIFLUX_METRICS_ADDRESS": {"0.0.0.0": "127.0.0.1"},
    }

    def build(name: str) -> dict[str, str]:
        written: dict[str, str] = SERVICES[name]["environment"]
        replaced = {key: here.get(key, {value: value})[value] for key, value in written.items()}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**replaced, "CODIFLUX_TOPIC_PREFIX": topic_prefix, "PATH": path, "TMPDIR": str(tmp_path / "tmp")}

    return build


@pytest.fixture
def working_directory(tmp_path: Path) -> Path:
    """Empty, as a read-only file system leaves it: what a service writes here it could not write there."""
    directory = tmp_path / "read-only"
    directory.mkdir()
    return directory


def run(command: list[str], environment: dict[str, str], directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, cwd=directory, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_topics_service_makes_the_topics_and_may_run_again(
    environment_of: Callable[[str], dict[str, str]], working_directory: Path
) -> None:
    """`up` runs it each time: the second finds all there and ends as well."""
    command = [*CODIFLUX, *SERVICES["topics"]["command"]]
    for _ in range(2):
        done = run(command, environment_of("topics"), working_directory)
        assert done.returncode == 0, done.stderr
    assert list(working_directory.iterdir()) == []


def test_the_model_service_leaves_a_model_alone(
    environment_of: Callable[[str], dict[str, str]], working_directory: Path, small_model: Path
) -> None:
    """The shell line as the engine gives it, `$$` being its way to write `$`."""
    service = SERVICES["model"]
    before = sorted(path.name for path in small_model.iterdir())
    command = [*service["entrypoint"], *(line.replace("$$", "$") for line in service["command"])]
    done = run(command, environment_of("model"), working_directory)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert sorted(path.name for path in small_model.iterdir()) == before


@pytest.mark.parametrize("name", ["worker", "monitor", "archive"])
def test_the_service_gets_healthy_and_stops_on_its_signal(
    name: str, environment_of: Callable[[str], dict[str, str]], working_directory: Path, metrics_port: int
) -> None:
    """By its own health check: every process live and ready; then the end within the grace period."""
    service, environment = SERVICES[name], environment_of(name)
    assert run([*CODIFLUX, *SERVICES["topics"]["command"]], environment, working_directory).returncode == 0
    log = working_directory.parent / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [*CODIFLUX, *service["command"]], env=environment, cwd=working_directory, stderr=output, stdout=output
        )
    try:
        probe = health_check(service, metrics_port)
        deadline = time.monotonic() + READY_SECONDS
        while run(probe, environment, working_directory).returncode != 0:
            assert worker.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(PROBE_PAUSE_SECONDS)
        worker.send_signal(getattr(signal, service["stop_signal"]))
        assert worker.wait(STOP_SECONDS) == 0, log.read_text()
    finally:
        if worker.poll() is None:
            worker.terminate()
            worker.wait(2 * STOP_SECONDS)
    assert list(working_directory.iterdir()) == []
    assert (working_directory.parent / "monitor" / "state.sqlite").is_file() == (name == "monitor")


def health_check(service: dict[str, Any], metrics_port: int) -> list[str]:
    """The service's own probe, at this test's ports."""
    kind, program, *arguments = service["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    written = int(service["environment"]["CODIFLUX_METRICS_PORT"])
    script = arguments[-1]
    last = service["command"][-1]
    for process in range(int(last) if last.isdigit() else 1):
        script = script.replace(str(written + process), str(metrics_port + process))
    return [sys.executable, *arguments[:-1], script]
