"""What several kinds of tests share: a small model, and a broker that may be restarted.

small_model   folder of an artefact trained on a few dozen classes, in a second or two
own_kafka     a real Apache Kafka of this session that tests may restart and kill
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests.ports import free_block

SMALL_CLASSES = 40
LINES_OF_A_CLASS = 12
SCRIPT = Path(__file__).resolve().parents[1] / "infra" / "kafka" / "kafka"
START_SECONDS = 240
"""The first start may fetch Kafka's jars."""


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real artefact, small enough to train in every session."""
    from models import nomenclature, training
    from models.starter import declarations
    from monitoring.noise_floor import floors

    chosen: dict[str, list[declarations.Declaration]] = {}
    for declaration in declarations.declarations():
        lines = chosen.setdefault(declaration.codes[0], [])
        if len(lines) < LINES_OF_A_CLASS:
            lines.append(declaration)
    kept = [line for code in sorted(chosen)[:: max(1, len(chosen) // SMALL_CLASSES)] for line in chosen[code]]
    destination = tmp_path_factory.mktemp("small") / "model"
    settings = training.TrainingSettings()
    settings.hyperparameters.update(dim=16, members=2, epoch=15, bucket=50_000)
    training.train(
        declarations.examples(kept, nomenclature="naf-rev2", seed=1),
        nomenclature=nomenclature.load("naf-rev2"),
        destination=destination,
        settings=settings,
        floors=floors,
    )
    return destination


@dataclass(frozen=True)
class OwnKafka:
    """A single real broker and its script; `data` also holds the certificates of a secured one."""

    bootstrap: str
    data: Path

    def run(self, command: str, *options: str, **environment: str) -> None:
        """One command of the script on this broker."""
        done = subprocess.run(
            [str(SCRIPT), command, "--data", str(self.data), *options],
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
            env=os.environ | environment,
        )
        if done.returncode != 0:
            missing(f"kafka {command}: {(done.stderr.strip() or 'no word').splitlines()[-1]}")

    def restart(self) -> None:
        """End it in order and start it on the same data."""
        self.run("restart")

    def crash(self) -> None:
        """End it with SIGKILL and start it on the same data."""
        self.run("kill")
        self.run("start")


@pytest.fixture(scope="session")
def own_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnKafka]:
    """A real Kafka that the tests may end and start; topics of a test are apart by prefix."""
    yield from started_kafka(tmp_path_factory.mktemp("own-kafka"))


def started_kafka(folder: Path, *options: str, **environment: str) -> Iterator[OwnKafka]:
    """Start a broker in a folder; it is stopped when the generator closes."""
    port = free_block()
    kafka = OwnKafka(f"127.0.0.1:{port}", folder / "kafka")
    try:
        kafka.run("start", "--port", str(port), *options, **environment)
        yield kafka
    finally:
        if kafka.data.exists():
            subprocess.run(
                [str(SCRIPT), "stop", "--data", str(kafka.data)], capture_output=True, timeout=60, check=False
            )


def missing(reason: str) -> NoReturn:
    """Skip for want of a real part; under `CI=true` fail, so that nothing is silently left out."""
    if os.environ.get("CI", "").lower() in {"true", "1"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
