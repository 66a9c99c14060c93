"""The figures we hold ourselves to, each computed from one run's results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from results import Results
from texts import DISTINCT, REPEATING

LEAST, MOST = "at least", "under"


@dataclass(frozen=True)
class Figure:
    """One figure; `measure` raises `KeyError` or `TypeError` where a run did not measure it."""

    name: str
    bound: str
    wanted: float
    unit: str
    measure: Callable[[Results], float]

    def of(self, results: Results) -> float | None:
        """The measured value, or `None` when this run has it not."""
        try:
            return self.measure(results)
        except (KeyError, TypeError):
            return None

    def reached(self, value: float) -> bool:
        """Whether the bound holds."""
        return value >= self.wanted if self.bound == LEAST else value < self.wanted


def _ratio(dataset: str, one: str, other: str) -> Callable[[Results], float]:
    """Of medians of messages a second."""

    def measure(results: Results) -> float:
        rates = results["throughput"][dataset]
        return float(rates[one]["per_second"] / rates[other]["per_second"])

    return measure


FIGURES = (
    Figure("distinct texts, to naive Faust", LEAST, 6.5, "x", _ratio(DISTINCT, "ours", "faust")),
    Figure("distinct texts, to Quix Streams", LEAST, 1.35, "x", _ratio(DISTINCT, "ours", "quix")),
    Figure("distinct texts, to the plain loop", LEAST, 1.1, "x", _ratio(DISTINCT, "ours", "plain")),
    Figure("repeating texts, to Quix Streams", LEAST, 1.7, "x", _ratio(REPEATING, "ours", "quix")),
    Figure("two processes to one", LEAST, 1.8, "x", _ratio(DISTINCT, "ours2", "ours")),
    Figure("latency p50", MOST, 4.0, "ms", lambda results: float(results["latency"]["ours"]["p50"])),
    Figure("latency p99", MOST, 8.0, "ms", lambda results: float(results["latency"]["ours"]["p99"])),
    Figure("peak memory of a worker", MOST, 400.0, "MB", lambda results: float(results["memory"]["peak"])),
    Figure("memory gained after 200,000 filings", MOST, 10.0, "MB", lambda results: float(results["memory"]["drift"])),
)
