"""Measure Codiflux beside other ways of doing the same work, on a real Kafka of the benchmark's own.

Prints tables and writes a JSON file. Every contender has its turn in every round; medians count.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import latency  # noqa: E402
import memory  # noqa: E402
import report  # noqa: E402
import results as found  # noqa: E402
import throughput  # noqa: E402
from broker import Broker  # noqa: E402
from contenders import BENCH_PYTHON, CONTENDERS  # noqa: E402
from rich.console import Console  # noqa: E402
from texts import BOTH_SETS, DISTINCT, Filing, messages  # noqa: E402

from stream.errors import StreamError  # noqa: E402
from stream.starter_model import starter_model  # noqa: E402

PARTS = ("throughput", "latency", "memory")
WARM_UP = "relay"
"""Who gives Kafka work before anything is measured: many small requests."""
LATENCY_MESSAGES_BESIDE = 1_000
"""For start and warm-up, beside those that are measured."""
FAILURES = (RuntimeError, StreamError, OSError)

progress = Console(stderr=True, highlight=False, soft_wrap=True)


def main() -> int:
    """Exit code 1 when a contender failed; a figure that is not reached is no failure of the run."""
    options = _options()
    results = _run(options) if options.read is None else found.read(options.read)
    report.show(results, report.wide())
    if options.docs is not None:
        report.fill_document(options.docs, results)
    return 1 if results["failures"] else 0


def _options() -> argparse.Namespace:
    names = [contender.name for contender in CONTENDERS]
    parser = argparse.ArgumentParser(
        prog="make bench BENCH='...'",
        description=__doc__,
        epilog="example: make bench BENCH='--only ours,plain --parts throughput --rounds 1 --messages 30000'",
    )
    parser.add_argument("--only", type=_among(names), default=names, help="contenders: " + ",".join(names))
    parser.add_argument("--parts", type=_among(PARTS), default=list(PARTS), help=",".join(PARTS))
    parser.add_argument("--datasets", type=_among(BOTH_SETS), default=list(BOTH_SETS), help=",".join(BOTH_SETS))
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--messages", type=int, default=100_000, help="filings a round, fewer for slow ones (100,000)")
    parser.add_argument("--warm-up", type=int, default=60_000, help="messages relayed before anything counts (60,000)")
    parser.add_argument("--latency-seconds", type=int, default=30, help="length of a latency round (30)")
    parser.add_argument("--filings", type=int, default=1_000_000, help="length of the memory run (1,000,000)")
    parser.add_argument("--model", type=Path, help="model folder; the starter model by default")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json", help="default build/bench.json")
    parser.add_argument("--read", type=Path, help="measure nothing, show the results of this JSON file")
    parser.add_argument("--docs", type=Path, help="put the tables into this file: docs/performance.md")
    options = parser.parse_args()
    if "quix" in options.only and options.read is None and not BENCH_PYTHON.exists():
        parser.error("no .venv-bench for Quix Streams: infra/scripts/set-up bench")
    return options


def _among(names: tuple[str, ...] | list[str]) -> object:
    def split(text: str) -> list[str]:
        chosen = text.split(",")
        unknown = [name for name in chosen if name not in names]
        if unknown:
            raise argparse.ArgumentTypeError(f"no such: {', '.join(unknown)}; there are {', '.join(names)}")
        return chosen

    return split


def _run(options: argparse.Namespace) -> found.Results:
    model = options.model or starter_model(progress=progress.print)
    results = found.empty({"rounds": options.rounds, "messages": options.messages, "model": model.name})
    values = {dataset: messages(dataset, options.messages) for dataset in options.datasets}
    for dataset, some in values.items():
        progress.print(f"{dataset}: {len(some):,} messages of {mean(len(f.value) for f in some):.0f} bytes")
    with tempfile.TemporaryDirectory(prefix="codiflux-bench-") as folder, Broker(Path(folder)) as broker:
        bench = _Bench(options, results, broker, model, Path(folder))
        if options.warm_up:
            bench.warm_up(options.warm_up)
        for number in range(options.rounds):
            if "throughput" in options.parts:
                bench.throughput(number, values)
            if "latency" in options.parts:
                bench.latency(number)
        if "memory" in options.parts:
            bench.memory()
    return results


class _Bench:
    """One run's broker, model and results."""

    def __init__(
        self, options: argparse.Namespace, results: found.Results, broker: Broker, model: Path, folder: Path
    ) -> None:
        self._options = options
        self._results = results
        self._broker = broker
        self._model = model
        self._folder = folder
        self._contenders = [contender for contender in CONTENDERS if contender.name in options.only]

    def warm_up(self, count: int) -> None:
        """Keep Kafka busy with what counts for nobody.

        A server that has just started compiles itself for minutes, which takes half of its processor time;
        one in use has done so long ago.
        """
        contender = next(contender for contender in CONTENDERS if contender.name == WARM_UP)
        with self._noted("warm-up"):
            measured = throughput.measure(
                contender,
                messages(DISTINCT, count),
                broker=self._broker,
                prefix="warm-up.",
                model=self._model,
                folder=self._folder,
            )
            progress.print(f"warm-up: {count:,} messages, {measured.rate:,.0f}/s")

    def throughput(self, number: int, values: dict[str, list[Filing]]) -> None:
        """One round of everybody on every dataset."""
        for dataset, some in values.items():
            for contender in [c for c in self._contenders if dataset in c.datasets]:
                with self._noted(f"{dataset}, round {number + 1}, {contender.title}"):
                    measured = throughput.measure(
                        contender,
                        some[: int(len(some) * contender.share)],
                        broker=self._broker,
                        prefix=f"{dataset}.{number}.{contender.name}.",
                        model=self._model,
                        folder=self._folder,
                    )
                    found.add_throughput(self._results, dataset, contender.name, measured)
                    progress.print(
                        f"{dataset}, round {number + 1}, {contender.title}: {measured.rate:,.0f}/s,"
                        f" {measured.cpu_microseconds:.0f} us of CPU a message"
                        + (f", {measured.broker_microseconds:.0f} Kafka's" if measured.broker_microseconds else "")
                    )

    def latency(self, number: int) -> None:
        """One round of everybody who can be asked for single filings."""
        seconds = self._options.latency_seconds
        values = messages(DISTINCT, seconds * latency.RATE + LATENCY_MESSAGES_BESIDE)
        for contender in [c for c in self._contenders if c.latency]:
            with self._noted(f"latency, round {number + 1}, {contender.title}"):
                measured = latency.measure(
                    contender,
                    values,
                    seconds=seconds,
                    broker=self._broker,
                    prefix=f"latency.{number}.{contender.name}.",
                    model=self._model,
                    folder=self._folder,
                )
                found.add_latency(self._results, contender.name, measured)
                progress.print(
                    f"latency, round {number + 1}, {contender.title}: p50 {measured.p50:.1f} ms,"
                    f" p99 {measured.p99:.1f} ms, longest {measured.longest:.1f} ms"
                )

    def memory(self) -> None:
        """One long run of our worker as it is by default."""
        for contender in [c for c in self._contenders if c.name == "ours"]:
            with self._noted("memory"):
                measured = memory.measure(
                    contender,
                    self._options.filings,
                    broker=self._broker,
                    model=self._model,
                    folder=self._folder,
                    progress=progress.print,
                )
                found.set_memory(self._results, measured)

    @contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        """A contender that fails is named at the end; the others go on."""
        try:
            yield
        except FAILURES as error:
            self._results["failures"].append(f"{what}: {error}")
            progress.print(f"{what} failed: {error}", style="red", markup=False)
        finally:
            found.save(self._results, self._options.json)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        # What was measured is in the JSON file; the broker and the contender are stopped by now.
        sys.exit(130)
