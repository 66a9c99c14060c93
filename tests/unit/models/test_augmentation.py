"""Copies of training filings: other spellings, fewer variables, the same code."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from models.augmentation import (
    Augmentation,
    Phrases,
    mistyped,
    other_activity,
    shortened,
    varied,
    varied_filing,
    without_variables,
)
from models.evaluation import Example
from schemas.formality import Formality

NOTHING = Augmentation(varied=1.0, mistyped=0.0, shortened=0.0, joined=0.0, padded=0.0, bare=0.0, variable_dropped=0.0)
TEXT = "fabrication artisanale de fromages de brebis et vente directe aux particuliers sur les marches"


def _never(draw: Random) -> str:
    raise AssertionError("no other activity was asked for")


def test_with_every_step_off_a_copy_is_its_example(filing: Callable[..., Formality]) -> None:
    """What departs is what the settings let depart."""
    original = filing(TEXT, nature="10", cj="5710")

    assert varied_filing(original, NOTHING, Random(1), _never) == original


def test_the_same_seed_makes_the_same_copies() -> None:
    """Training is reproducible."""
    copies = [
        [varied(TEXT, Augmentation(), draw, lambda _: "taxi") for _ in range(50)] for draw in (Random(5), Random(5))
    ]

    assert copies[0] == copies[1]
    assert len(set(copies[0])) > 10


@pytest.mark.parametrize("seed", range(40))
def test_a_slip_leaves_most_words_and_each_first_letter(seed: int) -> None:
    """One or two words are misspelt, recognisably."""
    before, after = TEXT.split(), mistyped(TEXT, Random(seed)).split()

    assert len(after) == len(before)
    assert 1 <= sum(a != b for a, b in zip(before, after, strict=True)) <= 3
    assert [word[0] for word in after] == [word[0] for word in before]


def test_short_words_and_numbers_are_not_mistyped() -> None:
    """A wrong letter in "taxi" or "VTC" is another word."""
    assert mistyped("taxi VTC 12345 b2b", Random(1)) == "taxi VTC 12345 b2b"


def test_a_shortened_text_keeps_the_order_of_its_words() -> None:
    """Words are left out or the end is cut off; nothing is new and nothing moves."""
    words = TEXT.split()
    for seed in range(40):
        rest = iter(words)
        assert all(word in rest for word in shortened(TEXT, 0.3, Random(seed)).split())


def test_two_words_are_too_few_to_shorten() -> None:
    """What is left would code something else."""
    assert shortened("vente chaussures", 1.0, Random(1)) == "vente chaussures"


def test_the_main_activity_stands_before_the_one_joined_to_it() -> None:
    """The code is the main activity's."""
    settings = Augmentation(mistyped=0.0, shortened=0.0, joined=1.0, padded=0.0)

    assert varied("plomberie.", settings, Random(1), lambda _: "taxi").startswith("plomberie")


def test_phrases_stand_around_the_activity() -> None:
    """The legal opening before it, the closing behind."""
    settings = Augmentation(
        mistyped=0.0, shortened=0.0, joined=0.0, padded=1.0, phrases=Phrases(before=("objet :",), after=("et annexes",))
    )

    assert varied("plomberie.", settings, Random(1), _never) == "objet : plomberie et annexes"


def test_a_bare_copy_has_no_variable_and_all_of_its_words(filing: Callable[..., Formality]) -> None:
    """The text must suffice now and then."""
    original = filing("taxi", nature="99", type_form="M", event="01P", cj="1000", activity_permanence_status="P")

    assert without_variables(original, Augmentation(bare=1.0), Random(1)) == filing("taxi")


def test_another_activity_is_drawn_from_frequent_codes_more_often(filing: Callable[..., Formality]) -> None:
    """Secondary activities are common ones."""
    examples = [Example(filing("taxi"), "4932Z"), Example(filing("mine"), "0510Z")]
    draw = Random(1)
    drawn = other_activity(examples, {"4932Z": 10_000.0, "0510Z": 1.0})

    assert [drawn(draw) for _ in range(200)].count("taxi") > 150
