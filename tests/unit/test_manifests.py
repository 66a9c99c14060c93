"""What infra/kubernetes promises, read from the files: no cluster is needed."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from stream.cli.commands import app
from tests.integration.command_line import codiflux, last_object
from tests.unit.archive.fields import archived, messages, new_store

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = sorted((ROOT / "infra" / "kubernetes").glob("*.yaml"))
GROUP = typer.main.get_command(app)


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and specification of every Job, those that a CronJob makes too."""
    for path in MANIFESTS:
        for document in documents(path):
            spec = document["spec"]
            yield document["metadata"]["name"], spec["jobTemplate"]["spec"] if document["kind"] == "CronJob" else spec


JOBS = dict(jobs())
PODS: dict[str, dict[str, Any]] = {name: job["template"]["spec"] for name, job in JOBS.items()}
CONTAINERS: dict[str, dict[str, Any]] = {
    f"{pod}/{container['name']}": container
    for pod, spec in PODS.items()
    for container in (*spec.get("initContainers", ()), *spec["containers"])
}
every_pod = pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
every_container = pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)


def command_of(container: dict[str, Any]) -> list[str]:
    """What is said to `codiflux`, without the shell that some say it through."""
    if "command" not in container:
        return [str(word) for word in container["args"]]
    line = container["command"][-1].removeprefix("exec ")
    return shlex.split(line)[1:]


@every_pod
def test_a_pod_runs_without_root_and_without_a_token(pod: dict[str, Any]) -> None:
    """The image's own user, who owns the volumes' files too, and no way to the cluster's API."""
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"]
    (user,) = re.findall(r"^USER (\d+)", (ROOT / "infra" / "images" / "Dockerfile").read_text(), re.MULTILINE)
    assert str(pod["securityContext"]["runAsUser"]) == str(pod["securityContext"]["fsGroup"]) == user
    assert pod["restartPolicy"] == "Never"


@every_container
def test_a_container_is_confined(container: dict[str, Any]) -> None:
    """No capability, no way to gain one, nothing to write to but volumes; bounded memory."""
    confined = container["securityContext"]
    assert (confined["allowPrivilegeEscalation"], confined["readOnlyRootFilesystem"]) == (False, True)
    assert confined["capabilities"] == {"drop": ["ALL"]}
    assert "memory" in container["resources"]["limits"]
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}


@every_container
def test_the_image_is_that_of_the_package(container: dict[str, Any]) -> None:
    """One version, in every file that names it."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert container["image"] == f"codiflux:{version}"


@every_container
def test_the_command_exists_with_every_flag(container: dict[str, Any]) -> None:
    """A misspelt one would be found out at night."""
    found: Any = GROUP
    words = command_of(container)
    while words and not words[0].startswith(("-", "/")) and words[0] in getattr(found, "commands", {}):
        found = found.commands[words.pop(0)]
    assert found is not GROUP
    assert {word for word in words if word.startswith("--")} <= {o for p in found.params for o in p.opts}


@every_pod
def test_every_volume_is_mounted_and_every_mount_is_a_volume(pod: dict[str, Any]) -> None:
    """Nothing that a container waits for in vain."""
    mounted = {
        mount["name"]
        for container in (*pod.get("initContainers", ()), *pod["containers"])
        for mount in container["volumeMounts"]
    }
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_a_job_ends_and_is_tidied_away() -> None:
    """Failures are tried again a few times, and what is finished does not stay for ever."""
    for name, job in JOBS.items():
        assert job.get("backoffLimit", job.get("backoffLimitPerIndex")) is not None, name
        assert job["ttlSecondsAfterFinished"] > 0, name


def test_upkeep_comes_once_a_night_and_never_twice_at_once() -> None:
    """Compaction first, the proof after it."""
    [upkeep] = documents(ROOT / "infra" / "kubernetes" / "archive-upkeep.yaml")
    assert (upkeep["kind"], upkeep["spec"]["concurrencyPolicy"]) == ("CronJob", "Forbid")
    assert re.fullmatch(r"\d+ \d+ \* \* \*", upkeep["spec"]["schedule"])
    pod = upkeep["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert [c["args"][:2] for c in (*pod["initContainers"], *pod["containers"])] == [
        ["archive", "compact"],
        ["archive", "verify"],
    ]


def test_the_commands_of_upkeep_keep_an_archive(tmp_path: Path) -> None:
    """As the pod runs them, one after the other: where the archive lies comes from the environment."""
    archived(new_store(tmp_path), *(messages(range(start, start + 10)) for start in range(0, 40, 10)))
    pod = PODS["codiflux-archive-upkeep"]
    done = [
        last_object(codiflux(*container["args"], CODIFLUX_ARCHIVE_OUTPUT=str(tmp_path)))
        for container in (*pod["initContainers"], *pod["containers"])
    ]
    assert (done[0]["files_before"], done[0]["files_after"]) == (4, 1)
    assert done[1]["whole"]
