"""Who takes part, and how each is started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import psutil
from broker import RoundTopics
from texts import DISTINCT, REPEATING

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OURS_PYTHON = Path(sys.executable)
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
BOTH = (DISTINCT, REPEATING)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
STOP_SECONDS = 15.0
LOG_TAIL_CHARACTERS = 3_000


@dataclass(frozen=True)
class Contender:
    """One way of doing the work.

    Parameters
    ----------
    script
        Under tests/bench; `None` for `codiflux worker`.
    share
        Of the round's messages; slow ones get fewer.
    kafka
        Reads and writes Kafka; the others measure themselves.
    at_once
        Processes without Kafka that do so beside each other, each with all messages: what the machine's
        cores give.
    """

    name: str
    title: str
    script: str | None = None
    arguments: tuple[str, ...] = ()
    python: Path = OURS_PYTHON
    datasets: tuple[str, ...] = BOTH
    share: float = 1.0
    kafka: bool = True
    latency: bool = True
    at_once: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)


CONTENDERS = (
    Contender("raw", "raw fastText predict, k=5", "in_memory.py", ("raw",), share=0.3, kafka=False, latency=False),
    Contender(
        "raw2",
        "raw fastText predict, two at once",
        "in_memory.py",
        ("raw",),
        datasets=(DISTINCT,),
        share=0.3,
        kafka=False,
        latency=False,
        at_once=2,
    ),
    Contender(
        "memory",
        "parse + predict + build, in memory",
        "in_memory.py",
        ("decisions",),
        share=0.3,
        kafka=False,
        latency=False,
    ),
    Contender("relay", "relay of bytes, nothing decided", "relay.py", datasets=()),
    Contender("plain", "plain confluent-kafka loop", "plain_loop.py"),
    Contender("quix", "Quix Streams", "quix_worker.py", python=BENCH_PYTHON),
    Contender("faust", "naive Faust", "naive_faust.py", datasets=(DISTINCT,), share=0.1),
    Contender("ours", "Codiflux, one process"),
    Contender("reasons", "Codiflux, one process, with reasons", environment={"CODIFLUX_EXPLAIN": "true"}),
    Contender(
        "ours2",
        "Codiflux, two processes",
        arguments=("--processes", "2"),
        datasets=(DISTINCT,),
        latency=False,
    ),
)


class Running:
    """A contender at work on the topics of a round; ended on exit, children included."""

    def __init__(self, contender: Contender, topics: RoundTopics, model: Path, log: Path) -> None:
        self._log = log
        environment = {**os.environ, **ONE_THREAD, **contender.environment}
        command = [str(contender.python)]
        servers = topics.settings.kafka_bootstrap_servers
        if contender.script is None:
            environment |= {
                "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": servers,
                "CODIFLUX_TOPIC_PREFIX": topics.prefix,
                "CODIFLUX_MODEL": str(model),
                "CODIFLUX_AUDIT_SHARE": "0",
            }
            command += ["-m", "stream.cli", "worker", *contender.arguments]
        else:
            command += [str(HERE / contender.script), *contender.arguments]
            command += [servers, topics.prefix, f"{topics.prefix}group", str(model)]
        with log.open("wb") as file:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=file, stderr=file)
        self.pid = self._process.pid

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        family = self.family()
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for process in family:
                if process.is_running():
                    process.kill()
            self._process.wait()

    def family(self) -> list[psutil.Process]:
        """The process and its children."""
        try:
            process = psutil.Process(self.pid)
            return [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        """Of the whole family, so far."""
        return sum(p.cpu_times().user + p.cpu_times().system for p in self.family())

    def require_alive(self) -> None:
        """Raise with the end of its log when it has ended."""
        if self._process.poll() is not None:
            raise RuntimeError(f"ended with {self._process.returncode}:\n{self.log_tail()}")

    def log_tail(self) -> str:
        """The end of what it printed."""
        return self._log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]
