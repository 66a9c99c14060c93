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
    """Numbers the panels, and says what the marks say: the library's annotations have no field for it."""
    for number, panel in enumerate(found["panels"], start=1):
        panel["id"] = number
    for mark, text in zip(found["annotations"]["list"], words, strict=True):
        mark |= {"titleFormat": text, "step": "30s"}
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
