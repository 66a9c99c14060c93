"""The table from NAF rev. 2 to NAF 2025 as people read it; its coverage is in test_naf_2025.py."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from models import nomenclature as nomenclatures
from models.starter import declarations

TABLE = Path(nomenclatures.__file__).parent / "nomenclatures" / "naf_rev2_to_2025.csv"
EVALUATION = Path(declarations.__file__).parent / "evaluation" / "declarations.csv"


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, str]]:
    """(code in NAF rev. 2, code in NAF 2025) as they stand in the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [(row["naf_rev2"], row["naf_2025"]) for row in csv.DictReader(file)]


def test_the_correspondence_is_sorted_and_says_each_pair_once(pairs: list[tuple[str, str]]) -> None:
    """So that a change of it reads well."""
    assert pairs == sorted(set(pairs))


def test_codes_of_the_evaluation_set_go_together(pairs: list[tuple[str, str]]) -> None:
    """Written apart from the table and the corpus, each declaration's two codes are yet one of its pairs."""
    with EVALUATION.open(encoding="utf-8", newline="") as file:
        given = {(row["code"], row["code_2025"]) for row in csv.DictReader(file)}
    assert given - set(pairs) == set()
