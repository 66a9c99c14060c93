"""What docker-compose.yml and the Dockerfile promise, read from the files: no engine is needed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from stream.cli.commands import app
from stream.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "infra" / "images" / "Dockerfile"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("codiflux:")}
COMMANDS = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]

every_service = pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)


def dockerfile() -> list[str]:
    """Instructions, one a line."""
    text = re.sub(r"(?m)^\s*#.*\n", "", DOCKERFILE.read_text()).replace("\\\n", " ")
    return [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]


def final_stage() -> list[str]:
    lines = dockerfile()
    return lines[max(i for i, line in enumerate(lines) if line.startswith("FROM ")) :]


def test_the_compose_file_follows_the_compose_specification() -> None:
    """By the JSON Schema that check-jsonschema carries."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_service_of_the_flow_is_there() -> None:
    """The services that the customer named, and the two that prepare their way."""
    named = {"kafka", "redis", "worker", "monitor", "archive", "prometheus", "grafana"}
    assert set(SERVICES) == named | {"topics", "model"}


@every_service
def test_a_service_is_confined(service: dict[str, Any]) -> None:
    """No root, no capability, no way to gain one; bounded memory, processor and processes."""
    assert str(service["user"]).split(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert not service.get("privileged")
    assert service.get("read_only") or service["image"].startswith("apache/kafka:")


@every_service
def test_an_image_is_pinned_to_a_full_version(service: dict[str, Any]) -> None:
    """Two installations a month apart run the same."""
    assert re.search(r":v?\d+\.\d+\.\d+(-[a-z]+)?$", service["image"])


@every_service
def test_a_port_is_open_to_this_machine_alone(service: dict[str, Any]) -> None:
    """What is published is bound to loopback."""
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@every_service
def test_a_service_stands_on_services_that_know_how_to_say_they_are_up(service: dict[str, Any]) -> None:
    """Nobody waits for a health check that does not exist, or for the end of what never ends."""
    for name, wait in service.get("depends_on", {}).items():
        other = SERVICES[name]
        if wait["condition"] == "service_healthy":
            assert "test" in other["healthcheck"]
        if wait["condition"] == "service_completed_successfully":
            assert (other["restart"], other["healthcheck"]) == ("no", {"disable": True})


@every_service
def test_no_secret_is_written_in_the_file(service: dict[str, Any]) -> None:
    """They come from env files that are not committed."""
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|SASL")
    assert [name for name in service.get("environment", {}) if secret.search(name)] == []


@pytest.mark.parametrize("service", OURS.values(), ids=OURS)
def test_the_environment_is_made_of_settings_that_exist(service: dict[str, Any]) -> None:
    """A misspelt CODIFLUX_ variable would be silently without effect."""
    environment = {name: value for name, value in service["environment"].items() if name.startswith(PREFIX)}
    fields = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}
    assert set(fields) <= set(Settings.model_fields)
    Settings(**fields)


def test_a_command_that_is_still_to_come_is_not_started() -> None:
    """A service has the profile `later` exactly while its command does not exist."""
    first_words = {name: service["command"][0] for name, service in OURS.items() if name != "model"}
    for name, command in first_words.items():
        waits = SERVICES[name].get("profiles") == ["later"]
        assert waits == (command not in COMMANDS), f"{name}: is `codiflux {command}` there or not?"


def test_the_model_service_trains_only_where_there_is_no_model() -> None:
    """Shell, with the command and its flags as they are."""
    (line,) = SERVICES["model"]["command"]
    line = line.replace("$$", "$")
    assert line.startswith('test -e "$CODIFLUX_MODEL" || exec codiflux train')
    words = shlex.split(line.split("exec codiflux ")[1])
    train = typer.main.get_command(app).commands[words[0]]  # type: ignore[attr-defined]
    flags = {option for parameter in train.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= flags


def test_prometheus_reads_each_process_of_the_worker() -> None:
    """Processes take the metrics port and those after it; health check and Prometheus know them all."""
    worker = SERVICES["worker"]
    first, count = int(worker["environment"]["CODIFLUX_METRICS_PORT"]), int(worker["command"][-1])
    ports = set(range(first, first + count))
    scraped = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())["scrape_configs"]
    (job,) = (job for job in scraped if job["job_name"] == "codiflux-worker")
    assert {entry["port"] for entry in job["dns_sd_configs"]} == ports
    assert all(entry["names"] == ["worker"] for entry in job["dns_sd_configs"])
    assert set(map(int, re.findall(r"\b91\d\d\b", worker["healthcheck"]["test"][-1]))) == ports


def test_the_image_has_the_version_of_the_package() -> None:
    """One version, in three files."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {service["image"] for service in OURS.values()} == {f"codiflux:{version}"}
    assert f"ARG VERSION={version}" in dockerfile()


def test_the_image_runs_without_root_and_stops_on_sigterm() -> None:
    """A user by number (Kubernetes asks for it), the same as in the compose file."""
    stage = final_stage()
    user = next(line for line in stage if line.startswith("USER ")).removeprefix("USER ")
    assert {service["user"] for service in OURS.values()} == {user}
    assert 'ENTRYPOINT ["codiflux"]' in stage
    assert "STOPSIGNAL SIGTERM" in stage
    assert any(line.startswith("HEALTHCHECK ") for line in stage)


def test_the_image_takes_nothing_that_no_hash_was_checked_of() -> None:
    """Each pip line has --require-hashes, or installs our own source and nothing with it."""
    pips = [part for line in dockerfile() for part in line.split("&&") if " install " in part and "pip" in part]
    assert len(pips) == 2
    assert all("--require-hashes" in part or "--no-deps --no-build-isolation ." in part for part in pips)
    assert not any("apt-get" in line for line in final_stage())


def test_the_image_copies_only_what_is_sent_to_the_engine() -> None:
    """The ignore file lets every source of a COPY through, and all of the packages are copied."""
    ignore = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    copies = [line.split()[1:-1] for line in dockerfile() if line.startswith("COPY ") and "--from" not in line]
    sources = {source for copy in copies for source in copy}
    assert {"schemas", "models", "monitoring", "stream"} <= sources
    for source in sources:
        assert (ROOT / source).exists()
        assert f"!{source}" in ignore or f"!{source}/" in ignore or f"!{Path(source).parent}/" in ignore


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    """Where hadolint is: it is in the development lock for x86_64."""
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("no hadolint for this machine")
    done = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
