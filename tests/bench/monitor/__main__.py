"""Measure the monitor: its rate on one core beside a plain loop, and its memory over millions of messages.

python -m tests.bench.monitor --model MODEL --filings 200000 --messages 5000000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from schemas.decision import Decision
from stream.cli.output import progress_bar
from stream.kafka.sender import sender_of
from stream.monitor.text_measures import CACHE_ENTRIES
from stream.settings import Settings, read_settings
from stream.topics import create_topics
from tests.bench.monitor.memory import memory
from tests.bench.monitor.stream import decided, messages_of, open_for, outgoing
from tests.bench.texts import BOTH_SETS
from tests.ports import free_block

SCRIPT = Path(__file__).resolve().parents[3] / "infra" / "kafka" / "kafka"
WANTED_RATIO, WANTED_RATE, WANTED_MEGABYTES = 0.3, 20_000, 400
POOL = CACHE_ENTRIES + 10_000
"""Filings that the memory run repeats: more texts than the monitor remembers, so that every cache is full."""


def throughput(settings: Settings, dataset: str, filings: int, rounds: int) -> dict[str, Any]:
    """Both ways of reading the same topics, turn by turn: texts that are all different, or that repeat."""
    create_topics(settings, partitions=4, replication=1)
    deciding = open_for(settings)
    refused: list[str] = []
    texts: set[str | None] = set()
    with (
        progress_bar("decisions written", filings) as bar,
        sender_of(
            settings, lambda _, fate: refused.append(fate.error) if fate.error else None, linger_milliseconds=20
        ) as to,
    ):
        for message in outgoing(messages_of(_noted(decided(dataset, filings, deciding), texts)), settings):
            to.post(message)
            bar.advance(0)
    if refused:
        raise SystemExit(f"the broker did not take the decisions: {refused[0]}")
    repeats = 1.0 - len(texts) / filings
    print(f"{dataset}: {repeats:.0%} of the texts were filed before", file=sys.stderr)
    found: dict[str, list[dict[str, float]]] = {"plain": [], "monitor": []}
    for _ in range(rounds):
        for way, figures in found.items():
            figures.append(_read(way, settings))
            print(way, {name: round(value, 2) for name, value in figures[-1].items()}, file=sys.stderr)
    ratios = [
        (plain["cpu_seconds"] / plain["messages"]) / (own["cpu_seconds"] / own["messages"])
        for plain, own in zip(found["plain"], found["monitor"], strict=True)
    ]
    rate = {way: statistics.median(f["messages"] / f["cpu_seconds"] for f in figures) for way, figures in found.items()}
    return {
        "texts_filed_before_share": round(repeats, 3),
        "messages": found["plain"][0]["messages"],
        "a_second_of_cpu": rate,
        "ratio": statistics.median(ratios),
    }


def _noted(decisions: Iterator[Decision], texts: set[str | None]) -> Iterator[Decision]:
    for made in decisions:
        texts.add(made.formality.description_activity)
        yield made


def _read(way: str, settings: Settings) -> dict[str, float]:
    environment = {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": settings.topic_prefix,
        "CODIFLUX_MODEL": str(settings.model),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.monitor.reading", way],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        check=True,
        timeout=3_600,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """A Kafka of the benchmark's own, or the one that runs already."""
    if running := os.environ.get("CODIFLUX_TEST_KAFKA"):
        yield running
        return
    port = free_block()
    data = str(folder / "kafka")
    try:
        subprocess.run([SCRIPT, "start", "--data", data, "--port", str(port)], check=True, stdout=subprocess.DEVNULL)
        yield f"127.0.0.1:{port}"
    finally:
        subprocess.run([SCRIPT, "stop", "--data", data], check=False, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure and print; exit code 1 where a figure is not reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--filings", type=int, default=200_000)
    parser.add_argument("--messages", type=int, default=5_000_000)
    parser.add_argument("--pool", type=int, default=POOL)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder)) as servers:

        def settings_of(name: str) -> Settings:
            prefix = f"bench{int(time.time())}-{name}."
            return read_settings(kafka_bootstrap_servers=servers, topic_prefix=prefix, model=arguments.model)

        for dataset in BOTH_SETS if arguments.filings else ():
            found[dataset] = throughput(settings_of(dataset), dataset, arguments.filings, arguments.rounds)
        if arguments.messages:
            found["memory"] = memory(settings_of("memory"), arguments.messages, arguments.pool, Path(folder))
    print(json.dumps(found, indent=1))
    sys.exit(0 if reached(found) else 1)


def reached(found: dict[str, Any]) -> bool:
    """Whether the figures asked for are there."""
    speeds, space = [found[dataset] for dataset in BOTH_SETS if dataset in found], found.get("memory")
    fast = all(s["ratio"] >= WANTED_RATIO and s["a_second_of_cpu"]["monitor"] >= WANTED_RATE for s in speeds)
    small = space is None or space["peak_megabytes"] <= WANTED_MEGABYTES
    print(f"fast enough: {fast}; small enough: {small}", file=sys.stderr)
    return fast and small


if __name__ == "__main__":
    main()
