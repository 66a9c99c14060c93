"""Measure `codiflux replay` on a history, from Parquet and from a real Kafka, beside plain ways of doing the same.

Each figure is a process of its own, measured from outside: wall time, processor time and peak memory,
its start and the opening of its models included. Contenders take turns, round by round; medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402
import replay_data  # noqa: E402
from broker import Broker, RoundTopics  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402
from texts import BOTH_SETS, DISTINCT, REPEATING  # noqa: E402

from models import artefact  # noqa: E402
from stream.settings import Settings  # noqa: E402
from stream.starter_model import starter_model  # noqa: E402

PLAIN = Path(__file__).with_name("replay_plain.py")
TWENTY = [f"{number / 20:g}" for number in range(1, 21)]
LABELS = "labels"
TWICE = "raw predict twice at once"
"""What the machine's two cores give: two processes that share nothing."""
REPORT = {"report_bytes": 1e3, "report_seconds": 1.0}
SAMPLE_SECONDS = 0.25
FULL_SAMPLE = 4
"""Samples from one in which shared pages are told apart to the next."""
progress = Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> int:
    """Prints a table, and the figures as one JSON object on the last line."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="codiflux-bench-") as name:
        folder = Path(name)
        model = options.model or starter_model(progress=progress.print)
        models = [model, *(_sibling(model, folder / f"model-{number}", number) for number in (2, 3))]
        tables = {name: folder / f"{name}.parquet" for name in (*BOTH_SETS, LABELS)}
        for dataset in BOTH_SETS:
            progress.print(f"writing {options.filings} filings, {dataset}")
            replay_data.write(dataset, options.filings, tables[dataset])
        replay_data.write_labels(REPEATING, options.filings, tables[LABELS])
        found: dict[str, list[dict[str, float]]] = {}
        cases = [case for case in _cases(options, models, tables) if _chosen(options, case[0])]
        with _kafka(folder, options, needed=any("Kafka" in name for name, _, _ in cases)) as settings:
            for number in range(options.rounds):
                for case, command, rows in cases:
                    # An output each: the plain contenders write a file, a replay a folder.
                    output = folder / f"out-{number}-{len(found)}"
                    at_once = 2 if TWICE in case else 1
                    found.setdefault(case, []).append(_measured(command, output, rows, settings, at_once=at_once))
                    progress.print(f"round {number + 1}: {case}: {found[case][-1]}")
                    shutil.rmtree(output, ignore_errors=True)
    _show(found)
    print(json.dumps({"filings": options.filings, "cases": found}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-replay BENCH='...'", description=__doc__)
    parser.add_argument("--filings", type=int, default=1_000_000, help="default 1,000,000")
    parser.add_argument("--plain", type=int, default=50_000, help="rows of the plain contenders, which are slow")
    parser.add_argument("--rounds", type=int, default=2, help="default 2: some ten minutes for a million")
    parser.add_argument("--only", action="append", metavar="TEXT", help="cases with this in their name; again for more")
    parser.add_argument("--model", type=Path, help="default: the starter model")
    return parser.parse_args()


def _chosen(options: argparse.Namespace, case: str) -> bool:
    """Whether a case is wanted; what all are held against always is."""
    return not options.only or case.startswith("raw predict,") or any(text in case for text in options.only)


@contextmanager
def _kafka(folder: Path, options: argparse.Namespace, *, needed: bool) -> Iterator[Settings]:
    """Settings of a broker that holds the repeating filings; of none where no case needs one."""
    if not needed:
        yield Settings(kafka_bootstrap_servers="127.0.0.1:1")
        return
    with Broker(folder) as broker, RoundTopics(broker, "replay.") as topics:
        progress.print("filling Kafka")
        topics.fill(replay_data.messages(REPEATING, options.filings))
        yield topics.settings


def _cases(
    options: argparse.Namespace, models: Sequence[Path], tables: dict[str, Path]
) -> list[tuple[str, list[str], int]]:
    one, three = _flags(models[:1], ["0.8"]), _flags(models, TWENTY)
    twenty = _flags(models[:1], TWENTY)
    whole = [sys.executable, "-m", "stream.cli", "replay"]
    # Labels and drift have a case of their own: what follows the decisions is much the same in all.
    replay = [*whole, "--no-drift"]
    cases = []
    for dataset in BOTH_SETS:
        file = [*replay, "--from-file", str(tables[dataset])]
        plain = [str(models[0]), str(tables[dataset]), str(min(options.plain, options.filings))]
        count = min(options.plain, options.filings)
        cases.append((f"raw predict, {dataset}", [sys.executable, str(PLAIN), "raw", *plain], count))
        cases.append((f"{TWICE}, {dataset}", [sys.executable, str(PLAIN), "raw", *plain], count))
        cases.append((f"Parquet, {dataset}", [*file, *one], options.filings))
        cases.append((f"Parquet, {dataset}, 2 processes", [*file, *one, "--processes", "2"], options.filings))
    file = [*replay, "--from-file", str(tables[REPEATING])]
    kafka = [*replay, "--from-kafka"]
    cases += [
        ("Parquet, repeating, 20 policies", [*file, *twenty], options.filings),
        ("Parquet, repeating, 3 models x 20 policies", [*file, *three], options.filings),
        (
            "Parquet, repeating, 3 models x 20 policies, 2 processes",
            [*file, *three, "--processes", "2"],
            options.filings,
        ),
        (
            "Parquet, repeating, labels and drift",
            [*whole, "--from-file", str(tables[REPEATING]), *one, "--labels", str(tables[LABELS])],
            options.filings,
        ),
        ("Kafka, repeating", [*kafka, *one], options.filings),
        ("Kafka, repeating, 2 processes", [*kafka, *one, "--processes", "2"], options.filings),
        ("Kafka, repeating, 3 models x 20 policies", [*kafka, *three], options.filings),
    ]
    for what in ("pandas", "duckdb"):
        plain = [str(models[0]), str(tables[REPEATING]), str(min(options.plain, options.filings))]
        count = min(options.plain, options.filings)
        cases.append((f"{what}, repeating", [sys.executable, str(PLAIN), what, *plain], count))
    return cases


def _flags(models: Sequence[Path], thresholds: Sequence[str]) -> list[str]:
    flags = [text for model in models for text in ("--model", str(model))]
    return flags + [text for threshold in thresholds for text in ("--threshold", threshold)]


def _sibling(model: Path, folder: Path, number: int) -> Path:
    """The same weights under another version: as much work as another model, and no training."""
    folder.mkdir()
    manifest = artefact.read_manifest(model)
    for name in manifest.files:
        os.link(model / name, folder / name)
    artefact.seal(folder, manifest.model_copy(update={"default_threshold": manifest.default_threshold + number / 1e6}))
    return folder


def _measured(command: Sequence[str], output: Path, rows: int, settings: Settings, *, at_once: int) -> dict[str, float]:
    """One case; memory is that of the first of the processes that are started at once."""
    plain = str(PLAIN) in command
    environment = os.environ | {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": settings.topic_prefix,
        "OMP_NUM_THREADS": "1",
    }
    started = time.perf_counter()
    ending = [str(output)] if plain else ["--output", str(output)]
    before = os.times()
    children = [
        subprocess.Popen([*command, *ending], stdout=subprocess.PIPE, env=environment, cwd=ROOT) for _ in range(at_once)
    ]
    peak = _Peak(children[0].pid)
    said = [child.communicate()[0] for child in children]
    after = os.times()
    seconds = time.perf_counter() - started
    if any(child.returncode for child in children):
        raise RuntimeError(f"{' '.join(command)} ended with {[child.returncode for child in children]}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    if plain:
        figures = [json.loads(one.splitlines()[-1]) for one in said]
        seconds, cpu = max(one["seconds"] for one in figures), sum(one["cpu_seconds"] for one in figures)
    report = {} if plain else _report(output)
    return {"rows": rows * at_once, "seconds": seconds, "cpu_seconds": cpu, **peak.megabytes(), **report}


def _report(output: Path) -> dict[str, float]:
    """Size of a replay's report, and how long after the last decisions it was there: evaluation and drawing."""
    report = (output / "report.html").stat()
    decided = max(part.stat().st_mtime for part in (output / "decisions").iterdir())
    return {"report_bytes": report.st_size, "report_seconds": report.st_mtime - decided}


class _Peak:
    """Most memory that a process and its children had at once: resident, and with shared pages counted once."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._resident = self._shared_once = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        for sample in count():
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self._resident = max(self._resident, sum(process.memory_info().rss for process in family))
                # Telling shared pages stops a process for some milliseconds: not at every sample.
                if sample % FULL_SAMPLE == 0:
                    shares = sum(process.memory_full_info().pss for process in family)
                    self._shared_once = max(self._shared_once, shares)
            except psutil.Error:
                if not self._process.is_running() or self._process.status() == psutil.STATUS_ZOMBIE:
                    return
            time.sleep(SAMPLE_SECONDS)

    def megabytes(self) -> dict[str, float]:
        """In millions of bytes."""
        self._thread.join(1)
        return {"peak_megabytes": self._resident / 1e6, "peak_megabytes_shared_once": self._shared_once / 1e6}


def _show(found: dict[str, list[dict[str, float]]]) -> None:
    """Filings a second of wall and of processor time, beside raw predict of the same lines."""
    table = Table(title="Replay")
    for heading in (
        "",
        "filings/s",
        "CPU us a filing",
        "x raw predict (wall)",
        "x raw predict (CPU)",
        "peak MB",
        "shared once",
        "report, kB",
        "its seconds",
    ):
        table.add_column(heading, justify="left" if not heading else "right")
    for case, rounds in found.items():
        raw = found[f"raw predict, {DISTINCT if DISTINCT in case else REPEATING}"]
        table.add_row(
            case,
            f"{median(r['rows'] / r['seconds'] for r in rounds):,.0f}",
            f"{median(r['cpu_seconds'] / r['rows'] for r in rounds) * 1e6:.1f}",
            f"{_ratio(rounds, raw, 'seconds'):.2f}",
            f"{_ratio(rounds, raw, 'cpu_seconds'):.2f}",
            f"{max(r['peak_megabytes'] for r in rounds):,.0f}",
            f"{max(r['peak_megabytes_shared_once'] for r in rounds):,.0f}",
            *(f"{median(r[name] for r in rounds) / unit:,.1f}" for name, unit in REPORT.items() if name in rounds[0]),
        )
    Console(width=160).print(table)


def _ratio(rounds: Sequence[dict[str, Any]], raw: Sequence[dict[str, Any]], unit: str) -> float:
    """Against raw predict of the same round."""
    pairs = zip(rounds, raw, strict=True)
    return median((ours["rows"] / ours[unit]) / (theirs["rows"] / theirs[unit]) for ours, theirs in pairs)


if __name__ == "__main__":
    sys.exit(main())
