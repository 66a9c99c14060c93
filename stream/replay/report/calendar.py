"""Charts of what goes by days: errors known and in hindsight, work, drift, retraining."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise

from models.backtest.days import Day, Workload
from models.backtest.drift_figures import DriftSignal
from models.backtest.estimates import Estimate
from models.backtest.figures import RetrainedPeriod, ScheduleFigures
from stream.replay.report.charts import FEWEST
from stream.replay.report.plot import Plot, headroom, plot
from stream.replay.report.words import day, number, percent, say, significant

MOST_BARS = 130
"""Days beyond which a bar stands for a week."""


def knowledge(days: Sequence[Day]) -> str:
    """Error of the auto lane: as it was known each evening, and with hindsight."""
    drawn = [(points, series) for piece in _pieces(days) for points, series in _known_and_after(piece)]
    highest = max((estimate.high for points, _ in drawn for _, estimate in points), default=0.1)
    chart = plot("knowledge", _range(days), (0.0, min(1.0, headroom(highest))))
    _days_axis(chart, days)
    digits = 0 if chart.y.high > 0.06 else 1
    title = say("erreur de la voie automatique", "error of the automatic lane")
    chart.y_axis(chart.y.ticks(), lambda value: percent(value, digits), title)
    for points, series in drawn:
        chart.band([(x, e.low) for x, e in points], [(x, e.high) for x, e in points], series)
    for points, series in drawn:
        chart.line([(x, _value(e)) for x, e in points], series, style="" if series == 1 else "dashed")
    return chart.svg()


def _known_and_after(days: Sequence[Day]) -> list[tuple[list[tuple[float, Estimate]], int]]:
    """Points of the two lines over some days, with the number of each."""
    known = [(_x(one.day), one.auto_error_known) for one in days if one.auto_error_known.rows >= FEWEST]
    after = [(_x(one.day), one.auto_error_hindsight) for one in days if one.auto_error_hindsight.rows >= FEWEST]
    return [(known, 1), (after, 2)]


def _pieces(days: Sequence[Day]) -> list[Sequence[Day]]:
    """Days that follow each other: a line across the days that are not given would say what nobody knows."""
    numbers = [one.day.toordinal() for one in days]
    cuts = [place for place in range(1, len(days)) if numbers[place] > numbers[place - 1] + 1]
    return [days[start:end] for start, end in pairwise([0, *cuts, len(days)])]


def days_a_bar(days: Sequence[Day]) -> int:
    """1, or 7 in a long history."""
    return 1 if not days or (days[-1].day - days[0].day).days < MOST_BARS else 7


def work(name: str, days: Sequence[Day], workload: Workload, review_minutes: float) -> str:
    """Filings for the review team by day, or by week of a long history; hours at the right."""
    step = days_a_bar(days)
    low, high = _range(days)
    bars = [(place, list(bar)) for place, bar in groupby(days, lambda one: int(_x(one.day) - low) // step)]
    totals = [sum(one.review + one.audit for one in bar) for _, bar in bars]
    chart = plot(name, _range(days), (0.0, headroom(max(totals, default=1))), right=66)
    _days_axis(chart, days)
    title = say("dossiers par jour", "filings a day") if step == 1 else say("dossiers par semaine", "filings a week")
    chart.y_axis(chart.y.ticks(), number, title)
    hours = [value for value in chart.y.ticks() if value]
    chart.right_axis(hours, lambda value: significant(round(value * review_minutes / 60, 2)), say("heures", "hours"))
    for place, bar in bars:
        left, right = low + place * step, min(low + (place + 1) * step, high)
        gap = 0.12 * (right - left)
        reviews, audits = sum(one.review for one in bar), sum(one.audit for one in bar)
        chart.bar(left + gap, right - gap, 0.0, reviews, 1)
        chart.bar(left + gap, right - gap, reviews, reviews + audits, 2)
    if step == 1:
        chart.rule(workload.busy)
    return chart.svg()


def drift(name: str, signal: DriftSignal) -> str:
    """Distance of one signal against the noise floor; days with a standing alarm are marked."""
    days = [point.day for point in signal.points]
    span = (_x(days[0]), _x(days[-1]) + 1.0)
    highest = max(max(point.distance, point.floor) for point in signal.points)
    chart = plot(name, span, (0.0, headroom(highest, 3)), width=440, height=190, left=58)
    for point in signal.points:
        if point.drifting:
            chart.bar(_x(point.day), _x(point.day) + 1, 0.0, chart.y.high, 2, style="marked")
    _ticks(chart, days[0], days[-1], 4)
    chart.y_axis(chart.y.ticks(3), significant, say("distance de Hellinger", "Hellinger distance"))
    chart.line([(_x(point.day) + 0.5, point.floor) for point in signal.points], 0, style="dashed")
    chart.line([(_x(point.day) + 0.5, point.distance) for point in signal.points], 1)
    return chart.svg()


def retraining(schedules: Sequence[ScheduleFigures]) -> str:
    """Accuracy of each period under each schedule."""
    drawn = [[p for p in schedule.periods if p.accuracy.rows >= FEWEST] for schedule in schedules]
    every = [period for periods in drawn for period in periods]
    first = min(schedule.periods[0].start for schedule in schedules)
    last = max(schedule.periods[-1].end for schedule in schedules)
    low = min((period.accuracy.low for period in every), default=0.0)
    bottom = max(0.0, int(low * 20) / 20)
    chart = plot("retraining", (_x(first), _x(last)), (bottom, 1.0))
    _ticks(chart, first, last - timedelta(days=1), 7)
    chart.y_axis(chart.y.ticks(), lambda v: percent(v, 0), say("part de codes justes", "share of right codes"))
    for series, periods in enumerate(drawn, start=1):
        # Set a little apart, so that intervals of one period do not cover each other.
        shift = (series - 1 - (len(drawn) - 1) / 2) * 0.006 * (_x(last) - _x(first))
        places = [(_middle(period) + shift, period.accuracy) for period in periods]
        chart.line([(x, _value(estimate)) for x, estimate in places], series)
        for x, estimate in places:
            chart.whisker(x, estimate.low, estimate.high, series)
            chart.dot(x, _value(estimate), series)
    return chart.svg()


def _value(estimate: Estimate) -> float:
    return estimate.value or 0.0


def _middle(period: RetrainedPeriod) -> float:
    return (_x(period.start) + _x(period.end)) / 2


def _x(value: date) -> float:
    return float(value.toordinal())


def _range(days: Sequence[Day]) -> tuple[float, float]:
    return (_x(days[0].day), _x(days[-1].day) + 1.0) if days else (0.0, 1.0)


def _days_axis(chart: Plot, days: Sequence[Day]) -> None:
    if days:
        _ticks(chart, days[0].day, days[-1].day, 8)


def _ticks(chart: Plot, first: date, last: date, about: int) -> None:
    """Days of the months' beginnings where the history is long, of weeks or days where it is short."""
    span = (last - first).days + 1
    if span > 7 * about:
        months = [month for month in _months(first, last) if month >= first]
        kept = months[:: max(1, -(-len(months) // about))]
    else:
        step = next((s for s in (1, 2, 7) if span / s <= about), 7)
        kept = [first + timedelta(days=offset) for offset in range(0, span, step)]
    years = first.year != last.year
    chart.x_axis(
        [_x(one) for one in kept],
        lambda x: day(date.fromordinal(int(x)), year=years),
        say("jour (UTC)", "day (UTC)"),
    )


def _months(first: date, last: date) -> list[date]:
    """First days of months; the first may be before `first`. No day after 9999-12-31 is asked for."""
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(month // 12, month % 12 + 1, 1) for month in months]
