"""A worker and a monitor on a real Kafka, a Prometheus that scrapes them, and traffic that shows everything."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.starter.declarations import declarations
from schemas.label import LabelOrigin
from schemas.topics import LABELLED
from stream.simulation.filings import Shares, filings
from tests.contract.stage import AUDIT, REVIEW, Broker, Stage, until
from tests.dashboards.prometheus import Prometheus, run

ENVIRONMENT = "stand"
WRONG_SHARE = 0.15
PATIENCE = 120.0
"""Seconds that two processes may take to start beside others."""
NEW_TRADE = ("livraison de colis par drone", "pilotage de drones", "reparation de drones")
"""What nobody filed at training: a drift of words, sections and confidence."""


@dataclass(frozen=True)
class Windows:
    """Lengths of the monitor's windows, in filings: short ones for a test, longer ones for a picture."""

    short: int
    long: int
    baseline: int


@dataclass
class Stand:
    """What runs, and what was sent."""

    stage: Stage
    prometheus: Prometheus
    began: float
    folder: Path
    simulated: Iterator[Any] = field(default_factory=lambda: filings(1, Shares(oversize=0.0), declarations()))
    labelled: set[str] = field(default_factory=set)

    def as_usual(self, count: int) -> None:
        """Send simulated filings, some of them malformed."""
        self.stage.send((message.key, message.value) for message in itertools.islice(self.simulated, count))

    def new_trade(self, count: int, *, start: int) -> None:
        """Send filings of a trade that the model has not seen."""
        self.stage.send(_of_new_trade(range(start, start + count)))

    def label(self, *, seed: int) -> int:
        """Humans code what is in review and in the audit and has no label yet; some find another code."""
        chance = random.Random(seed)
        found = [(d, o) for t, o in ((REVIEW, LabelOrigin.REVIEW), (AUDIT, LabelOrigin.AUDIT)) for d in self._new(t)]
        codes = sorted({d["code"] for d, _ in found if d["code"]})
        self.stage.send(_labels(found, codes, chance), topic=LABELLED)
        return len(found)

    def _new(self, topic: str) -> list[dict[str, Any]]:
        decisions = [d for d in self.stage.decisions(topic) if d["decision_id"] not in self.labelled]
        self.labelled |= {d["decision_id"] for d in decisions}
        return decisions[: -max(1, len(decisions) // 10)]

    def value(self, query: str) -> float:
        """Of an instant query with one answer; 0 where there is none."""
        found = self.prometheus.now(query, time.time())
        return found[0].points[0][1] if found and found[0].points else 0.0


def _of_new_trade(numbers: Iterable[int]) -> Iterator[tuple[str, bytes]]:
    for number in numbers:
        identity = f"drone-{number:06d}"
        body = {
            "formality_id": identity,
            "description_activity": NEW_TRADE[number % len(NEW_TRADE)].upper(),
            "nature": "26",
            "received_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        yield identity, json.dumps(body).encode()


def _labels(
    found: Iterable[tuple[dict[str, Any], LabelOrigin]], codes: list[str], chance: random.Random
) -> Iterator[tuple[str, bytes]]:
    for decision, origin in found:
        wrong = chance.random() < WRONG_SHARE
        label = {
            "formality_id": decision["formality_id"],
            "decision_id": decision["decision_id"],
            "code": chance.choice(codes) if wrong or not decision["code"] else decision["code"],
            "nomenclature": decision["nomenclature"],
            "origin": origin.value,
            "labelled_by": "agent-1",
            "labelled_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        yield decision["formality_id"], json.dumps(label).encode()


@contextmanager
def standing(
    bootstrap: str, model: Path, folder: Path, *, prefix: str, ports: int, windows: Windows, redis_url: str
) -> Iterator[Stand]:
    """Start everything, and stop it.

    Parameters
    ----------
    ports
        The first of three free ones: worker, monitor, Prometheus.
    redis_url
        One that nobody listens at shows how the worker goes on without.
    """
    stage = Stage(Broker("real", bootstrap), prefix, model, folder)
    data = folder / "prometheus"
    every = 2
    try:
        worker = stage.worker(metrics_port=ports, audit_share=0.2, redis_url=redis_url)
        monitor = stage.worker(
            command=["-m", "stream.cli", "monitor"],
            metrics_port=ports + 1,
            monitor_state=folder / "monitor.sqlite",
            monitor_short_window_filings=windows.short,
            monitor_long_window_filings=windows.long,
            monitor_baseline_filings=windows.baseline,
        )
        targets = ["--worker", f"127.0.0.1:{ports}", "--monitor", f"127.0.0.1:{ports + 1}"]
        options = [*targets, "--environment", ENVIRONMENT, "--every", str(every), "--port", str(ports + 2)]
        done = run("start", data, *options)
        assert done.returncode == 0, done.stderr
        until(lambda: "worker_started" in worker.text(), f"the worker starts\n{worker.text()[-500:]}", seconds=PATIENCE)
        stand = Stand(stage, Prometheus(ports + 2, every), time.time(), folder)

        def scraped() -> bool:
            assert monitor.process.poll() is None, f"the monitor ended:\n{monitor.text()[-3000:]}"
            return stand.value('sum(up{job=~"codiflux.+"})') == 2

        until(scraped, "both are scraped", seconds=PATIENCE)
        stand.began = time.time()
        yield stand
        assert monitor.process.poll() is None, f"the monitor ended:\n{monitor.text()[-3000:]}"
    finally:
        run("stop", data)
        stage.close()
