"""What is said of a metric: name, kind, labels, buckets and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus' metric types that we use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One row of the catalogue.

    Parameters
    ----------
    name
        As exposed; a counter's ends in `_total`.
    buckets
        Upper edges of a histogram, in the metric's unit; +Inf is added.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
