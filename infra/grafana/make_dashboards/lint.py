"""What a dashboard of ours must hold: what Grafana's own dashboard linter asks, and the catalogue.

a title and a description on each panel, a unit on each
data source and job as variables, and every query by them
rates over $__rate_interval, nothing over a fixed range but what rules record
no hard-coded identifier: no instance, no model version, no environment
no metric that the catalogue lacks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from monitoring.catalogue import CATALOGUE, Kind

NEEDED_VARIABLES = ("datasource", "environment", "job", "model_version")
NOT_OURS = ("up", "ALERTS", "process_cpu_seconds_total", "process_resident_memory_bytes")
"""Prometheus' own, and those that prometheus-client has for every process."""
FREE_LABELS = ("environment", "instance", "model_version", "policy_version", "section", "signal")
"""Whose values are those of one installation: only a variable may stand there."""
WORDS = frozenset(
    "sum max min avg count topk by on without ignoring group_left and or unless bool offset rate increase deriv abs"
    " absent clamp_min scalar vector time histogram_quantile avg_over_time stddev_over_time max_over_time"
    " label_values Inf".split()
)


def exposed() -> set[str]:
    """Every series name that the catalogue gives rise to."""
    names: set[str] = set()
    for spec in CATALOGUE:
        parts = ("_bucket", "_count", "_sum") if spec.kind is Kind.HISTOGRAM else ("",)
        names |= {spec.name + part for part in parts}
    return names


def metrics_in(expression: str) -> set[str]:
    """Names of series in PromQL, label names and functions left out.

    >>> sorted(metrics_in('sum by (route) (rate(codiflux_filings_total{route="auto"}[5m])) / job:x:rate5m > 1'))
    ['codiflux_filings_total', 'job:x:rate5m']
    """
    bare = re.sub(r"\{[^}]*\}", "{", re.sub(r'"[^"]*"', '""', expression))
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|on|without|ignoring|group_left)\s*\([^)]*\)", "", bare)
    found = set(re.findall(r"(?<![\w:$.])[a-zA-Z_:][\w:]*", bare))
    return {name for name in found if name not in WORDS and not re.fullmatch(r"\d.*|e\d+", name)}


def unknown_metrics(expression: str, recorded: Iterable[str]) -> set[str]:
    """Names that neither the catalogue, nor a recording rule, nor Prometheus itself has."""
    return metrics_in(expression) - exposed() - set(recorded) - set(NOT_OURS)


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(panel title, PromQL) of every query."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


def findings(dashboard: dict[str, Any], recorded: Iterable[str]) -> list[str]:
    """What is wrong, one line each."""
    return [
        *_of_variables(dashboard),
        *_of_panels(dashboard),
        *(f"{title}: {wrong}" for title, query in queries(dashboard) for wrong in _of_query(query, recorded)),
    ]


def _of_variables(dashboard: dict[str, Any]) -> Iterator[str]:
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    yield from (f"no variable {name}" for name in NEEDED_VARIABLES if name not in variables)
    text = str(dashboard["panels"])
    yield from (
        f"variable {name} is used nowhere"
        for name in variables
        if f"${name}" not in text and f"${{{name}}}" not in text
    )
    for name, variable in variables.items():
        if variable["type"] == "query" and variable["datasource"]["uid"] != "${datasource}":
            yield f"variable {name} has a data source of its own"


def _of_panels(dashboard: dict[str, Any]) -> Iterator[str]:
    numbers = [panel["id"] for panel in dashboard["panels"]]
    if len(set(numbers)) < len(numbers):
        yield "two panels have one number"
    titles = [panel["title"] for panel in dashboard["panels"]]
    yield from (f"two panels are called {title}" for title in sorted({t for t in titles if titles.count(t) > 1}))
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            continue
        title = panel.get("title") or f"panel {panel['id']}"
        if not panel.get("title"):
            yield f"{title}: no title"
        if not panel.get("description"):
            yield f"{title}: no description"
        if not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{title}: no unit"
        if not panel.get("targets"):
            yield f"{title}: no query"
        sources = [panel["datasource"], *(target["datasource"] for target in panel.get("targets", []))]
        if any(source.get("uid") != "${datasource}" for source in sources):
            yield f"{title}: the data source is not the variable"


def _of_query(query: str, recorded: Iterable[str]) -> Iterator[str]:
    yield from (f"{name} is not in the catalogue" for name in sorted(unknown_metrics(query, recorded)))
    for function, span in re.findall(r"\b(rate|increase|irate|delta)\(.*?\[([^\]]+)\]", query):
        if span != "$__rate_interval":
            yield f"{function} over {span} instead of $__rate_interval"
    selectors = re.findall(r"([\w:]+)\{([^}]*)\}", query)
    for name, matchers in selectors:
        if name != "ALERTS" and ('job=~"$job"' not in matchers or 'environment=~"$environment"' not in matchers):
            yield f"{name} is asked for without $environment and $job"
        for label, value in re.findall(r'(\w+)\s*[=!]~?\s*"([^"]*)"', matchers):
            if label in FREE_LABELS and not value.startswith("$"):
                yield f"{label}={value} is written into the query"
    named = metrics_in(query) - {name for name, _ in selectors}
    yield from (f"{name} is asked for without a selector" for name in sorted(named))
