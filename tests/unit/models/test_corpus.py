"""The starter corpus: broad enough, written by us, apart from what it is measured on, well formed."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models import nomenclature as nomenclatures
from models.starter import declarations
from models.starter.declarations import Declaration
from tests.quality.likeness import near_repeats, plain

STARTER = Path(declarations.__file__).parent
FILES = sorted((STARTER / "corpus").glob("*.txt"))
RAREST, FREQUENT, IN_ALL = 12, 100, 20_000
"""Distinct declarations: of any class, of each of the hundred most frequent, of the corpus."""
FEW_WORDS = 3
"""Names of activities of one or two words are nobody's writing: anyone would type them."""
MEASURED = {"declarations.csv": FEW_WORDS, "hard.csv": 4}
"""Evaluation set -> words from which no text of it may stand in the corpus."""

VALUES = {
    "type_form": r"[A-EGILMNPRSXYZ]",
    "nature": r"0[3-9]|1[0-7]|2[0-6]|99",
    "surface": r"[1-4]",
    "event": r"\d{2}[PMF]",
    "cj": r"\d{4}",
    "permanence": r"[PS]",
    "person": r"[PM]",
}
REFERENCE_TEXTS = {
    "reference_corpus.csv": ("text",),
    "naf_rev2.csv": ("subclass_label", "class_label", "group_label", "division_label", "section_label"),
    "naf_2025.csv": ("subclass_label", "division_label", "section_label"),
    "guichet_nomenclature.csv": (),
    "arc_test_filings.csv": ("U21_activite_entreprise", "E71_activite_principale"),
}
"""File of the reference data -> its columns of texts; none named means all of them."""


@pytest.fixture(scope="module")
def corpus() -> list[Declaration]:
    """Every line; reading it is itself a test of its format."""
    return declarations.declarations()


@pytest.fixture(scope="module")
def by_class(corpus: list[Declaration]) -> dict[str, list[Declaration]]:
    """Lines of each sub-class of NAF rev. 2."""
    found: dict[str, list[Declaration]] = defaultdict(list)
    for line in corpus:
        found[line.codes[0]].append(line)
    return found


def _distinct(lines: list[Declaration]) -> int:
    return len(lines) - len(near_repeats([line.text for line in lines]))


def test_every_sub_class_has_its_number_of_distinct_declarations(by_class: dict[str, list[Declaration]]) -> None:
    """Texts that share two thirds of their characters' 4-grams count as one."""
    with (STARTER / "class_weights.csv").open(encoding="utf-8", newline="") as file:
        weights = {row["code"]: int(row["weight"]) for row in csv.DictReader(file)}
    frequent = set(sorted(weights, key=lambda code: (-weights[code], code))[:100])
    distinct = {code: _distinct(lines) for code, lines in by_class.items()}

    assert set(distinct) == set(nomenclatures.load("naf-rev2").codes) == set(weights)
    too_few = {code: count for code, count in distinct.items() if count < (FREQUENT if code in frequent else RAREST)}
    assert too_few == {}
    assert sum(distinct.values()) >= IN_ALL


def test_lines_of_a_class_are_not_one_line_in_other_clothes(by_class: dict[str, list[Declaration]]) -> None:
    """No repeated line; and from four words on, none that nearly repeats another.

    Below four words a misspelling alone ("masage bien etre") makes a near-repeat: those are written
    on purpose, and merely count once.
    """
    repeated = []
    for code, lines in by_class.items():
        for later, earlier in near_repeats([line.text for line in lines]):
            text, before = plain(lines[later].text), plain(lines[earlier].text)
            same_decision = (lines[later].codes, lines[later].overrides) == (
                lines[earlier].codes,
                lines[earlier].overrides,
            )
            if same_decision and (text == before or min(len(text.split()), len(before.split())) > FEW_WORDS):
                repeated.append(f"{code}: {lines[later].text!r} ~ {lines[earlier].text!r}")
    assert repeated == []


def _told_apart_by(line: Declaration) -> tuple[object, ...]:
    """What a reader of a filing has beside the words: overrides, usual nature, usual type of filing."""
    usual = []
    for name in ("nature", "type_form"):
        weights = {value: weight for value, weight in line.profile.get(name, {}).items() if value != "-"}
        usual.append(max(weights, key=lambda value: (weights[value], value), default=None))
    return (*sorted(line.overrides.items()), *usual)


def test_a_text_that_stands_in_two_classes_has_a_variable_that_tells_them_apart(corpus: list[Declaration]) -> None:
    """The same words with the same nature and type of filing cannot mean two codes."""
    meanings: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for line in corpus:
        meanings[plain(line.text), *_told_apart_by(line)].add(line.codes[0])
    assert {key[0]: sorted(codes) for key, codes in meanings.items() if len(codes) > 1} == {}


def test_codes_are_in_their_nomenclatures_and_pairs_in_the_correspondence(corpus: list[Declaration]) -> None:
    """Both codes exist, and the one in NAF 2025 is one that the one in NAF rev. 2 may become."""
    folder = STARTER.parent / "nomenclatures"
    with (folder / "naf_rev2_to_2025.csv").open(encoding="utf-8", newline="") as file:
        possible = {(row["naf_rev2"], row["naf_2025"]) for row in csv.DictReader(file)}
    pairs = {line.codes for line in corpus}

    assert {rev2 for rev2, _ in pairs} == set(nomenclatures.load("naf-rev2").codes)
    assert {code for _, code in pairs} <= set(nomenclatures.load("naf-2025").codes)
    assert pairs - possible == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_the_classes_of_its_division_in_plain_characters(path: Path) -> None:
    """One file a division; no control character, no second bar, no trailing space inside a text."""
    text = path.read_text(encoding="utf-8")
    lines = list(declarations.read(path))

    assert {line.codes[0][:2] for line in lines} == {path.stem}
    assert re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]", text) == []
    assert [line.text for line in lines if "|" in line.text or not plain(line.text)] == []


def _unknown_values(line: Declaration) -> Iterator[str]:
    for name, value in line.overrides.items():
        if name not in VALUES or (value != declarations.MISSING and not re.fullmatch(VALUES[name], value)):
            yield f"{line.codes[0]} {line.text!r}: {name}={value}"
    for name, weights in line.profile.items():
        for value, weight in weights.items():
            known = name in VALUES and (value == declarations.MISSING or re.fullmatch(VALUES[name], value))
            if not known or weight < 1:
                yield f"{line.codes[0]} profile: {name}={value}:{weight}"


def test_profiles_and_overrides_use_the_values_that_filings_have(corpus: list[Declaration]) -> None:
    """A variable no filing has would be learnt and never met."""
    assert [fault for line in corpus for fault in _unknown_values(line)] == []


def test_every_line_makes_a_filing(corpus: list[Declaration]) -> None:
    """Drawn variables pass the schema's validation, whatever the seed."""
    for seed in (1, 2):
        for line in corpus[:: 25 + seed]:
            assert declarations.filing(line, seed=seed).description_activity == line.text


def test_no_line_is_a_text_of_the_reference_data(
    corpus: list[Declaration], reference_data: Callable[[str], Path]
) -> None:
    """Written by us: equal to no official or published text but for bare names of activities."""
    theirs: dict[str, str] = {}
    for name, columns in REFERENCE_TEXTS.items():
        with reference_data(name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                theirs |= {plain(row[column] or ""): name for column in columns or row}
    copied = {line.text: theirs[plain(line.text)] for line in corpus if plain(line.text) in theirs}
    assert {text: name for text, name in copied.items() if len(plain(text).split()) >= FEW_WORDS} == {}


@pytest.mark.parametrize("name", MEASURED)
def test_no_declaration_of_an_evaluation_set_is_in_the_corpus(corpus: list[Declaration], name: str) -> None:
    """A model is measured on what it has not read; bare names of trades may be in both."""
    ours = {plain(line.text) for line in corpus}
    with (STARTER / "evaluation" / name).open(encoding="utf-8", newline="") as file:
        theirs = {plain(row["description_activity"]) for row in csv.DictReader(file)}
    assert sorted(text for text in ours & theirs if len(text.split()) >= MEASURED[name]) == []
