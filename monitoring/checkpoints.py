"""A panel as a JSON object and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from monitoring.windows import dense, sparse
from schemas.drift import DriftEvent

if TYPE_CHECKING:
    from monitoring.panel import Panel


def panel_state(panel: Panel) -> dict[str, Any]:
    """Everything but what is inside the detectors."""
    return {
        "model_version": panel.model_version,
        "baseline": panel.baseline.state(),
        "windows": {
            str(size): {"pushed": window.pushed, "rows": [sparse(row) for row in window.rows()]}
            for size, window in panel.windows.items()
        },
        "spans": [span.state() for span in panel.spans],
        "alarms": panel.alarms.state(),
        "history": [[begins, _plain(deviations.tolist())] for begins, deviations in panel.history],
        "events": [event.model_dump(mode="json") for event in panel.events.values()],
        "waiting": panel.waiting(),
    }


def restore_panel(panel: Panel, state: Mapping[str, Any]) -> None:
    """Take a state over; detectors are fed the latest steps again."""
    panel.baseline.restore(state["baseline"])
    for size, kept in state["windows"].items():
        window = panel.windows[int(size)]
        # The ring's place goes by how many were pushed before: sums are made anew at the same rows.
        window.begin_at(kept["pushed"] - len(kept["rows"]))
        for row in kept["rows"]:
            window.push(dense(row, panel.layout.width))
    for span, kept in zip(panel.spans, state["spans"], strict=True):
        span.restore(kept)
    panel.alarms.restore(state["alarms"])
    panel.events.update({e["signal"]: DriftEvent.model_validate(e) for e in state["events"]})
    for begins, deviations in state["history"]:
        values = np.array([np.nan if value is None else value for value in deviations])
        panel.history.append((begins, values))
        panel.feed(values)
    panel.wait(state["waiting"])
    panel.ready()


def _plain(values: list[float]) -> list[float | None]:
    """JSON has no NaN."""
    return [value if np.isfinite(value) else None for value in values]
