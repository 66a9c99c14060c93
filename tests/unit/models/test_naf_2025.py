"""NAF 2025 as shipped, and what of NAF rev. 2 may become what of it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from models.nomenclature import Nomenclature, load
from models.starter.declarations import declarations


@pytest.fixture(scope="module")
def naf_2025() -> Nomenclature:
    """NAF 2025, as shipped."""
    return load("naf-2025")


@pytest.fixture(scope="module")
def correspondence() -> set[tuple[str, str]]:
    """Pairs of codes, NAF rev. 2 then NAF 2025, that one business may bear."""
    table = resources.files("models") / "nomenclatures" / "naf_rev2_to_2025.csv"
    with table.open(encoding="utf-8") as file:
        return {(row["naf_rev2"], row["naf_2025"]) for row in csv.DictReader(file)}


def test_naf_2025_is_insee_s_code_by_code(naf_2025: Nomenclature, reference_data: Callable[[str], Path]) -> None:
    """747 codes, their labels and branches; labels of sections in sentence case."""
    with reference_data("naf_2025.csv").open(encoding="utf-8", newline="") as file:
        official = {row["subclass"]: row for row in csv.DictReader(file)}

    assert set(naf_2025.codes) == set(official)
    for code, row in official.items():
        assert naf_2025.labels[code] == row["subclass_label"].strip()
        assert naf_2025.paths[code] == (row["section"], row["division"], code[:3], row["class"], code)
        assert naf_2025.branch_labels[row["division"]] == row["division_label"].strip()
        assert naf_2025.branch_labels[row["section"]].casefold() == row["section_label"].strip().casefold()


def test_naf_2025_has_its_counts_at_every_level(naf_2025: Nomenclature) -> None:
    """22 sections, 87 divisions, 287 groups, 651 classes, 747 sub-classes; levels named as in NAF rev. 2."""
    counts = [
        len({naf_2025.ancestor(code, level) for code in naf_2025.codes}) for level in range(1, naf_2025.depth + 1)
    ]

    assert counts == [22, 87, 287, 651, 747]
    assert naf_2025.level_names == load("naf-rev2").level_names


def test_every_code_of_both_nomenclatures_corresponds_to_some_code(
    correspondence: set[tuple[str, str]], naf: Nomenclature, naf_2025: Nomenclature
) -> None:
    """Nothing is without a successor or a predecessor, and no code is unknown."""
    assert {old for old, _ in correspondence} == set(naf.codes)
    assert {new for _, new in correspondence} == set(naf_2025.codes)


def test_both_codes_of_every_starter_declaration_correspond(correspondence: set[tuple[str, str]]) -> None:
    """A line whose two codes cannot go together has one of them wrong."""
    wrong = [line for line in declarations() if line.codes not in correspondence]

    assert wrong == []
