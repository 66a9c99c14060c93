"""What most panels ask: a metric, over all processes, by some labels, each series called by them."""

from __future__ import annotations

from infra.grafana.make_dashboards.panels import Query
from infra.grafana.make_dashboards.queries import highest, rate, select, total
from monitoring.catalogue import MetricSpec


def most(spec: MetricSpec | str, *matchers: str, by: str = "", legend: str | None = None) -> Query:
    """The highest of all processes: of a gauge that each of them knows, or one alone.

    Parameters
    ----------
    by
        Labels that stay apart, a blank between them.
    legend
        What a series is called; by those labels otherwise.
    """
    return Query(highest(select(spec, *matchers), *by.split()), _called(by, legend))


def held(spec: MetricSpec | str, *matchers: str, by: str = "", legend: str | None = None) -> Query:
    """The sum over all processes: of a gauge of which each has its part, or of a counter since the start."""
    return Query(total(select(spec, *matchers), *by.split()), _called(by, legend))


def pace(spec: MetricSpec | str, *matchers: str, by: str = "", legend: str | None = None, suffix: str = "") -> Query:
    """The increase a second over all processes."""
    return Query(total(rate(spec, *matchers, suffix=suffix), *by.split()), _called(by, legend))


def _called(by: str, legend: str | None) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in by.split()) if legend is None else legend
