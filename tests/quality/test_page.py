"""The quality report on the page is the one that was measured, on what is here now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

import pytest

from tests.quality import measure, published
from tests.quality.__main__ import FIGURES, IMAGES, PAGE, ROOT, read_figures, rendered, sources

STALE = "run `make quality`"


def test_the_report_s_figures_belong_to_the_models_it_names() -> None:
    """Every version on the page is one that was measured, and both that were measured are named."""
    measured = {model["version"] for model in read_figures()["models"].values()}
    assert set(re.findall(r"`(model-[0-9a-f]{12})`", PAGE.read_text(encoding="utf-8"))) == measured, STALE


def test_the_report_was_measured_on_this_corpus_and_these_evaluation_sets() -> None:
    """Training data, evaluation sets or features that changed since give other figures."""
    assert read_figures()["sources"] == sources(), STALE


def test_generated_files_are_what_the_figures_give() -> None:
    """Nobody edited a figure by hand; pictures and the data card's counts included."""
    stale = [path.name for path, text in rendered(read_figures()).items() if path.read_text(encoding="utf-8") != text]
    assert stale == [], STALE


def test_pictures_are_well_formed_and_shown() -> None:
    """Each is an SVG with a title, and the page shows it."""
    page = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]+\]\(images/([^)]+)\)", page)
    there = sorted(path.name for path in IMAGES.glob("quality-*"))
    assert sorted(shown) == there
    for name in shown:
        root = ElementTree.fromstring((IMAGES / name).read_text(encoding="utf-8"))
        assert root[0].tag.endswith("title")
        assert root[0].text


def test_insee_s_figures_are_those_it_published() -> None:
    """The constants we quote equal the published tables, where those are here."""
    data = ROOT.parent / "shared" / "data"
    quoted: dict[str, Mapping[str, tuple[float, ...]]] = {
        "insee_accuracy_lvl.csv": published.LEVELS,
        "insee_topk_accuracy.csv": published.TOP_K,
        "insee_accuracy_reprise.csv": {
            sample: tuple(accuracy for _, accuracy in points) for sample, points in published.REVIEWED.items()
        },
    }
    if not all((data / name).is_file() for name in quoted):
        pytest.skip("reference data not here: ../shared/data/insee_*.csv")
    for name, ours in quoted.items():
        lines = (data / name).read_text(encoding="utf-8").splitlines()[1:]
        theirs = [round(float(line.rsplit(",", 1)[1]), 4) for line in lines]
        assert theirs == [*ours["counter"], *ours["test"]]


def test_every_declaration_of_the_evaluation_sets_is_measured() -> None:
    """No row is left out as unreadable, in either nomenclature."""
    for name in measure.CODE_COLUMN:
        found = read_figures()["models"][name]
        for path, figures in ((measure.EVALUATION, found), (measure.HARD, found["hard"])):
            rows = path.read_text(encoding="utf-8").count("\n") - 1
            assert len(measure.evaluation_set(name, path)) == rows
            assert figures["metrics"]["rows"] == rows


def test_figures_are_short_and_sorted() -> None:
    """A measurement that changed little changes few lines of the file."""
    text = FIGURES.read_text(encoding="utf-8")
    assert re.findall(r"\d\.\d{7,}", text) == []
