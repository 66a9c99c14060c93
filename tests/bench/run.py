"""`make bench`: every contender in interleaved rounds on one broker; a table, and a JSON file."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from broker import Broker  # noqa: E402
from contenders import CONTENDERS  # noqa: E402
from rich.console import Console  # noqa: E402
from texts import BOTH_SETS, messages  # noqa: E402
from throughput import Measured, measure  # noqa: E402

console = Console(stderr=True)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench BENCH=...", description=__doc__)
    parser.add_argument("--only", help="contenders, comma-separated: " + ", ".join(c.name for c in CONTENDERS))
    parser.add_argument("--datasets", default=",".join(BOTH_SETS), help="distinct, repeating or both (default)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts (default 3)")
    parser.add_argument("--messages", type=int, default=100_000, help="filings a round (default 100,000)")
    parser.add_argument("--model", type=Path, help="model folder; the starter model by default")
    options = parser.parse_args()
    chosen = options.only.split(",") if options.only else [c.name for c in CONTENDERS]
    contenders = [c for c in CONTENDERS if c.name in chosen]
    from stream.starter_model import starter_model

    model = options.model or starter_model(progress=console.print)
    results: dict[str, dict[str, list[Measured]]] = {}
    with tempfile.TemporaryDirectory(prefix="codiflux-bench-") as temporary, Broker(Path(temporary)) as broker:
        for dataset in options.datasets.split(","):
            values = messages(dataset, options.messages)
            console.print(f"{dataset}: {len(values)} messages of {sum(map(len, values)) / len(values):.0f} bytes")
            for number in range(options.rounds):
                for contender in contenders:
                    if dataset not in contender.datasets:
                        continue
                    part = values[: int(len(values) * contender.share)]
                    measured = measure(
                        contender,
                        part,
                        broker=broker,
                        prefix=f"{dataset}.{number}.{contender.name}.",
                        model=model,
                        folder=Path(temporary),
                    )
                    results.setdefault(dataset, {}).setdefault(contender.name, []).append(measured)
                    console.print(
                        f"{dataset} round {number + 1} {contender.name}: {measured.rate:,.0f}/s,"
                        f" {measured.cpu_microseconds:.0f} us CPU a message"
                    )
    print(
        json.dumps(
            {d: {n: median(m.rate for m in ms) for n, ms in by.items()} for d, by in results.items()}
        )
    )


if __name__ == "__main__":
    main()
