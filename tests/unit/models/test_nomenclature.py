"""NAF rev. 2 as shipped, and nomenclatures of one's own."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import NomenclatureError
from models.nomenclature import Nomenclature, from_rows, load, to_rows


def _write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_naf_rev2_is_insee_s_code_by_code(naf: Nomenclature, reference_data: Callable[[str], Path]) -> None:
    """732 codes, their labels, their four branches and the branches' labels equal Insee's table."""
    with reference_data("naf_rev2.csv").open(encoding="utf-8", newline="") as file:
        official = {row["subclass"]: row for row in csv.DictReader(file)}

    assert set(naf.codes) == set(official)
    for code, row in official.items():
        assert naf.labels[code] == row["subclass_label"]
        assert naf.paths[code] == (row["section"], row["division"], row["group"], row["class"], code)
        for level in ("section", "division", "group", "class"):
            assert naf.branch_labels[row[level]] == row[f"{level}_label"]


def test_naf_rev2_has_its_counts_at_every_level(naf: Nomenclature) -> None:
    """21 sections, 88 divisions, 272 groups, 615 classes, 732 sub-classes."""
    counts = [len({naf.ancestor(code, level) for code in naf.codes}) for level in range(1, naf.depth + 1)]

    assert counts == [21, 88, 272, 615, 732]
    assert naf.level_names == ("section", "division", "group", "class", "code")


def test_a_table_without_levels_has_only_the_code_s_own(tmp_path: Path) -> None:
    """Levels are not invented from the digits of a code."""
    table = load(_write(tmp_path / "own.csv", "code,label\n10110,Abattoirs\n17120,Paper\n"))

    assert table.depth == 1
    assert table.level_names == ("code",)
    assert table.section("10110") is None
    assert table.paths["10110"] == ("10110",)


def test_a_table_with_levels_has_those_it_names_in_that_order(tmp_path: Path) -> None:
    """Each further column is a level, from the broadest."""
    table = load(_write(tmp_path / "own.csv", "\ufeffcode,label,domain,family\nA1,One,D,F1\nA2,Two,D,F2\n"))

    assert table.level_names == ("domain", "family", "code")
    assert table.section("A2") == "D"
    assert table.ancestor("A2", 2) == "F2"


def test_a_table_survives_being_written_and_read(naf: Nomenclature) -> None:
    """What an artefact keeps of a nomenclature is all of its codes, labels and levels."""
    header, rows = to_rows(naf)
    again = from_rows(naf.name, [dict(zip(header, row, strict=True)) for row in rows])

    assert (again.labels, again.paths, again.level_names) == (naf.labels, naf.paths, naf.level_names)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("code,name\nA,One\nB,Two\n", "column label is missing"),
        ("label\nOne\nTwo\n", "column code is missing"),
        ("code,label\nA 1,One\n", "line 2: code 'A 1' has a blank in it"),
        ("code,label\nA,One\nA,Two\n", "line 3: code A is there twice"),
        ("code,label\nA,One\nB,\n", "line 3: an empty cell"),
        ("code,label,section\nA,One,S\nB,Two\n", "line 3: an empty cell"),
        ("code,label\nA,One\n", "at least two codes"),
        ("", "at least two codes"),
    ],
)
def test_a_table_that_is_no_nomenclature_is_refused_with_its_line(tmp_path: Path, content: str, said: str) -> None:
    """The error names the table and, where it can, the line."""
    path = _write(tmp_path / "own.csv", content)

    with pytest.raises(NomenclatureError, match=said) as raised:
        load(path)

    assert "own" in str(raised.value)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    """A Latin-1 table is not read with wrong letters."""
    path = tmp_path / "own.csv"
    path.write_bytes("code,label\nA,Pêche\nB,Forêt\n".encode("latin-1"))

    with pytest.raises(NomenclatureError, match="not a UTF-8 CSV file"):
        load(str(path))


def test_a_table_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    """A folder, or a path that leads through a file: one line with the system's word."""
    (tmp_path / "file").write_text("")
    for path, said in ((tmp_path, "Is a directory"), (tmp_path / "file" / "naf.csv", "Not a directory")):
        with pytest.raises(NomenclatureError, match=said) as raised:
            load(str(path))
        assert str(path) in str(raised.value)


def test_an_unknown_name_says_which_there_are() -> None:
    """A typing error in the name is told with the names that exist."""
    with pytest.raises(NomenclatureError, match="naf-rev2"):
        load("naf-rev3")


@pytest.mark.parametrize("written", ["4322A", "43.22A", "43.22a", " 43 22 A", "43-22A"])
def test_a_code_is_known_however_it_is_dotted(naf: Nomenclature, written: str) -> None:
    """Dots, blanks, dashes and case do not matter."""
    assert naf.canonical(written) == "4322A"


@pytest.mark.parametrize("written", ["", "4322", "4322B9", "plomberie"])
def test_what_is_no_code_is_none(naf: Nomenclature, written: str) -> None:
    """Branches above the codes are no codes either."""
    assert naf.canonical(written) is None


def test_codes_that_differ_in_their_dots_alone_are_told_apart() -> None:
    """A loose spelling of two codes is neither of them; an exact one is itself."""
    rows = [{"code": code, "label": code} for code in ("1.11", "11.1", "2.00")]
    table = from_rows("own", rows)

    assert [table.canonical(written) for written in ("1.11", "11.1", "111", "200")] == ["1.11", "11.1", None, "2.00"]
