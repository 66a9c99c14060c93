"""Prometheus' text format as values: what another process exposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from monitoring.catalogue import MetricSpec


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of an exposition."""

    name: str
    labels: Mapping[str, str]
    value: float


class Scrape:
    """What one or more processes expose, together.

    Examples
    --------
    >>> from monitoring.catalogue import FILINGS
    >>> scrape = Scrape([parse('codiflux_filings_total{route="auto",stage="model"} 7')])
    >>> scrape.total(FILINGS), scrape.by(FILINGS, "route"), scrape.total(FILINGS, route="review")
    (7.0, {'auto': 7.0}, 0.0)
    """

    def __init__(self, expositions: Iterable[Iterable[Sample]]) -> None:
        self._samples = [sample for exposition in expositions for sample in exposition]

    def of(self, name: str, **labels: str) -> Iterator[Sample]:
        """The lines of that name that have these labels."""
        return (s for s in self._samples if s.name == name and labels.items() <= s.labels.items())

    def total(self, spec: MetricSpec, **labels: str) -> float:
        """Sum over labels and processes."""
        return float(sum(sample.value for sample in self.of(spec.name, **labels)))

    def by(self, spec: MetricSpec, label: str, **labels: str) -> dict[str, float]:
        """Sums by the values of one label."""
        found: dict[str, float] = {}
        for sample in self.of(spec.name, **labels):
            value = sample.labels.get(label, "")
            found[value] = found.get(value, 0.0) + sample.value
        return found

    def has(self, spec: MetricSpec) -> bool:
        """Whether any process exposes it."""
        return any(True for _ in self.of(spec.name))

    def buckets(self, spec: MetricSpec) -> dict[float, float]:
        """Upper edge -> how many were at or below it, of a histogram."""
        return {float(edge): count for edge, count in self._edges(spec).items()}

    def _edges(self, spec: MetricSpec) -> dict[str, float]:
        found: dict[str, float] = {}
        for sample in self.of(f"{spec.name}_bucket"):
            found[sample.labels["le"]] = found.get(sample.labels["le"], 0.0) + sample.value
        return found


def parse(text: str) -> list[Sample]:
    """The lines of an exposition; `ValueError` for what is none."""
    return [
        Sample(sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


def quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """A quantile read off a histogram, linear within its bucket as Prometheus does; `None` when empty.

    >>> quantile({0.1: 50.0, 0.2: 100.0, float("inf"): 100.0}, 0.75)
    0.15000000000000002
    """
    edges = sorted(buckets)
    if not edges or buckets[edges[-1]] <= 0:
        return None
    wanted = share * buckets[edges[-1]]
    lower, below = 0.0, 0.0
    for edge in edges:
        if buckets[edge] >= wanted:
            if edge == float("inf"):
                return lower
            within = (wanted - below) / (buckets[edge] - below) if buckets[edge] > below else 0.0
            return lower + (edge - lower) * within
        lower, below = edge, buckets[edge]
    return lower
