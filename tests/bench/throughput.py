"""Messages a second, from the first decisions readable on the output topics to the last."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from broker import Broker, RoundTopics
from contenders import ONE_THREAD, ROOT, Contender, Running
from texts import Filing

STEADY_SHARE = 0.05
"""The clock starts when this share is readable: start-up, joining and the first fetch are over."""
LOOK_SECONDS = 0.25
END_SHARE = 0.95
END_LOOK_SECONDS = 0.05
"""Each look is work for Kafka, beside the contender's: often only where it decides when the clock stops."""
SILENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One contender's round; `cpu_seconds` is of its processes, children included.

    `broker_cpu_seconds` is what Kafka spent meanwhile on the same machine; nothing where none is used.
    """

    messages: int
    seconds: float
    cpu_seconds: float
    broker_cpu_seconds: float | None = None

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.messages / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """Processor time a message."""
        return self.cpu_seconds / self.messages * 1e6

    @property
    def broker_microseconds(self) -> float | None:
        """Kafka's processor time a message."""
        return None if self.broker_cpu_seconds is None else self.broker_cpu_seconds / self.messages * 1e6

    def as_json(self) -> dict[str, Any]:
        """For the results file."""
        return asdict(self) | {
            "per_second": self.rate,
            "cpu_microseconds": self.cpu_microseconds,
            "broker_microseconds": self.broker_microseconds,
        }


def measure(
    contender: Contender, filings: list[Filing], *, broker: Broker, prefix: str, model: Path, folder: Path
) -> Measured:
    """One round of one contender on fresh topics that already hold every filing."""
    if not contender.kafka:
        return _in_memory(contender, filings, model, folder)
    with RoundTopics(broker, prefix) as topics:
        topics.fill(filings)
        with Running(contender, topics, model, folder / f"{prefix}log") as running:
            return _watch(topics, running, broker, len(filings))


def _watch(topics: RoundTopics, running: Running, broker: Broker, expected: int) -> Measured:
    first: tuple[int, float, float, float] | None = None
    before, moved = 0, time.monotonic()
    while True:
        count, now = topics.decided(), time.monotonic()
        if first is None and count >= expected * STEADY_SHARE:
            first = (count, now, running.cpu_seconds(), broker.cpu_seconds())
        if first is not None and count >= expected:
            return Measured(
                count - first[0],
                now - first[1],
                running.cpu_seconds() - first[2],
                broker.cpu_seconds() - first[3],
            )
        if count != before:
            before, moved = count, now
        elif now - moved > SILENCE_SECONDS:
            raise RuntimeError(
                f"stands at {count} of {expected} decisions, {topics.dead_letters()} dead letters\n{running.log_tail()}"
            )
        running.require_alive()
        at_ends = first is None or count >= expected * END_SHARE
        time.sleep(END_LOOK_SECONDS if at_ends else LOOK_SECONDS)


def _in_memory(contender: Contender, filings: list[Filing], model: Path, folder: Path) -> Measured:
    file = folder / "messages.jsonl"
    file.write_bytes(b"\n".join(filing.value for filing in filings))
    command = [str(contender.python), f"tests/bench/{contender.script}", *contender.arguments, str(model), str(file)]
    processes = [
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True)
        for _ in range(contender.at_once)
    ]
    said = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"ended with {[process.returncode for process in processes]}, see above")
    found = [Measured(**json.loads(line)) for line in said]
    return Measured(
        sum(one.messages for one in found), max(one.seconds for one in found), sum(one.cpu_seconds for one in found)
    )
