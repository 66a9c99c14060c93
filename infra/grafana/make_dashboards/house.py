"""A dashboard of ours: rows of panels, variables, alerts and detections as annotations."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as d

from infra.grafana.make_dashboards.panels import DATA_SOURCE
from infra.grafana.make_dashboards.queries import select
from monitoring import catalogue as c

TAG = "codiflux"
COLUMNS = 24
"""Of Grafana's grid."""


@dataclass(frozen=True)
class Row:
    """Panels under one heading.

    Parameters
    ----------
    repeat
        Name of a variable: the row's panels stand once for each of its values.
    """

    title: str
    panels: Sequence[Any]
    repeat: str = ""


def annotation(name: str, expression: str, colour: str, title: str) -> Any:
    """Marks on every panel while a condition holds."""
    found = dashboard.AnnotationQuery().name(name).datasource(DATA_SOURCE).enable(True).icon_color(colour)
    return found.expr(expression), title


def assemble(
    uid: str, title: str, description: str, *, variables: Sequence[Any], rows: Sequence[Row], since: str = "now-3h"
) -> str:
    """The dashboard as Grafana's JSON."""
    built = dashboard.Dashboard(title).uid(uid).description(description).tags([TAG]).editable().timezone("browser")
    built.time(since, "now").refresh("30s").tooltip(d.DashboardCursorSync.CROSSHAIR).version(1)
    built.variables(list(variables)).link(
        dashboard.DashboardLink("Codiflux").type(d.DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True)
        .include_vars(True).keep_time(True)
    )  # fmt: skip
    marks = [
        annotation("Alerts", 'ALERTS{alertname=~"Codiflux.+", alertstate="firing"}', "red", "{{alertname}}"),
        annotation("Drift", f"{select(c.DRIFT_STATE)} == 2", "purple", "{{signal}} has drifted"),
    ]
    built.annotations([query for query, _ in marks])
    for row in rows:
        heading = dashboard.Row(row.title)
        built.with_row(heading.repeat(row.repeat) if row.repeat else heading)
        for panel in row.panels:
            built.with_panel(panel)
    return _finished(json.loads(JSONEncoder(sort_keys=True).encode(built.build())), [words for _, words in marks])


def _finished(found: dict[str, Any], words: list[str]) -> str:
    """Numbers and places the panels, and says what the marks say: the library has no field for it."""
    for number, panel in enumerate(found["panels"], start=1):
        panel["id"] = number
    _place(found["panels"])
    for mark, text in zip(found["annotations"]["list"], words, strict=True):
        mark |= {"titleFormat": text, "step": "30s"}
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _place(panels: list[dict[str, Any]]) -> None:
    """Each panel as high up as it fits, then as far left; a heading is under all before it.

    The library sets panels in lines, and leaves holes beside a high one.
    """
    skyline = [0] * COLUMNS
    for panel in panels:
        place = panel["gridPos"]
        if panel["type"] == "row":
            place |= {"x": 0, "y": max(skyline), "w": COLUMNS, "h": 1}
            skyline = [place["y"] + 1] * COLUMNS
            continue
        width = place["w"]
        y, x = min((max(skyline[x : x + width]), x) for x in range(COLUMNS - width + 1))
        place |= {"x": x, "y": y}
        skyline[x : x + width] = [y + place["h"]] * width
