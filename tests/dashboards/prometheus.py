"""A Prometheus that was started by infra/prometheus/prometheus, and what it answers."""

from __future__ import annotations

import json
import math
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "infra" / "prometheus" / "prometheus"
START_SECONDS = 30
Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """One answer: labels, and (time, value) pairs without those that are no number."""

    labels: dict[str, str]
    points: tuple[Point, ...]


def run(command: str, data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """One command of the script."""
    words = [str(SCRIPT), command, "--data", str(data), *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=START_SECONDS, check=False)


@dataclass(frozen=True)
class Prometheus:
    """A running one.

    Parameters
    ----------
    every
        Seconds between its scrapes.
    """

    port: int
    every: int

    def get(self, path: str, **parameters: str) -> Any:
        """The data of an answer; an error says which query was wrong."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def now(self, query: str, at: float) -> list[Series]:
        """An instant query."""
        result = self.get("query", query=query, time=str(at))
        if result["resultType"] == "scalar":
            return [Series({}, _points([result["result"]]))]
        return [Series(found["metric"], _points([found["value"]])) for found in result["result"]]

    def over(self, query: str, start: float, end: float, step: float) -> list[Series]:
        """A range query."""
        result = self.get("query_range", query=query, start=str(start), end=str(end), step=str(step))
        return [Series(found["metric"], _points(found["values"])) for found in result["result"]]

    def label_values(self, selector: str, label: str, start: float, end: float) -> list[str]:
        """What Grafana's `label_values(selector, label)` gives."""
        found = self.get("series", **{"match[]": selector, "start": str(start), "end": str(end)})
        return sorted({series[label] for series in found if label in series})


def _points(pairs: Sequence[Sequence[Any]]) -> tuple[Point, ...]:
    numbers = ((float(time), float(value)) for time, value in pairs)
    return tuple((time, value) for time, value in numbers if math.isfinite(value))
