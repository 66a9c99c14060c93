"""A dashboard as a picture: the panels where Grafana puts them, with what Prometheus answers.

Not Grafana's drawing: a small one of our own, for documents. Titles, queries, units, legends,
thresholds and places are those of the JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.dashboards import plots, tables
from tests.dashboards.plots import Field, Named
from tests.dashboards.prometheus import Series
from tests.dashboards.viewer import Viewer, legend
from tests.quality.chart import GRID, INK, SOFT, Drawing

COLUMN, LINE = 58, 30
MARGIN = 12
TITLE_ROOM = 30
BACKGROUND = "#f6f8fa"
PLOTS = {
    "timeseries": plots.lines,
    "state-timeline": plots.states,
    "stat": tables.figure,
}


def picture(viewer: Viewer, *, note: str, repeated: Mapping[str, str]) -> str:
    """The whole dashboard as SVG.

    Parameters
    ----------
    note
        Said beside the title: where the figures come from.
    repeated
        Of a variable that a row is repeated for, the value that is drawn.
    """
    panels = viewer.dashboard["panels"]
    height = max(p["gridPos"]["y"] + p["gridPos"]["h"] for p in panels) * LINE + 2 * MARGIN + 46
    drawing = Drawing(24 * COLUMN + 2 * MARGIN, height, viewer.dashboard["title"])
    drawing.box(0, 0, drawing.width, height, colour=BACKGROUND)
    drawing.text(MARGIN + 4, 30, viewer.dashboard["title"], size=20)
    drawing.text(drawing.width - MARGIN - 4, 30, note, anchor="end", colour=SOFT)
    for panel in panels:
        if panel.get("repeat"):
            viewer = viewer.choosing(panel["repeat"], repeated[panel["repeat"]])
        _panel(drawing, viewer, panel, 46.0)
    return drawing.svg()


def _panel(drawing: Drawing, viewer: Viewer, panel: dict[str, Any], top: float) -> None:
    place = panel["gridPos"]
    x, y = MARGIN + place["x"] * COLUMN, top + place["y"] * LINE
    width, height = place["w"] * COLUMN, place["h"] * LINE
    if panel["type"] == "row":
        drawing.text(x + 4, y + 20, viewer.fill(panel["title"]), size=14, colour=INK)
        return
    drawing.parts.append(
        f'<rect x="{x + 3}" y="{y + 3:g}" width="{width - 6}" height="{height - 6}" rx="3" fill="#ffffff"'
        f' stroke="{GRID}"/>'
    )
    drawing.text(x + 14, y + 22, panel["title"], size=12)
    field = Field(
        drawing, x + 14, y + TITLE_ROOM + 6, width - 28, height - TITLE_ROOM - 16, viewer.start, viewer.end
    )  # fmt: skip
    answers = viewer.answers(panel)
    if panel["type"] in ("barchart", "table"):
        (tables.bars if panel["type"] == "barchart" else tables.rows)(field, panel, answers)
        return
    draw = PLOTS.get(panel["type"]) or _map_of(panel)
    draw(field, panel, _named(panel, answers))


def _map_of(panel: dict[str, Any]) -> Any:
    buckets = panel["targets"][0].get("format") == "heatmap"
    return plots.map_of_buckets if buckets else plots.map_of_series


def _named(panel: dict[str, Any], answers: Sequence[Sequence[Series]]) -> list[Named]:
    return [
        Named(legend(target, series), series.points)
        for target, found in zip(panel["targets"], answers, strict=True)
        for series in sorted(found, key=lambda series: sorted(series.labels.items()))
        if series.points
    ]
