"""The report's pictures, each a function from figures to SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.intervals import wilson
from tests.quality import published
from tests.quality.chart import BLUE, GREEN, GREY, ORANGE, SOFT, Axis, Drawing, Plot, percents

OURS = (("naf-rev2", "Codiflux, NAF rev. 2", BLUE), ("naf-2025", "Codiflux, NAF 2025", GREEN))
WIDTH = 800
FEW = 20
"""Filings; a share of fewer is noise in a picture."""


def all_pictures(figures: Mapping[str, Any]) -> dict[str, str]:
    """File name -> SVG."""
    return {
        "quality-accuracy.svg": accuracy(figures),
        "quality-automation.svg": automation(figures),
        "quality-calibration.svg": calibration(figures["models"]["naf-rev2"]),
        "quality-sections.svg": sections(figures["models"]["naf-rev2"]),
    }


def accuracy(figures: Mapping[str, Any]) -> str:
    """By level of the nomenclature, and by how many candidates are looked at."""
    drawing = Drawing(WIDTH, 400, "Accuracy by level and among the first candidates")
    metrics = {name: figures["models"][name]["metrics"] for name, _, _ in OURS}
    up = Axis(0.7, 1.0, percents(70, 100, 5))
    levels = ("section", "division", "group", "class", "code")
    left = Plot(drawing, 60, 44, 310, 250, Axis(0.5, 5.5, list(enumerate(levels, start=1))), up)
    right = Plot(drawing, 460, 44, 310, 250, Axis(0.5, 5.5, [(k, f"top {k}") for k in range(1, 6)]), up)
    left.frame("Right at each level")
    right.frame("Code among the first candidates")
    for plot, key, theirs, prefix in (
        (left, "accuracy", published.LEVELS, "level_"),
        (right, "top_k", published.TOP_K, ""),
    ):
        for position in range(1, 6):
            for shift, (name, _, colour) in zip((-7, 7), OURS, strict=True):
                share = metrics[name][key][f"{prefix}{position}"]
                interval = metrics[name][f"{key}_intervals"][f"{prefix}{position}"]
                plot.whisker(position, interval, colour=colour, shift=shift)
                x, y = plot.at(position, share)
                drawing.dot(x + shift, y, colour=colour)
            x, y = plot.at(position, theirs["counter"][position - 1])
            drawing.dot(x, y, colour=ORANGE, hollow=True)
    drawing.legend(64, 350, [(words, colour, False) for _, words, colour in OURS])
    drawing.legend(
        300,
        350,
        [("Insee's model on real filings of the one-stop counter, published", ORANGE, True)],
    )
    drawing.text(288, 369, "bars: 95 % intervals; the two are not measured on the same filings", colour=SOFT)
    return drawing.svg()


def automation(figures: Mapping[str, Any]) -> str:
    """Error among the automatic against the share that is automatic."""
    drawing = Drawing(WIDTH, 430, "Automation and error of the auto lane")
    across = Axis(0.2, 1.0, percents(20, 100, 10), "filings coded without a human")
    plot = Plot(drawing, 60, 44, 700, 300, across, Axis(0.0, 0.25, percents(0, 25, 5)))
    plot.frame("Wrong codes among them")
    plot.curve([(0.2, 0.1), (1.0, 0.1)], colour=GREY, dashes="5 4", width=1.5)
    x, y = plot.at(0.2, 0.1)
    drawing.text(x + 6, y - 6, "the target, 10 %", colour=SOFT)
    for sample, hollow in (("counter", True), ("test", False)):
        points = published.automation_points(sample)
        plot.curve(points, colour=ORANGE, dashes="2 3", width=1.5)
        for share, error in points:
            plot.dot(share, error, colour=ORANGE, hollow=hollow, radius=3.5)
    for name, _, colour in OURS:
        model = figures["models"][name]
        plot.curve([point for point in model["curve"] if point[0] >= 0.2], colour=colour)
        plot.dot(model["metrics"]["automation"], model["metrics"]["auto_error"], colour=colour, radius=6)
    entries = [(f"{words} (mark: default threshold)", colour, False) for _, words, colour in OURS]
    drawing.legend(80, 72, entries)
    drawing.legend(
        80,
        110,
        [("Insee, one-stop counter, published", ORANGE, True), ("Insee, its test set, published", ORANGE, False)],
    )
    return drawing.svg()


def calibration(model: Mapping[str, Any]) -> str:
    """Stated probability against the share that was right, before and after calibration."""
    drawing = Drawing(WIDTH, 430, "Reliability of the stated probability")
    ticks = percents(0, 100, 20)
    plot = Plot(drawing, 60, 44, 330, 300, Axis(0, 1, ticks, "stated probability of the first code"), Axis(0, 1, ticks))
    plot.frame("Share of them right")
    plot.curve([(0, 0), (1, 1)], colour=GREY, dashes="5 4", width=1.5)
    for key, colour, hollow in (("before", GREY, True), ("after", BLUE, False)):
        bins = [entry for entry in model["reliability"][key] if entry[2] >= FEW]
        plot.curve([(stated, right) for stated, right, _ in bins], colour=colour, width=1.5)
        for stated, right, count in bins:
            if key == "after":
                plot.whisker(stated, wilson(round(right * count), count), colour=colour)
            plot.dot(stated, right, colour=colour, hollow=hollow)
    ece = model["ece"]
    drawing.legend(
        215,
        300,
        [(f"calibrated, ECE {ece['after']:.3f}", BLUE, False), (f"before, ECE {ece['before']:.3f}", GREY, True)],
    )
    drawing.text(60, 410, f"bars: 95 % intervals; groups of fewer than {FEW} filings are left out", colour=SOFT)
    _histogram(drawing, model["reliability"]["after"], ticks)
    return drawing.svg()


def _histogram(drawing: Drawing, bins: Sequence[Sequence[float]], ticks: Sequence[tuple[float, str]]) -> None:
    total = sum(count for _, _, count in bins)
    top = max(0.1, -(-max(count / total for _, _, count in bins) // 0.1) * 0.1)
    up = Axis(0, top, percents(0, round(top * 100), 10 if top < 0.55 else 20))
    plot = Plot(drawing, 470, 44, 300, 300, Axis(0, 1, ticks, "stated probability of the first code"), up)
    plot.frame("Share of the filings")
    width = plot.width / 10
    for stated, _, count in bins:
        position = min(int(stated * 10), 9)
        _, y = plot.at(0, count / total)
        drawing.box(plot.left + position * width + 2, y, width - 4, plot.top + plot.height - y, colour=BLUE)


def sections(model: Mapping[str, Any]) -> str:
    """Accuracy by section, most filings first."""
    rows = model["by_section"]
    drawing = Drawing(WIDTH, 90 + 24 * len(rows), "Accuracy by section")
    left, right, top = 330, 690, 44
    for value, words in percents(0, 100, 20):
        x = left + value * (right - left)
        drawing.line((x, top - 6), (x, top + 24 * len(rows)))
        drawing.text(x, top - 14, words, anchor="middle", colour=SOFT)
    for position, row in enumerate(rows):
        y = top + 24 * position + 12
        drawing.text(left - 12, y + 4, f"{row['section']}  {_short(row['label'])}", anchor="end")
        low, high = (left + bound * (right - left) for bound in row["interval"])
        drawing.line((low, y), (high, y), colour=GREY, width=2)
        drawing.dot(left + row["section_accuracy"] * (right - left), y, colour=BLUE, hollow=True, radius=4)
        drawing.dot(left + row["accuracy"] * (right - left), y, colour=BLUE)
        drawing.text(right + 20, y + 4, f"{row['rows']} filing{'s' if row['rows'] > 1 else ''}", colour=SOFT)
    bottom = top + 24 * len(rows) + 24
    drawing.legend(left, bottom, [("code right (bar: 95 % interval)", BLUE, False)])
    drawing.legend(left + 230, bottom, [("section right", BLUE, True)])
    return drawing.svg()


def _short(label: str, limit: int = 44) -> str:
    words = label[:1] + label[1:].lower() if label.isupper() else label
    return words if len(words) <= limit else words[:limit].rsplit(" ", 1)[0].rstrip(" ,;") + " …"
