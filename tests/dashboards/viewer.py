"""What Grafana does before it asks: variables get their values, and `$names` are replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.dashboards.prometheus import Prometheus, Series

LABEL_VALUES = re.compile(r"label_values\((?P<selector>.+), (?P<label>\w+)\)")


class Viewer:
    """A dashboard with its variables as they are when it is opened.

    Parameters
    ----------
    start, end
        The time that is looked at, seconds since the epoch.
    chosen
        Values of some variables; the rest are as the dashboard opens.
    """

    def __init__(
        self,
        dashboard: dict[str, Any],
        prometheus: Prometheus,
        *,
        start: float,
        end: float,
        chosen: Mapping[str, str] | None = None,
    ) -> None:
        self.dashboard, self.prometheus = dashboard, prometheus
        self.start, self.end = start, end
        self.options: dict[str, list[str]] = {}
        self.values: dict[str, str] = dict(chosen or {})
        for variable in dashboard["templating"]["list"]:
            self._open(variable)

    def _open(self, variable: dict[str, Any]) -> None:
        name, query = variable["name"], variable["query"]
        if variable["type"] == "textbox":
            self.values.setdefault(name, query)
        if variable["type"] != "query":
            return
        asked = LABEL_VALUES.fullmatch(query)
        assert asked is not None, query
        options = self.prometheus.label_values(self.fill(asked["selector"]), asked["label"], self.start, self.end)
        self.options[name] = options
        preferred = variable.get("current", {}).get("value")
        if preferred == "$__all":
            self.values.setdefault(name, variable["allValue"])
        else:
            first = preferred if preferred in options else next(iter(options), "")
            self.values.setdefault(name, first)

    def choosing(self, name: str, value: str) -> Viewer:
        """The same with one variable changed."""
        chosen = {**self.values, name: value}
        return Viewer(self.dashboard, self.prometheus, start=self.start, end=self.end, chosen=chosen)

    @property
    def step(self) -> float:
        """Between two points of a panel: some 150 a panel, never less than a scrape."""
        return max(self.prometheus.every, round((self.end - self.start) / 150))

    def fill(self, text: str) -> str:
        """Variables and the rate interval in place (Grafana: at least four scrapes, at least a step and one)."""
        interval = max(4 * self.prometheus.every, self.step + self.prometheus.every)
        text = text.replace("$__rate_interval", f"{interval:g}s")
        for name in sorted(self.values, key=len, reverse=True):
            text = text.replace(f"${{{name}}}", self.values[name]).replace(f"${name}", self.values[name])
        return text

    def answers(self, panel: dict[str, Any]) -> list[list[Series]]:
        """For each query of a panel its series."""
        return [self._ask(target) for target in panel["targets"]]

    def _ask(self, target: dict[str, Any]) -> list[Series]:
        query = self.fill(target["expr"])
        if target.get("instant"):
            return self.prometheus.now(query, self.end)
        return self.prometheus.over(query, self.start, self.end, self.step)


def legend(target: dict[str, Any], series: Series) -> str:
    """What a series is called."""
    words: str = target["legendFormat"]
    if words == "__auto":
        return ", ".join(f"{name}={value}" for name, value in series.labels.items()) or "value"
    return re.sub(r"\{\{(\w+)\}\}", lambda found: series.labels.get(found[1], ""), words)
