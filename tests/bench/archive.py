"""Measure `codiflux archive` on a real Kafka of the benchmark's own, beside a plain loop.

Prints decisions a second from the first message to the last file, CPU seconds of the whole process
(start and librdkafka's threads included), peak memory and bytes on disk; medians of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from broker import PARTITIONS, Broker, RoundTopics  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from texts import distinct  # noqa: E402

from schemas import topics  # noqa: E402
from schemas.topics import TOPIC_OF_ROUTE  # noqa: E402
from stream.kafka.sender import sender_of  # noqa: E402
from stream.records import Outgoing  # noqa: E402

GOLDEN = ROOT / "tests" / "contract" / "golden" / "v1"
ROUTES = ("auto",) * 8 + ("review",) + ("returned",)
"""Eight of ten without a human, as the starter model has it at its threshold."""
HEADERS = ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "content-type", "traceparent")
progress = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Run:
    """One way's turn."""

    seconds: float
    cpu_seconds: float
    megabytes: float
    files: int
    bytes: int


def main() -> None:
    """Fill once, then each way has its turn in every round."""
    parser = argparse.ArgumentParser(prog="make bench-archive BENCH='...'", description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000, help="default 300,000")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    options = parser.parse_args()
    runs: dict[str, list[Run]] = {"codiflux archive": [], "plain loop": []}
    with tempfile.TemporaryDirectory() as name, Broker(Path(name)) as broker, RoundTopics(broker, "archive.") as made:
        fill(made, options.messages)
        for number in range(options.rounds):
            progress.print(f"round {number + 1} of {options.rounds}")
            folder = Path(name, str(number))
            (folder / "plain").mkdir(parents=True)
            runs["codiflux archive"].append(ours(made, folder, number))
            runs["plain loop"].append(plain(made, broker, folder / "plain", options.messages))
    show(runs, options.messages)


def fill(made: RoundTopics, count: int) -> None:
    """Decisions of some 1,100 bytes with texts of the starter corpus, on the topics of their routes."""
    progress.print(f"writing {count:,} decisions")
    with sender_of(made.settings, lambda _, fate: None, linger_milliseconds=20) as sender:
        for message in decisions(made, count):
            sender.post(message)


def decisions(made: RoundTopics, count: int) -> Iterator[Outgoing]:
    """Golden decisions with ids and texts of their own."""
    bodies = {route: json.loads((GOLDEN / f"decision.{route}.json").read_bytes()) for route in ("auto", "review")}
    bodies["returned"] = bodies["review"] | {"route": "returned", "code": None, "label": None, "candidates": []}
    for number, (_, text) in enumerate(islice(distinct(), count)):
        route = ROUTES[number % len(ROUTES)]
        identity = f"J{number:011d}/A1"
        body = bodies[route] | {"formality_id": identity, "decision_id": f"{number * 2654435761 % 2**128:032x}"}
        body["formality"] = body["formality"] | {"formality_id": identity, "description_activity": text}
        value = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        headers = [(header, b"some twenty-five bytes...") for header in HEADERS]
        yield Outgoing(made.settings.topic(TOPIC_OF_ROUTE[route]), identity.encode(), value, headers)  # type: ignore[arg-type]


def ours(made: RoundTopics, folder: Path, number: int) -> Run:
    """The command as a user runs it."""
    settings = {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": made.settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": made.settings.topic_prefix,
        "CODIFLUX_ARCHIVE_GROUP": f"bench-{number}",
    }
    return measured(["-m", "stream.cli", "archive", "--output", str(folder / "ours"), "--once", "--json"], settings)


def plain(made: RoundTopics, broker: Broker, folder: Path, count: int) -> Run:
    """What anyone would write first."""
    names = ",".join(made.settings.topic(name) for name in (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED))
    script = str(Path(__file__).with_name("plain_archive.py"))
    return measured(
        [script, broker.servers, str(folder), names, str(PARTITIONS), str(count)], {"PYTHONPATH": str(ROOT)}
    )


def measured(command: list[str], settings: dict[str, str]) -> Run:
    """Run a process to its end; what the kernel says it took."""
    process = subprocess.Popen(
        [sys.executable, *command], env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        output = process.stdout.read()
    except BaseException:
        process.kill()
        raise
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    said = json.loads(output.splitlines()[-1])
    cpu = usage.ru_utime + usage.ru_stime
    return Run(said["seconds"], cpu, usage.ru_maxrss / 1000, said["files"], said["bytes"])


def show(runs: dict[str, list[Run]], count: int) -> None:
    """One row a way."""
    table = Table("", "decisions a second", "a CPU second", "peak memory, MB", "files", "bytes a decision")
    for name, found in runs.items():
        rate = median(count / run.seconds for run in found)
        cpu = median(count / run.cpu_seconds for run in found)
        memory = median(run.megabytes for run in found)
        last = found[-1]
        table.add_row(
            name, f"{rate:,.0f}", f"{cpu:,.0f}", f"{memory:,.0f}", str(last.files), f"{last.bytes / count:.0f}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
