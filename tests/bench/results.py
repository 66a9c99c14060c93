"""What a run found: kept as JSON, from which tables and documents are made."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from contenders import BENCH_PYTHON, ROOT
from latency import Latency
from memory import Memory
from throughput import Measured

Results = dict[str, Any]


def empty(options: dict[str, Any]) -> Results:
    """A results file before the first measurement: what runs, where, on what."""
    return {
        "options": options,
        "machine": _machine(),
        "versions": _versions(),
        "throughput": {},
        "latency": {},
        "memory": None,
        "failures": [],
    }


def add_throughput(results: Results, dataset: str, name: str, measured: Measured) -> None:
    """Note one round; the contender's medians are made anew."""
    entry = results["throughput"].setdefault(dataset, {}).setdefault(name, {"rounds": []})
    entry["rounds"].append(measured.as_json())
    for key in ("per_second", "cpu_microseconds"):
        entry[key] = median(one[key] for one in entry["rounds"])
    if measured.broker_cpu_seconds is not None:
        entry["broker_microseconds"] = median(one["broker_microseconds"] for one in entry["rounds"])


def add_latency(results: Results, name: str, latency: Latency) -> None:
    """Note one round of latencies."""
    entry = results["latency"].setdefault(name, {"rounds": []})
    entry["rounds"].append(asdict(latency))
    for key in ("p50", "p99", "longest"):
        entry[key] = median(one[key] for one in entry["rounds"])


def set_memory(results: Results, memory: Memory) -> None:
    """Note the long run; every twentieth point of its curve."""
    results["memory"] = asdict(memory) | {
        "drift": memory.drift,
        "per_second": memory.filings / memory.seconds,
        "curve": memory.curve[::20],
    }


def save(results: Results, path: Path) -> None:
    """Write the file; after each round, so that an interrupted run leaves what it had."""
    results["machine"]["load_average_at_end"] = os.getloadavg()[0]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Results:
    """An earlier run's file."""
    found: Results = json.loads(path.read_text(encoding="utf-8"))
    return found


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "load_average_at_start": os.getloadavg()[0],
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _versions() -> dict[str, str]:
    ours = {name: version(name) for name in ("codiflux", "faust-streaming", "aiokafka", "confluent-kafka", "numpy")}
    theirs = ""
    if BENCH_PYTHON.exists():
        code = "from importlib.metadata import version as v; print(v('quixstreams'), v('confluent-kafka'))"
        done = subprocess.run([str(BENCH_PYTHON), "-c", code], capture_output=True, text=True, check=False)
        theirs = done.stdout.strip()
    quix, _, confluent = theirs.partition(" ")
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "python": platform.python_version(),
        **ours,
        "fasttext-numpy2": version("fasttext-numpy2"),
        "quixstreams": quix,
        "confluent-kafka of quixstreams": confluent,
        "commit": commit.stdout.strip(),
    }
