"""The worker as a process: how it starts, refuses, answers its probes and ends."""

from __future__ import annotations

import shutil
import signal
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import OwnKafka, started_kafka
from tests.contract.stage import PATIENCE_SECONDS, Broker, Stage, Worker, until
from tests.ports import free_block

PASSWORD = "a password, for tests"


def answer(port: int, path: str) -> tuple[int, str]:
    """Status and body of a probe; status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except (urllib.error.URLError, OSError):
        return 0, ""


def listening(worker: Worker) -> set[tuple[str, int]]:
    """Addresses the process listens on."""
    found = psutil.Process(worker.process.pid).net_connections(kind="inet")
    return {(c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN}


def test_no_port_is_opened_unless_asked_for(stage: Stage) -> None:
    """A worker without CODIFLUX_METRICS_PORT listens nowhere."""
    assert listening(stage.worker().until_ready()) == set()


def test_the_metrics_port_is_on_loopback_and_serves_metrics_and_probes(stage: Stage) -> None:
    """/metrics, /live and /ready answer on 127.0.0.1, and there only."""
    port = free_block()
    stage.send_filings(100)
    worker = stage.worker(metrics_port=port).until_ready()
    stage.until_through()
    assert listening(worker) == {("127.0.0.1", port)}
    until(lambda: answer(port, "/ready")[0] == 200, "the worker is ready")
    assert answer(port, "/live") == (200, "ok\n")
    assert answer(port, "/elsewhere")[0] == 404
    counted = [line for line in answer(port, "/metrics")[1].splitlines() if line.startswith("codiflux_")]
    assert any("codiflux_filings_total" in line for line in counted), counted[:20]
    assert "codiflux_live 1.0" in counted


def test_an_open_breaker_can_be_scraped_and_the_waiting_process_commits_nothing(stage: Stage) -> None:
    """An alert can know why a worker ended; SIGTERM does not wait for the scrape."""
    port = free_block()
    stage.send(((f"g-{n}", b"garbage %d" % n) for n in range(200)), partition=1)
    # The breaker may open before the worker has said that it started.
    worker = stage.worker(dead_letter_max_consecutive=50, batch_size=100, metrics_port=port, breaker_linger_seconds=300)
    until(lambda: "codiflux_breaker_open 1.0" in answer(port, "/metrics")[1], "the open breaker is exposed")
    assert worker.process.poll() is None
    assert stage.committed() == dict.fromkeys(range(stage.partitions), 0)
    assert worker.stop() == -signal.SIGTERM


@pytest.mark.parametrize("moment", ["before", "after"])
def test_sigint_ends_a_worker_without_a_traceback(stage: Stage, moment: str) -> None:
    """Ctrl-C while it starts or when it runs: exit code 0 within ten seconds, no traceback."""
    worker = stage.worker()
    if moment == "after":
        worker.until_ready()
    else:
        until(lambda: "BatchConsumer" in worker.text() or "worker_started" in worker.text(), "it begins to start")
    worker.signal(signal.SIGINT)
    assert worker.ended(10) == 0
    assert "Traceback" not in worker.text()


def test_sigterm_ends_a_worker_that_cannot_join_its_group(stage: Stage, embedded_cannot: object) -> None:
    """A session timeout below the broker's least: the join never succeeds, SIGTERM still ends it."""
    embedded_cannot("the embedded broker takes any session timeout")  # type: ignore[operator]
    worker = stage.worker(session_timeout_seconds=1)
    # The embedded one never says so: there is no need to wait for it long.
    patience = 5 if stage.broker.kind == "embedded" else PATIENCE_SECONDS
    until(lambda: "InvalidSessionTimeoutError" in worker.text(), "the broker refuses the join", seconds=patience)
    assert "worker_started" not in worker.text()
    assert worker.stop() == 0


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_broker_that_is_not_there_is_one_line_and_exit_69_within_ten_seconds(
    processes: str, small_model: Path, tmp_path: Path
) -> None:
    """Nothing listens: the line names the address and the variable, and no process is started for nothing."""
    port = free_block()
    stage = _nowhere(port, small_model, tmp_path)
    started = time.monotonic()
    worker = Worker(["-m", "stream.cli", "worker", "--processes", processes], stage, tmp_path / "log")
    try:
        assert worker.ended(10) == 69
    finally:
        worker.signal(signal.SIGTERM)
    assert time.monotonic() - started < 10
    (line,) = worker.text().strip().splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS" in line


@pytest.mark.parametrize("processes", ["1", "2"])
def test_topics_that_are_not_there_are_one_line_and_exit_69(
    processes: str, stage: Stage, embedded_cannot: Callable[[str], None]
) -> None:
    """A prefix nobody made topics for: the line names the command that makes them."""
    embedded_cannot("the embedded broker makes topics when they are named")
    assert stage.broker.kind == "real"
    worker = stage.worker(command=["-m", "stream.cli", "worker", "--processes", processes], topic_prefix="nobody.")
    assert worker.ended(10) == 69
    (line,) = worker.text().strip().splitlines()
    assert "codiflux topics create" in line


def _nowhere(port: int, model: Path, folder: Path) -> dict[str, str]:
    import os

    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CODIFLUX_")}
    return inherited | {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
        "CODIFLUX_MODEL": str(model),
    }


@pytest.mark.parametrize("name", ["model.bin", "manifest.json", "rules.parquet"])
def test_a_tampered_model_is_refused_naming_the_file(stage: Stage, tmp_path: Path, name: str) -> None:
    """One changed byte, exit code 1, one line with the file's name; nothing is consumed."""
    model = tmp_path / "model"
    shutil.copytree(stage.model, model)
    content = bytearray((model / name).read_bytes())
    content[len(content) // 2] ^= 1
    (model / name).chmod(0o644)
    (model / name).write_bytes(content)
    worker = stage.worker(model=model)
    assert worker.ended(15) == 1
    (line,) = [line for line in worker.text().splitlines() if "error" in line]
    assert name in line
    assert "Traceback" not in worker.text()


def test_a_missing_model_is_refused_naming_the_folder(stage: Stage, tmp_path: Path) -> None:
    """Exit code 1 and one line."""
    worker = stage.worker(model=tmp_path / "nowhere")
    assert worker.ended(15) == 1
    assert "nowhere" in worker.text()
    assert "Traceback" not in worker.text()


@pytest.fixture(scope="module")
def secured_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnKafka]:
    """A broker whose client port speaks SASL/PLAIN over TLS."""
    folder = tmp_path_factory.mktemp("secured-kafka")
    yield from started_kafka(folder, "--security", "sasl_ssl", CODIFLUX_KAFKA_PASSWORD=PASSWORD)


def _secured(kafka: OwnKafka, password: str) -> Broker:
    ca = kafka.data / "tls" / "ca.pem"
    return Broker(
        "real",
        kafka.bootstrap,
        {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "codiflux",
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(ca),
        },
        {
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_sasl_username": "codiflux",
            "kafka_sasl_password": password,
            "kafka_ssl_ca_file": ca,
        },
    )


@pytest.mark.kafka
def test_both_client_libraries_speak_sasl_and_tls(secured_kafka: OwnKafka, small_model: Path, tmp_path: Path) -> None:
    """Read by Faust's client, written by librdkafka, both with a password over TLS; the password is not logged."""
    stage = Stage(_secured(secured_kafka, PASSWORD), f"t{uuid.uuid4().hex[:8]}.", small_model, tmp_path)
    try:
        stage.send_filings(200)
        worker = stage.worker().until_ready()
        stage.until_through()
        assert len(stage.decisions()) == 200
        assert PASSWORD not in worker.text()
        wrong = stage.worker(kafka_sasl_password="wrong")
        assert wrong.ended(10) == 69
        assert "CODIFLUX_KAFKA_SASL" in wrong.text()
        assert "Traceback" not in wrong.text()
    finally:
        stage.close()
