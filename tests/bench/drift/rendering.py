"""Figures to the tables of docs/drift.md and its pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "drift.md"
IMAGES = ROOT / "docs" / "images"
BLOCK = re.compile(r"(<!-- measured:begin -->\n).*?(<!-- measured:end -->)", re.DOTALL)
TARGETS = {"strong": 500, "medium": 2_000, "gradual": 10_000}
COURSES = ("strong", "medium", "weak", "gradual")
SAID = {
    "new_trade": "a new trade, in words the model has not met",
    "class_mix": "the mix: section I in place of others",
    "renumbered": "nature codes renumbered",
    "dropped": "the form no longer asks for the nature",
    "lower_case": "capitals without accents become lower case",
    "english": "a source sends English",
}
AFTER = 15_000
Delays = Sequence[Mapping[str, Any] | int | None]


def write(figures: dict[str, Any]) -> None:
    """Write the block of the page and the pictures."""
    IMAGES.mkdir(exist_ok=True)
    parts = {
        "false_alarms": _false_alarms,
        "detection": _detection,
        "ablation": _ablation,
        "model_swap": _model_swap,
        "label_errors": _label_errors,
        "seasonal": _seasonal,
        "daily": _baselines,
    }
    text = "\n".join(draw(figures) for name, draw in parts.items() if name in figures)
    if "detection" in figures:
        (IMAGES / "drift-delays.svg").write_text(delays_picture(figures["detection"]))
    page = PAGE.read_text()
    PAGE.write_text(BLOCK.sub(lambda match: f"{match[1]}{text}{match[2]}", page))


def numbers(delays: Delays) -> list[float]:
    """Delays in filings; what was not detected counts as infinite."""
    found = [entry["delay"] if isinstance(entry, Mapping) else entry for entry in delays]
    return [math.inf if delay is None else float(delay) for delay in found]


def quantile(delays: Delays, share: float) -> float:
    """The delay within which this share of the seeds detected, at least."""
    ordered = sorted(numbers(delays))
    return ordered[math.ceil(share * len(ordered)) - 1]


def _said(delay: float, watched: int = AFTER) -> str:
    return f"{delay:,.0f}" if math.isfinite(delay) else f"over {watched:,}"


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _false_alarms(figures: Mapping[str, Any]) -> str:
    said = figures["false_alarms"]
    return (
        f"### False alarms\n\n{said['alarms']} over {said['filings']:,} undrifted filings, all signals together, each"
        f" of {figures['seeds']['false_alarms']} seeds with a baseline of its own: {said['per_million']:.2f} a million"
        f" (95 % upper bound {said['per_million_upper_95']:.2f}).\n"
    )


def _detection(figures: Mapping[str, Any]) -> str:
    rows = []
    for kind, by_course in figures["detection"].items():
        for course in COURSES:
            delays = by_course[course]
            target = TARGETS.get(course)
            within = sum(delay <= (target or AFTER) for delay in numbers(delays)) / len(delays)
            firsts = [entry["signal"] for entry in delays if entry]
            first = max(sorted(set(firsts)), key=firsts.count) if firsts else ""
            rows.append(
                (
                    SAID[kind],
                    course,
                    _said(quantile(delays, 0.5)),
                    _said(quantile(delays, 0.95)),
                    f"{within:.0%} within {target or AFTER:,}",
                    f"`{first}`" if first else "",
                )
            )
    table = _table(("what changes", "how", "median delay", "95 % of seeds", "detected", "first seen by"), rows)
    seeds = figures["seeds"]["detection"]
    return (
        f"### Delay, in filings from the start of the change\n\n{seeds} seeds a case.\n\n{table}\n"
        "![Delay of each seed by change and strength, with the figures to reach](images/drift-delays.svg)\n"
    )


def _ablation(figures: Mapping[str, Any]) -> str:
    rows = []
    for name, said in figures["ablation"].items():
        alarms = said["false"]
        strong = [delay for kind in said["detection"].values() for delay in kind["strong"]]
        medium = [delay for kind in said["detection"].values() for delay in kind["medium"]]
        rows.append(
            (
                name,
                f"{alarms['per_million']:.2f}",
                _said(quantile(strong, 0.95)),
                _said(quantile(medium, 0.95)),
                f"{sum(map(math.isfinite, numbers(medium))) / len(medium):.0%}",
            )
        )
    heading = ("what decides", "false alarms a million", "strong, 95 %", "medium, 95 %", "medium detected")
    watched = next(iter(figures["ablation"].values()))["false"]["filings"]
    return (
        "### Detectors and distances, alone and together\n\nOver a new trade and a dropped field,"
        f" {figures['seeds']['ablation']} seeds, {watched:,} undrifted filings each. A delay of a variant that raises"
        " many false alarms says little: a false one may have come first.\n\n" + _table(heading, rows)
    )


def _model_swap(figures: Mapping[str, Any]) -> str:
    said = figures["model_swap"]
    seeds = figures["seeds"]["model_swap"]
    return (
        f"### A model is swapped\n\nOver {seeds} seeds and 30,000 filings each after the swap: {said['inputs']} alarms"
        f" on inputs, {said['outputs']} on outputs, {said['swaps_counted']} swaps counted. English at the strong share"
        f" after it: 95 % of seeds within {_said(quantile(said['english_after'], 0.95))} filings.\n"
    )


def _label_errors(figures: Mapping[str, Any]) -> str:
    said = figures["label_errors"]
    rows = [
        (f"{rise} points more, from 10 %", *(_said(quantile(said[course], share), 5_000) for share in (0.5, 0.95)))
        for course, rise in (("strong", 20), ("medium", 10), ("weak", 5))
    ]
    return (
        f"### Labels go wrong more often\n\n{said['false_alarms']} false alarms over {said['labels_undrifted']:,}"
        " undrifted labels; delay in labels (outcomes drawn with that probability):\n\n"
        + _table(("errors", "median delay", "95 % of seeds"), rows)
    )


def _seasonal(figures: Mapping[str, Any]) -> str:
    rows = []
    for part, name in (("seasonal", "weekday and season known"), ("seasonal_without", "baseline alone")):
        if part in figures:
            years = figures[part]["alarms_by_year"]
            seeds = figures["seeds"][part]
            rows.append((name, *(f"{count / seeds:.2f}" for count in years)))
    return (
        "### Seasons\n\nSections that breathe by half over the year and by 30 % at weekends, 500 filings a day,"
        f" {figures['seeds']['seasonal']} seeds; alarms a year and seed, all signals together:\n\n"
        + _table(("", "first year", "second", "third"), rows)
    )


def _baselines(figures: Mapping[str, Any]) -> str:
    ours = figures.get("detection", {})
    rows = []
    for name, said in (("nightly tests, Bonferroni", figures["daily"]), ("Evidently", figures.get("evidently"))):
        if said is None:
            continue
        for course in COURSES:
            delays = [d for kind in said["detection"].values() for d in kind.get(course, [])]
            own = [d for kind in ours.values() for d in kind[course]]
            found = sum(map(math.isfinite, numbers(delays))) / len(delays)
            mine = _said(quantile(own, 0.95)) if own else ""
            rows.append((name, course, _said(quantile(delays, 0.5)), f"{found:.0%}", mine))
    text = _table(("who", "how", "median delay", "detected at all", "ours, 95 %"), rows)
    daily = figures["daily"]
    lines = [
        "### Beside what one would otherwise use\n",
        "Days of 5,000 filings, each held against the first at its end, three days after the change. Nightly:"
        f" chi-square and Kolmogorov-Smirnov at 5 % over all signals (Bonferroni): a false alarm on {daily['false']} of"
        f" {daily['days']} undrifted days.",
    ]
    theirs = figures.get("evidently")
    if theirs:
        false = ", ".join(f"`{name}` {count}" for name, count in sorted(theirs["false"].items())) or "none"
        lines.append(
            f"Evidently {theirs['version']}: the tests that `DataDriftPreset` chooses by default, a drift of any column"
            f" counts; false on {theirs['days']} undrifted days: {false}."
        )
    return "\n".join([*lines, "", text])


WIDTH, LEFT, TOP, LINE = 900, 250, 40, 22
LOW, HIGH = 100.0, 20_000.0


def delays_picture(detection: Mapping[str, Any]) -> str:
    """Every seed's delay as a stroke, by change and strength; the figure to reach as a bar."""
    marks: list[str] = []
    y = TOP
    for kind, by_course in detection.items():
        marks.append(f'<text x="8" y="{y + 15}" class="kind">{escape(SAID[kind])}</text>')
        y += LINE
        for course in COURSES:
            marks.append(f'<text x="{LEFT - 8}" y="{y + 15}" text-anchor="end">{course}</text>')
            if course in TARGETS:
                x = _x(TARGETS[course])
                marks.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 1}" y2="{y + LINE - 1}" class="target"/>')
            for delay in numbers(by_course[course]):
                x = _x(delay)
                marks.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 5}" y2="{y + LINE - 5}" class="seed"/>')
            y += LINE
        y += 8
    axis = [
        f'<text x="{_x(tick):.1f}" y="{y + 16}" text-anchor="middle">{tick:,}</text>'
        f'<line x1="{_x(tick):.1f}" x2="{_x(tick):.1f}" y1="{TOP}" y2="{y}" class="grid"/>'
        for tick in (100, 200, 500, 1_000, 2_000, 5_000, 10_000)
    ]
    caption = "Filings from the start of the change to the first alarm, a stroke a seed; bars: the figures to reach"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 48}"'
        ' font-family="sans-serif" font-size="12">'
        "<style>text{fill:#333}.kind{font-weight:bold}.seed{stroke:#1f6fb2;stroke-width:2;opacity:.55}"
        ".target{stroke:#c0392b;stroke-width:3}.grid{stroke:#ddd}</style>"
        f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="20">{caption}</text>'
        f"{''.join(axis)}{''.join(marks)}"
        f'<text x="{(LEFT + WIDTH) / 2}" y="{y + 38}" text-anchor="middle">'
        f"filings (right edge: none within {AFTER:,})</text>"
        "</svg>\n"
    )


def _x(delay: float) -> float:
    share = math.log(min(max(delay, LOW), HIGH) / LOW) / math.log(HIGH / LOW)
    return LEFT + share * (WIDTH - LEFT - 20)
