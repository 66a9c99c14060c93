"""The catalogue as live metrics, and their exposition for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, make_wsgi_app
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from monitoring.catalogue import Kind, MetricSpec


class BatchHistogram:
    """A classic histogram that takes many observations at once.

    prometheus-client observes one value at a time, at a cost that shows when every filing is
    observed; here a batch is binned by numpy and only the exposition is the library's.
    """

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry) -> None:
        self._spec = spec
        self.begin(spec.buckets)
        registry.register(self)

    def begin(self, edges: Iterable[float]) -> None:
        """Count from zero between these upper edges."""
        self._edges = np.fromiter(edges, dtype=np.float64)
        self._counts = np.zeros(len(self._edges) + 1, dtype=np.int64)
        self._sum = 0.0

    def observe(self, values: Iterable[float]) -> None:
        """Add observations, in the metric's unit."""
        observed = np.fromiter(values, dtype=np.float64)
        self._counts += np.bincount(np.searchsorted(self._edges, observed), minlength=len(self._counts))
        self._sum += float(observed.sum())

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What prometheus-client asks of a collector."""
        edges = [str(edge) for edge in self._edges.tolist()] + ["+Inf"]
        cumulative = np.cumsum(self._counts).tolist()
        yield HistogramMetricFamily(
            self._spec.name,
            self._spec.help,
            buckets=[(edge, float(count)) for edge, count in zip(edges, cumulative, strict=True)],
            sum_value=self._sum,
        )

    def describe(self) -> Iterator[HistogramMetricFamily]:
        """Name without values, so that registering does not collect."""
        yield HistogramMetricFamily(self._spec.name, self._spec.help)


class GaugeTable:
    """All values of one labelled gauge, replaced in one step.

    A scrape comes from another thread: it sees the table before or after, never a table in the making.
    """

    def __init__(self, spec: MetricSpec, registry: CollectorRegistry) -> None:
        self._spec = spec
        self._rows: Mapping[tuple[str, ...], float] = {}
        registry.register(self)

    def replace(self, rows: Mapping[Any, float]) -> None:
        """These values, by the labels' values in the spec's order, and no others."""
        self._rows = dict(rows)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What prometheus-client asks of a collector."""
        family = GaugeMetricFamily(self._spec.name, self._spec.help, labels=self._spec.labels)
        for labels, value in self._rows.items():
            family.add_metric(labels, value)
        yield family

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Name without values, so that registering does not collect."""
        yield GaugeMetricFamily(self._spec.name, self._spec.help, labels=self._spec.labels)


class Instruments:
    """Live metrics of one process, made from specs of the catalogue.

    Parameters
    ----------
    tables
        Labelled gauges among the specs that are replaced as a whole (see `replace`).

    Examples
    --------
    >>> from monitoring.catalogue import DEAD_LETTERS
    >>> instruments = Instruments([DEAD_LETTERS])
    >>> instruments.add(DEAD_LETTERS, 2, reason="not_json")
    >>> instruments.value(DEAD_LETTERS, reason="not_json")
    2.0
    """

    def __init__(self, specs: Iterable[MetricSpec], *, tables: Container[MetricSpec] = ()) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._metrics: dict[str, Any] = {}
        for spec in specs:
            if spec.kind is Kind.HISTOGRAM:
                self._metrics[spec.name] = BatchHistogram(spec, self.registry)
            elif spec in tables:
                self._metrics[spec.name] = GaugeTable(spec, self.registry)
            else:
                kind = Counter if spec.kind is Kind.COUNTER else Gauge
                self._metrics[spec.name] = kind(spec.name, spec.help, spec.labels, registry=self.registry)

    def add(self, spec: MetricSpec, amount: float = 1.0, **labels: str) -> None:
        """Raise a counter."""
        self._child(spec, labels).inc(amount)

    def set(self, spec: MetricSpec, value: float, **labels: str) -> None:
        """Set a gauge."""
        self._child(spec, labels).set(value)

    def ask(self, spec: MetricSpec, value: Callable[[], float]) -> None:
        """Have a gauge without labels ask for its value at each scrape, which a loop that hangs cannot set."""
        self._metrics[spec.name].set_function(value)

    def observe(self, spec: MetricSpec, values: Iterable[float]) -> None:
        """Add observations to a histogram."""
        self._metrics[spec.name].observe(values)

    def replace(self, spec: MetricSpec, rows: Mapping[Any, float]) -> None:
        """Give a gauge of `tables` these values, by the tuple of its labels' values, and no others."""
        self._metrics[spec.name].replace(rows)

    def edges(self, spec: MetricSpec, edges: Iterable[float]) -> None:
        """Give a histogram other edges; it begins at zero again."""
        self._metrics[spec.name].begin(edges)

    def forget(self, spec: MetricSpec) -> None:
        """Drop every labelled value of a metric: partitions that went to another worker."""
        self._metrics[spec.name].clear()

    def value(self, spec: MetricSpec, **labels: str) -> float | None:
        """Current value of a counter or gauge, for `watch` and tests."""
        return self.registry.get_sample_value(spec.name, labels)

    def _child(self, spec: MetricSpec, labels: Mapping[str, str]) -> Any:
        metric = self._metrics[spec.name]
        return metric.labels(**labels) if labels else metric

    def wsgi_app(self) -> Any:
        """The exposition as a WSGI application."""
        return make_wsgi_app(self.registry)
