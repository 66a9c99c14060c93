"""Does the drift monitor detect, and does it keep quiet? `make bench-drift`.

    python -m tests.bench.drift                     everything, with the starter model; tens of minutes
    python -m tests.bench.drift --only detection    one part; the others stay as they were
    python -m tests.bench.drift --render            only write docs/drift.md and the pictures anew

Seeded: the same code, corpus and seeds give the same figures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from monitoring.drift_settings import DriftSettings
from stream.cli.output import progress_bar
from tests.bench.drift import cases, daily, rendering, rival, worlds
from tests.bench.drift.workers import Workers

HERE = Path(__file__).parent
SLOW = ("seasonal", "seasonal_without", "ablation")
FIGURES = HERE / "figures.json"
KINDS = ["new_trade", "class_mix", "renumbered", "dropped", "lower_case", "english"]


def main() -> None:
    """Measure what is asked and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--few", type=int, default=10, help=f"seeds of the slow parts ({', '.join(SLOW)})")
    parser.add_argument("--filings", type=int, default=400_000, help="undrifted filings a seed")
    parser.add_argument("--only", action="append", choices=sorted(parts(argparse.Namespace())), help="parts to measure")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="seeds measured at once")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--pool", type=int, default=worlds.FILINGS, help="filings that streams are drawn from")
    parser.add_argument("--model", type=Path, help="instead of the starter model of the cache")
    parser.add_argument("--evidently", type=Path, default=Path(".venv-bench/bin/python"), help="a Python that has it")
    given = parser.parse_args()
    if not given.render:
        measure(given)
    rendering.write(json.loads(FIGURES.read_text()))


def parts(given: argparse.Namespace) -> dict[str, tuple[int, Callable[[Workers], Any]]]:
    """Name of a part -> how many jobs it has, and the measuring."""
    settings = DriftSettings()
    seeds, few, filings = (getattr(given, name, 0) for name in ("seeds", "few", "filings"))
    return {
        "false_alarms": (seeds, lambda w: cases.false_alarms(w, settings, seeds, filings)),
        "detection": (seeds, lambda w: cases.detection(w, settings, seeds, kinds=KINDS, courses=list(cases.COURSES))),
        "model_swap": (seeds, lambda w: cases.model_swap(w, seeds)),
        "label_errors": (seeds, lambda w: cases.label_errors(w, seeds)),
        "daily": (seeds, lambda w: daily.daily(w, seeds, kinds=KINDS)),
        "evidently": (seeds, lambda w: rival.evidently(w, seeds, given.evidently, kinds=KINDS)),
        "seasonal": (few, lambda w: cases.seasonal(w, few, seasons=True)),
        "seasonal_without": (few, lambda w: cases.seasonal(w, few, seasons=False)),
        "ablation": (len(cases.VARIANTS) * few, lambda w: cases.ablation(w, few, filings // 8)),
    }


def measure(given: argparse.Namespace) -> None:
    """Measure the parts; each is written as soon as it is there."""
    world = the_world(given.model, given.pool)
    figures = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    figures["reach"] = {kind: pool.reach for kind, pool in world.pools.items()}
    with Workers(world, given.processes) as workers:
        for name, (jobs, work) in parts(given).items():
            if given.only and name not in given.only:
                continue
            workers.processor_seconds, began = 0.0, time.monotonic()
            with progress_bar(name, total=jobs) as progress:
                workers.advance = partial(progress.advance, progress.task_ids[0])
                figures[name] = work(workers)
            figures.setdefault("seeds", {})[name] = given.few if name in SLOW else given.seeds
            figures.setdefault("processor_seconds", {})[name] = round(workers.processor_seconds, 1)
            FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
            took = time.monotonic() - began
            print(f"{name}: {workers.processor_seconds:.0f} s of processor in {took:.0f} s", file=sys.stderr)


def the_world(model: Path | None, count: int) -> worlds.World:
    """The pools, decided by the starter model."""
    from stream.starter_model import starter_model

    folder = model or starter_model(progress=lambda step: print(step, file=sys.stderr))
    print("deciding the filings of every case (a minute or two)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as place:
        return worlds.build(folder, worlds.other_model(Path(place) / "other-model"), count=count)


if __name__ == "__main__":
    main()
