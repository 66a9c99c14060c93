"""Does the drift monitor detect, and does it keep quiet? `make bench-drift`.

    python -m tests.bench.drift                     everything, with the starter model; tens of minutes
    python -m tests.bench.drift --only detection    one part; the others stay as they were
    python -m tests.bench.drift --render            only write docs/drift.md and the pictures anew

Seeded: the same code, corpus and seeds give the same figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitoring.drift_settings import DriftSettings
from stream.cli.output import progress_bar
from tests.bench.drift import cases, daily, rendering, rival, worlds

HERE = Path(__file__).parent
SLOW = ("evidently", "seasonal", "seasonal_without", "ablation")
FIGURES = HERE / "figures.json"
KINDS = ["new_trade", "class_mix", "renumbered", "dropped", "lower_case", "english"]


def main() -> None:
    """Measure what is asked and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--few", type=int, help=f"seeds of the slow parts ({', '.join(SLOW)}); as --seeds")
    parser.add_argument("--filings", type=int, default=400_000, help="undrifted filings a seed")
    parser.add_argument("--only", action="append", choices=sorted(parts(None, 0, 0, 0)), help="parts to measure")
    parser.add_argument("--render", action="store_true")
    parser.add_argument("--pool", type=int, default=worlds.FILINGS, help="filings that streams are drawn from")
    parser.add_argument("--model", type=Path, help="instead of the starter model of the cache")
    parser.add_argument("--evidently", type=Path, default=Path(".venv-bench/bin/python"), help="a Python that has it")
    given = parser.parse_args()
    if not given.render:
        measure(given)
    rendering.write(json.loads(FIGURES.read_text()))


def parts(
    world: worlds.World | None, seeds: int, few: int, filings: int
) -> dict[str, tuple[int, Callable[[Any], Any]]]:
    """Name of a part -> how many times it advances, and the measuring."""
    settings = DriftSettings()
    w: Any = world
    return {
        "false_alarms": (seeds, lambda tick: cases.false_alarms(w, settings, seeds, filings, tick)),
        "detection": (
            seeds,
            lambda tick: cases.detection(w, settings, seeds, tick, kinds=KINDS, courses=list(cases.COURSES)),
        ),
        "model_swap": (seeds, lambda tick: cases.model_swap(w, seeds, tick)),
        "label_errors": (seeds, lambda tick: cases.label_errors(seeds, tick)),
        "daily": (seeds, lambda tick: daily.daily(w, seeds, tick, kinds=KINDS)),
        "evidently": (few, lambda tick: rival.evidently(w, few, tick, kinds=KINDS)),
        "seasonal": (few, lambda tick: cases.seasonal(w, few, tick, seasons=True)),
        "seasonal_without": (few, lambda tick: cases.seasonal(w, few, tick, seasons=False)),
        "ablation": (len(cases.VARIANTS), lambda tick: cases.ablation(w, few, filings // 8, tick)),
    }


def measure(given: argparse.Namespace) -> None:
    """Measure the parts; each is written as soon as it is there."""
    rival.PYTHON = given.evidently
    world = the_world(given.model, given.pool)
    figures = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    figures["reach"] = {kind: pool.reach for kind, pool in world.pools.items()}
    for name, (steps, work) in parts(world, given.seeds, given.few or given.seeds, given.filings).items():
        if given.only and name not in given.only:
            continue
        began = time.process_time()
        with progress_bar(name, total=steps) as progress:
            figures[name] = work(lambda bar=progress: bar.advance(bar.task_ids[0]))
        figures.setdefault("seeds", {})[name] = (given.few or given.seeds) if name in SLOW else given.seeds
        figures.setdefault("processor_seconds", {})[name] = round(time.process_time() - began, 1)
        FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
        print(f"{name}: {figures['processor_seconds'][name]} s of processor", file=sys.stderr)


def the_world(model: Path | None, count: int) -> worlds.World:
    """The pools, decided by the starter model."""
    from stream.starter_model import starter_model

    folder = model or starter_model(progress=lambda step: print(step, file=sys.stderr))
    print("deciding the filings of every case (a minute or two)", file=sys.stderr)
    with tempfile.TemporaryDirectory() as place:
        return worlds.build(folder, worlds.other_model(Path(place) / "other-model"), count=count)


if __name__ == "__main__":
    main()
