"""The harder evaluation set: well formed, no text twice (that none is learnt: `test_corpus.py`)."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models import nomenclature as nomenclatures
from models.starter import declarations
from tests.quality.likeness import near_repeats

HARD = Path(declarations.__file__).parent / "evaluation" / "hard.csv"
CORRESPONDENCE = Path(nomenclatures.__file__).parent / "nomenclatures" / "naf_rev2_to_2025.csv"
FEWEST_ROWS, FEWEST_CLASSES = 700, 250
KINDS = {
    "indirect",
    "jargon",
    "misleading",
    "misspelt",
    "new",
    "one word",
    "rare",
    "several",
    "statutes",
    "vague",
    "variables",
}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Every declaration of the set."""
    with HARD.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_set_is_broad_and_each_row_names_its_difficulty(rows: list[dict[str, str]]) -> None:
    """Figures by kind of difficulty need the kinds to be those the data card explains."""
    assert len(rows) >= FEWEST_ROWS
    assert len({row["code"] for row in rows}) >= FEWEST_CLASSES
    assert {row["difficulty"] for row in rows} == KINDS


def test_codes_exist_and_go_together(rows: list[dict[str, str]]) -> None:
    """First and second choices are of NAF rev. 2, and the pair with NAF 2025 is in the correspondence."""
    with CORRESPONDENCE.open(encoding="utf-8", newline="") as file:
        pairs = {(row["naf_rev2"], row["naf_2025"]) for row in csv.DictReader(file)}
    assert {(row["code"], row["code_2025"]) for row in rows} - pairs == set()
    seconds = {row["second"] for row in rows} - {""}
    assert seconds <= set(nomenclatures.load("naf-rev2").codes)
    assert [row for row in rows if row["second"] == row["code"]] == []


def test_no_declaration_nearly_repeats_another(rows: list[dict[str, str]]) -> None:
    """Two thirds of the characters' 4-grams in common would count one difficulty twice."""
    assert near_repeats([row["description_activity"] for row in rows]) == []
