"""Charts of what does not go by days: automation against error, cost, calibration."""

from __future__ import annotations

from collections.abc import Sequence

from models.backtest.curve import Costs, CurvePoint
from models.backtest.figures import ModelFigures, VariantFigures
from models.backtest.reliability import Reliability
from stream.replay.report.plot import Plot, headroom, plot
from stream.replay.report.words import Said, percent, say, significant

FEWEST = 20
"""Labelled filings below which a point of the curve is not drawn: its interval says nothing."""


def frontier(models: Sequence[ModelFigures], variants: Sequence[VariantFigures]) -> str:
    """Error of the auto lane against automation, with intervals and the policies' own points."""
    drawn = {model.number: _known(model.curve) for model in models}
    heights = [point.auto_error.value or 0.0 for points in drawn.values() for point in points]
    heights += [variant.auto_error.high for variant in variants if variant.auto_error.rows >= FEWEST]
    chart = plot("frontier", (0.0, 1.0), (0.0, min(1.0, headroom(max(heights, default=0.1)))))
    _shares(
        chart,
        say("part automatique", "automatic share"),
        say("erreur de la voie automatique", "error of the automatic lane"),
    )
    for number_, points in drawn.items():
        low = [(point.automation, point.auto_error.low) for point in points]
        high = [(point.automation, point.auto_error.high) for point in points]
        chart.band(low, high, number_)
    for number_, points in drawn.items():
        chart.line([(point.automation, point.auto_error.value or 0.0) for point in points], number_)
    for variant in variants:
        if variant.auto_error.value is not None and variant.automation.value is not None:
            place = (variant.automation.value, variant.auto_error.value)
            chart.whisker(place[0], variant.auto_error.low, variant.auto_error.high, variant.model)
            chart.dot(*place, variant.model, size=5.5 if variant.policy == 1 else 4.0, style="ringed")
    for model in models:
        if model.cheapest is not None and model.cheapest.auto_error.value is not None:
            chart.diamond(model.cheapest.automation, model.cheapest.auto_error.value, model.number)
    return chart.svg()


def cost(models: Sequence[ModelFigures], costs: Costs) -> str:
    """Minutes a filing against the threshold, with the cheapest."""
    drawn = {model.number: [point for point in model.curve if point.threshold <= 1.0] for model in models}
    drawn = {name: [p for p in points if p.auto_error.rows >= FEWEST] for name, points in drawn.items()}
    highest = max((point.minutes for points in drawn.values() for point in points), default=1.0)
    chart = plot("cost", (0.0, 1.0), (0.0, headroom(max(highest, costs.review_minutes))))
    chart.y_axis(chart.y.ticks(), significant, say("minutes par dossier", "minutes a filing"))
    chart.x_axis(
        chart.x.ticks(10), significant, say("seuil de l'indice de confiance", "threshold of the confidence index")
    )
    chart.rule(costs.review_minutes)
    chart.note(0.0, costs.review_minutes, say("tout en reprise", "all to review"), right=6, up=6)
    for number_, points in drawn.items():
        chart.line([(point.threshold, point.minutes) for point in points], number_)
    for model in models:
        best = model.cheapest
        if best is not None and best.threshold <= 1.0:
            chart.diamond(best.threshold, best.minutes, model.number)
            # Where two come close their words would cover each other: each stands on its own side.
            chart.note(
                best.threshold,
                best.minutes,
                significant(best.threshold),
                right=0,
                up=-22.0 if model.number % 2 else 13.0,
                anchor="middle",
            )
    return chart.svg()


def calibration(name: str, figures: Reliability, series: int) -> str:
    """Share of right codes against the stated probability, and how many filings are behind it."""
    chart = plot(name, (0.0, 1.0), (0.0, 1.0), width=440, height=380, left=62)
    _shares(
        chart, say("probabilité annoncée", "stated probability"), say("part de codes justes", "share of right codes")
    )
    most = max((one.right.rows for one in figures.bins), default=0)
    for one in figures.bins:
        if most and one.right.rows:
            chart.bar(one.low + 0.006, one.high - 0.006, 0.0, 0.18 * one.right.rows / most, 0, style="faint")
    chart.diagonal()
    for one in figures.bins:
        if one.stated is not None and one.right.value is not None:
            chart.whisker(one.stated, one.right.low, one.right.high, series)
            chart.dot(one.stated, one.right.value, series)
    return chart.svg()


def legend(entries: Sequence[tuple[str, Said]]) -> str:
    """What marks mean: class of the mark, and its words."""
    return (
        '<ul class="legend">'
        + "".join(f'<li><i class="{mark}"></i>{said.html()}</li>' for mark, said in entries)
        + "</ul>"
    )


def _known(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    return [point for point in points if point.auto_error.rows >= FEWEST]


def _shares(chart: Plot, x: Said, y: Said) -> None:
    digits = 0 if chart.y.high - chart.y.low > 0.06 else 1
    chart.y_axis(chart.y.ticks(), lambda value: percent(value, digits), y)
    chart.x_axis(chart.x.ticks(10 if chart.width > 600 else 5), lambda value: percent(value, 0), x)
