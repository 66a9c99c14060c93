"""Where a loaded worker's time goes: py-spy's samples by component, in microseconds a message.

Adds the table to the results file of `run.py` (build/bench.json), or makes one of its own. Needs the
right to trace a child process; the stacks themselves are kept beside it for flame graphs.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import report  # noqa: E402
import results as found  # noqa: E402
from broker import Broker, RoundTopics  # noqa: E402
from contenders import CONTENDERS, Running  # noqa: E402
from rich.console import Console  # noqa: E402
from texts import BOTH_SETS, DISTINCT, messages  # noqa: E402

from stream.starter_model import starter_model  # noqa: E402

SAMPLES_A_SECOND = 250
BEGIN_SHARE = 0.1
"""Sampling begins when this share is decided."""
LOOK_SECONDS = 0.05

COMPONENTS: tuple[tuple[str, str], ...] = (
    ("produce", r"kafka/producer\.py|kafka\.producer"),
    ("acknowledge, metrics", r"worker/(outbox|metrics|breaker)\.py|monitoring/"),
    ("encode, headers", r"\b(encode|cloud_event|passed_through)\b.*(codec|pipeline|headers)|_messages \(.*pipeline"),
    ("reasons", r"\(.*(models/(explanation|contributions)|worker/explaining)\.py"),
    ("decision", r"\(.*models/(decide|policy)\.py"),
    ("hidden vectors", r"\bhidden\b \(.*classifier\.py"),
    ("product, loss, top", r"\(.*models/classifier\.py"),
    ("rejection, rules, normalise, input line", r"\(.*models/(text|features|rejection|rules|nomenclature)\.py"),
    ("cache, candidates", r"\(.*models/(coding|lru)\.py"),
    ("decode", r"\(.*schemas/(codec|formality|instant)\.py|schemas/inputs/|worker/guard\.py|decode_formalities"),
    ("pipeline", r"\(.*worker/pipeline\.py"),
    ("batches from Faust", r"\(.*worker/batching\.py"),
    ("Faust, aiokafka, event loop", r"faust|aiokafka|mode/|asyncio|uvloop|selectors|run\.py"),
)
"""Name and pattern; a sample belongs to the innermost frame that any pattern knows, the first to match it."""


def main() -> int:
    """Profile one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=150_000, help="filings (150,000)")
    parser.add_argument("--seconds", type=int, default=8, help="length of the recording (8)")
    parser.add_argument("--dataset", choices=BOTH_SETS, default=DISTINCT)
    parser.add_argument("--model", type=Path, help="model folder; the starter model by default")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="results file to add to")
    options = parser.parse_args()
    console = Console(stderr=True)
    model = options.model or starter_model(progress=console.print)
    stacks = options.json.with_name("worker.stacks")
    stacks.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="codiflux-profile-") as folder, Broker(Path(folder)) as broker:
        decided = _record(options, broker, model, Path(folder), stacks)
    profile = {"dataset": options.dataset, **_by_component(stacks, decided)}
    results = found.read(options.json) if options.json.exists() else found.empty({"rounds": 0, "messages": 0})
    results["profile"] = profile
    found.save(results, options.json)
    report.show({**results, "throughput": {}, "latency": {}, "memory": None, "failures": []}, report.wide())
    console.print(f"stacks: {stacks}")
    return 0


def _record(options: argparse.Namespace, broker: Broker, model: Path, folder: Path, stacks: Path) -> int:
    """Sample a worker under load; how many it decided meanwhile."""
    (ours,) = [contender for contender in CONTENDERS if contender.name == "ours"]
    with RoundTopics(broker, "profile.") as topics:
        topics.fill(messages(options.dataset, options.messages))
        with Running(ours, topics, model, folder / "worker.log") as running:
            while topics.decided() < options.messages * BEGIN_SHARE:
                running.require_alive()
                time.sleep(LOOK_SECONDS)
            before = topics.decided()
            subprocess.run(
                [
                    *(str(Path(sys.executable).with_name("py-spy")), "record", "--nonblocking", "--threads"),
                    *("--pid", str(running.pid), "--duration", str(options.seconds)),
                    *("--rate", str(SAMPLES_A_SECOND), "--format", "raw", "--output", str(stacks)),
                ],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            after = topics.decided()
    if after >= options.messages:
        raise SystemExit("the worker was through before the recording ended: more --messages or fewer --seconds")
    return after - before


def _by_component(stacks: Path, decided: int) -> dict[str, Any]:
    """Microseconds a message: each sample of a thread that runs stands for one sampling interval."""
    samples: Counter[str] = Counter()
    for line in stacks.read_text(encoding="utf-8").splitlines():
        frames, _, count = line.rpartition(" ")
        samples[_component(frames.split(";"))] += int(count)
    microseconds = {name: count / SAMPLES_A_SECOND / decided * 1e6 for name, count in samples.most_common()}
    return {"decided": decided, "microseconds": microseconds}


def _component(frames: list[str]) -> str:
    for frame in reversed(frames):
        for name, pattern in COMPONENTS:
            if re.search(pattern, frame):
                return name
    return "other"


if __name__ == "__main__":
    sys.exit(main())
