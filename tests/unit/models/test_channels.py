"""A shop's goods sold otherwise: the nature of the filing makes another code of the same words."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from models import nomenclature as nomenclatures
from models.augmentation import Augmentation, varied_filing
from models.starter import channels, declarations
from models.starter.channels import INTERNET, MARKET, WHOLESALE, further
from models.starter.declarations import Declaration
from schemas.formality import Formality


@pytest.fixture
def every_line_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line left out by chance."""
    monkeypatch.setattr(channels, "SHARES", dict.fromkeys((INTERNET, MARKET, WHOLESALE), 1.0))


def _shop(text: str, *codes: str, **overrides: str) -> Declaration:
    return Declaration(text, (codes[0], codes[1]), {}, overrides)


@pytest.fixture(scope="module")
def made() -> list[Declaration]:
    """What the shipped corpus makes."""
    return list(further(declarations.declarations()))


@pytest.mark.usefixtures("every_line_taken")
def test_goods_named_alone_take_the_code_of_each_other_nature() -> None:
    """NAF 2025 knows no channel in retail: internet and market keep the goods' code there."""
    lines = list(further([_shop("robes et jupes", "4771Z", "4771Y")]))

    assert {line.overrides["nature"]: line.codes for line in lines} == {
        "17": ("4791B", "4771Y"),
        "16": ("4782Z", "4771Y"),
        "09": ("4642Z", "4642Y"),
    }
    assert {line.text for line in lines} == {"robes et jupes"}


@pytest.mark.usefixtures("every_line_taken")
@pytest.mark.parametrize(
    "line",
    [
        _shop("boutique de robes", "4771Z", "4771Y"),
        _shop("fleuriste", "4776Z", "4776Y"),
        _shop("bijoux", "4777Z", "4777Y", nature="10"),
        _shop("robes jupes chemises pantalons manteaux ceintures écharpes", "4771Z", "4771Y"),
        _shop("taxi", "4932Z", "4933G"),
    ],
    ids=lambda line: line.text,
)
def test_a_line_that_says_how_it_sells_stays_alone(line: Declaration) -> None:
    """A place, a trade, a nature of its own, a long text or no goods at all."""
    assert list(further([line])) == []


def test_what_the_corpus_makes_has_codes_that_may_go_together(made: list[Declaration]) -> None:
    """Of both nomenclatures and of their correspondence table."""
    table = Path(nomenclatures.__file__).parent / "nomenclatures" / "naf_rev2_to_2025.csv"
    with table.open(encoding="utf-8", newline="") as file:
        possible = {(row["naf_rev2"], row["naf_2025"]) for row in csv.DictReader(file)}

    assert {line.codes for line in made} - possible == set()
    assert {line.codes[0] for line in made} >= {"4791B", "4781Z", "4782Z", "4789Z", "4642Z"}


def test_the_same_words_and_nature_are_never_made_two_codes(made: list[Declaration]) -> None:
    """Two shops that share a word would teach the model both."""
    meanings: dict[tuple[str, str], set[str]] = {}
    for line in made:
        meanings.setdefault((line.text.lower(), line.overrides["nature"]), set()).add(line.codes[0])

    assert {key: codes for key, codes in meanings.items() if len(codes) > 1} == {}


def test_copies_keep_the_variable_that_decides(filing: Callable[..., Formality]) -> None:
    """Without its nature the copy would teach that bare goods are sold at a distance."""
    line = _shop("robes et jupes", "4791B", "4771Y", nature=INTERNET)
    (example,) = declarations.examples([line], nomenclature="naf-rev2", seed=1)
    settings = Augmentation(bare=1.0)
    copies = [
        varied_filing(example.formality, settings, Random(seed), lambda draw: "taxi", decisive=example.decisive)
        for seed in range(20)
    ]

    assert {copy.nature for copy in copies} == {INTERNET}
    assert {copy.type_form for copy in copies} == {None}
