"""A real Apache Kafka for the tests that need one: started once a session, topics apart by prefix.

    kafka_bootstrap   "host:port", session-scoped
    topic_prefix      a prefix of the test's own, e.g. "t3f9a1c04."
    kafka_settings    Settings with both, nothing taken from the environment

`CODIFLUX_TEST_KAFKA=host:port` uses a plaintext broker that already runs. Where Kafka cannot be
started the tests are skipped with the reason; under `CI=true` they fail, so that none is silently
left out.
"""

from __future__ import annotations

import csv
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import nomenclature, training
from models.artefact import open_model
from models.evaluation import Example
from models.starter import declarations
from models.training import TrainingSettings
from schemas.formality import CODING_FIELDS
from stream.replay.options import FinishOptions
from stream.settings import PREFIX, Settings
from tests.conftest import missing
from tests.integration.replayed import CODES, DAYS, FILINGS, THRESHOLDS, History, replayed, write_history
from tests.ports import free_block

SCRIPT = Path(__file__).resolve().parents[2] / "infra" / "kafka" / "kafka"
START_SECONDS = 240
"""The first start may fetch Kafka's jars."""
STOP_SECONDS = 60
ATTEMPTS = 3


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Kafka, alive for the session."""
    if running := os.environ.get("CODIFLUX_TEST_KAFKA"):
        yield running
        return
    homes: list[Path] = []
    try:
        yield _start(tmp_path_factory.mktemp("kafka"), homes)
    finally:
        # Also after a start that was interrupted; a broker that never ran stops at once.
        for home in homes:
            _kafka("stop", "--data", str(home), timeout=STOP_SECONDS)


@pytest.fixture
def topic_prefix() -> str:
    """A prefix no other test uses: tests share the broker and never each other's topics."""
    return f"t{uuid.uuid4().hex[:8]}."


@pytest.fixture
def kafka_settings(kafka_bootstrap: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of the test's own broker and prefix; the developer's variables do not reach it."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return Settings(kafka_bootstrap_servers=kafka_bootstrap, topic_prefix=topic_prefix)


def _start(data: Path, homes: list[Path]) -> str:
    """Start a broker and note its home; another port is tried when someone takes the first meanwhile."""
    if not SCRIPT.exists():
        missing(f"{SCRIPT.name}: the start script is not there")
    why = ""
    for _ in range(ATTEMPTS):
        port = free_block()
        home = data / str(port)
        homes.append(home)
        done = _kafka("start", "--data", str(home), "--port", str(port), timeout=START_SECONDS)
        if done.returncode == 0:
            return f"127.0.0.1:{port}"
        why = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
        if "in use" not in why and "bind" not in why:
            break
    return missing(f"no real Kafka: {why}")


def _kafka(*arguments: str, timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(SCRIPT), *arguments], capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Path:
    """Starter filings of the small model's codes, other lines than most it was trained on."""
    codes = open_model(small_model)[1].classifier.codes  # type: ignore[attr-defined]
    lines = [line for line in declarations.declarations() if line.codes[0] in codes]
    path = tmp_path_factory.mktemp("data") / "labelled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*CODING_FIELDS, "code"])
        for example in declarations.examples(lines[:1_500], nomenclature="naf-rev2", seed=1):
            writer.writerow([*(getattr(example.formality, name) for name in CODING_FIELDS), example.code])
    return path


@pytest.fixture(scope="session")
def mixed_examples() -> list[Example]:
    """Filings of ten codes, well mixed."""
    lines = [line for line in declarations.declarations() if line.codes[0] in CODES]
    found = declarations.examples(lines, nomenclature="naf-rev2", seed=5)
    return [found[(place * 389) % len(found)] for place in range(FILINGS)]


@pytest.fixture(scope="session")
def quick_training() -> TrainingSettings:
    """Trains in a second."""
    settings = TrainingSettings(seed=3)
    settings.hyperparameters.update(dim=16, members=2, epoch=12, bucket=50_000, wordNgrams=1, maxn=4)
    return settings


@pytest.fixture(scope="session")
def replayed_history(
    tmp_path_factory: pytest.TempPathFactory,
    small_model: Path,
    mixed_examples: list[Example],
    quick_training: TrainingSettings,
) -> History:
    """A replay of two models under two policies, with labels; not to be changed by tests."""
    folder = tmp_path_factory.mktemp("history")
    filings, labels = write_history(folder, mixed_examples, days=DAYS)
    second = folder / "second"
    table = nomenclature.load("naf-rev2")
    training.train(mixed_examples[::4], nomenclature=table, destination=second, settings=quick_training)
    models = (small_model, second)
    options = FinishOptions(labels=str(labels), label_delay="14d", drift=False)
    replayed(folder / "out", filings, models, THRESHOLDS, options)
    return History(folder / "out", filings, labels, models, mixed_examples)
