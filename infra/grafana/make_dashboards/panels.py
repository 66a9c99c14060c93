"""The kinds of panels we use, each with a title, a description, a unit and queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, dashboard, heatmap, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models import common as c
from grafana_foundation_sdk.models import dashboard as d
from grafana_foundation_sdk.models import heatmap as h
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

DATA_SOURCE = c.DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, AMBER, RED, BLUE = "green", "orange", "red", "blue"
Steps = Sequence[tuple[float | None, str]]
"""Colours from a value on; the first from the lowest."""


@dataclass(frozen=True)
class Query:
    """PromQL, and what its series are called (`{{label}}`)."""

    expression: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """What every panel has.

    Parameters
    ----------
    unit
        Grafana's name of it: s, reqps, percentunit, short ...
    width, height
        On a grid of 24 columns; rows of 30 pixels.
    steps
        Colours by value; of a time series, also drawn as lines.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    width: int = 8
    height: int = 8
    steps: Steps = ()
    options: dict[str, Any] = field(default_factory=dict)


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    values = [d.Threshold(value=value, color=colour) for value, colour in steps or ((None, GREEN),)]
    return dashboard.ThresholdsConfig().mode(d.ThresholdsMode.ABSOLUTE).steps(values)


def _targets(panel: Panel, *, instant: bool = False, form: PromQueryFormat | None = None) -> list[Any]:
    targets = []
    for ref_id, query in zip("ABCDEFGH", panel.queries, strict=False):
        target = Dataquery().datasource(DATA_SOURCE).expr(query.expression).ref_id(ref_id)
        target.legend_format(query.legend or "__auto")
        (target.instant if instant else target.range)()
        targets.append(target.format(form) if form else target)
    return targets


def _dress(builder: Any, panel: Panel, targets: list[Any]) -> Any:
    builder.title(panel.title).description(panel.description).datasource(DATA_SOURCE)
    builder.height(panel.height).span(panel.width).targets(targets)
    return builder.unit(panel.unit).thresholds(_thresholds(panel.steps))


def _legend() -> common.VizLegendOptions:
    shown = common.VizLegendOptions().display_mode(c.LegendDisplayMode.LIST)
    return shown.placement(c.LegendPlacement.BOTTOM).show_legend(True)


def lines(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    stacked: bool = False,
    logarithmic: bool = False,
    bands: bool = False,
    **rest: Any,
) -> Any:
    """Values over time.

    Parameters
    ----------
    bands
        The thresholds are drawn, as dashed lines.
    """
    panel = Panel(title, description, unit, queries, **rest)
    builder = _dress(timeseries.Panel(), panel, _targets(panel))
    builder.line_width(2).fill_opacity(30 if stacked else 6).show_points(c.VisibilityMode.NEVER)
    builder.legend(_legend())
    builder.tooltip(common.VizTooltipOptions().mode(c.TooltipDisplayMode.MULTI).sort(c.SortOrder.DESCENDING))
    if stacked:
        builder.stacking(common.StackingConfig().mode(c.StackingMode.NORMAL))
    if logarithmic:
        builder.scale_distribution(common.ScaleDistributionConfig().type(c.ScaleDistribution.LOG).log(10))
    else:
        builder.axis_soft_min(0)
    if bands:
        builder.thresholds_style(common.GraphThresholdsStyleConfig().mode(c.GraphThresholdsStyleMode.DASHED))
    if "max" in panel.options:
        builder.max(panel.options["max"])
    return builder


def figure(title: str, description: str, unit: str, *queries: Query, **rest: Any) -> Any:
    """The last number of each query, coloured by the thresholds; at rest the last that there was."""
    panel = Panel(title, description, unit, queries, width=4, height=4, **rest)
    builder = _dress(stat.Panel(), panel, _targets(panel))
    builder.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    builder.graph_mode(c.BigValueGraphMode.NONE).color_mode(c.BigValueColorMode.VALUE)
    if "none" in panel.options:
        builder.no_value(panel.options["none"])
    if "decimals" in panel.options:
        builder.decimals(panel.options["decimals"])
    return builder


def map_of_buckets(title: str, description: str, unit: str, *queries: Query, **rest: Any) -> Any:
    """A histogram's buckets over time; darker is more."""
    panel = Panel(title, description, unit, queries, **rest)
    builder = _dress(heatmap.Panel(), panel, _targets(panel, form=PromQueryFormat.HEATMAP))
    builder.y_axis(heatmap.YAxisConfig().unit(panel.unit))
    colours = heatmap.HeatmapColorOptions().mode(h.HeatmapColorMode.SCHEME).scheme("Blues").reverse(False).steps(32)
    return builder.color(colours).calculate(False)


def map_of_series(title: str, description: str, unit: str, *queries: Query, **rest: Any) -> Any:
    """A row a series, blue below zero and red above: where something moved, and when."""
    panel = Panel(title, description, unit, queries, **rest)
    builder = _dress(heatmap.Panel(), panel, _targets(panel))
    builder.cell_values(heatmap.CellValues().unit(panel.unit))
    builder.rows_frame(heatmap.RowsHeatmapOptions().layout(c.HeatmapCellLayout.AUTO))
    bound = panel.options["bound"]
    colours = heatmap.HeatmapColorOptions().mode(h.HeatmapColorMode.SCHEME).scheme("RdBu").reverse(True).steps(64)
    return builder.color(colours.min(-bound).max(bound)).calculate(False)


def states(
    title: str, description: str, unit: str, *queries: Query, names: Sequence[tuple[int, str, str]], **rest: Any
) -> Any:
    """A bar a series, coloured by its state: (value, name, colour)."""
    panel = Panel(title, description, unit, queries, **rest)
    builder = _dress(statetimeline.Panel(), panel, _targets(panel))
    results = {
        str(value): d.ValueMappingResult(text=name, color=colour, index=place)
        for place, (value, name, colour) in enumerate(names)
    }
    builder.mappings([d.ValueMap(options=results)]).show_value(c.VisibilityMode.NEVER).row_height(0.8)
    return builder.legend(_legend())


def _merged(panel: Panel, label: str) -> list[Any]:
    """Instant queries side by side: a row a value of the label, a column a query."""
    names = {f"Value #{ref}": query.legend for ref, query in zip("ABCDEFGH", panel.queries, strict=False)}
    if len(panel.queries) == 1:
        names = {"Value": panel.queries[0].legend} | names
    order = {label: 0} | {name: place + 1 for place, name in enumerate(names)}
    return [
        d.DataTransformerConfig(id_val="joinByField", options={"byField": label, "mode": "outer"}),
        d.DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": dict.fromkeys(("Time", *(f"Time {n}" for n in range(1, 9))), True),
                "indexByName": order,
                "renameByName": names,
            },
        ),
    ]


def bars(title: str, description: str, unit: str, *queries: Query, by: str, **rest: Any) -> Any:
    """Queries beside each other for each value of a label, as they stand now."""
    panel = Panel(title, description, unit, queries, **rest)
    targets = _targets(panel, instant=True, form=PromQueryFormat.TABLE)
    builder = _dress(barchart.Panel(), panel, targets).transformations(_merged(panel, by))
    builder.x_field(by).x_tick_label_rotation(0).group_width(0.8)
    return builder.legend(_legend())


def rows(
    title: str,
    description: str,
    unit: str,
    *queries: Query,
    by: str,
    units: dict[str, str] | None = None,
    **rest: Any,
) -> Any:
    """A table: a row a value of the label, a column a query, as they stand now.

    Parameters
    ----------
    units
        Of columns that have another unit than the panel, by legend.
    """
    panel = Panel(title, description, unit, queries, **rest)
    targets = _targets(panel, instant=True, form=PromQueryFormat.TABLE)
    builder = _dress(table.Panel(), panel, targets).transformations(_merged(panel, by))
    for name, unit in (units or {}).items():
        builder.override_by_name(name, [d.DynamicConfigValue(id_val="unit", value=unit)])
    return builder
