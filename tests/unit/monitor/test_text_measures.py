"""Measuring many texts at once is measuring each, and what is remembered is bounded."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Any

import numpy as np
import pytest

from models import word_counts
from models.text import FRENCH, OTHER, distinct_words, normalise
from models.word_counts import WordCounter
from schemas.measures import measure_text
from schemas.text_counts import measure_texts
from stream.monitor.text_measures import CachedTextMeasurer
from stream.monitor.watched import WatchedModel

ALPHABET = "aeéÉÀŒœçÇZzK0 12_-;'\n\t.ªºǅⅷ²½٣中あאßİıſ\u0301\u00a0\U0001f600\U00010400\ud800"
KNOWN = frozenset({"vent", "fruit", "a", "z"})


def drawn(count: int) -> list[str]:
    """Texts of odd characters, empty ones and long ones among them."""
    chance = Random(5)
    return ["".join(chance.choices(ALPHABET, k=chance.choice([0, 1, 7, 60]))) for _ in range(count)] + [
        "vente de fruits",
        "É" * 70_000,
        "",
    ]


def counted(words: list[set[str]]) -> tuple[Any, Any]:
    """Words, and known words, of each text."""
    return np.array([len(each) for each in words]), np.array([len(each & KNOWN) for each in words])


def test_many_texts_measure_as_each_does() -> None:
    """Every count of every text, to the last digit."""
    texts = drawn(400)
    normalised = [normalise(text) for text in texts]
    words = [distinct_words(text) for text in texts]
    assert words == [set(text.split()) for text in normalised]
    found = measure_texts(texts, *counted(words))
    expected = [measure_text(*pair, KNOWN.__contains__) for pair in zip(texts, normalised, strict=True)]
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float64))


@pytest.mark.parametrize("language", [FRENCH, OTHER])
@pytest.mark.parametrize("strange", ["", "\0", "\1"])
def test_words_of_many_texts_are_counted_as_those_of_each(language: str, strange: str) -> None:
    """Empty phrases, letters that fold into several or none, what looks like a separator, and every character."""
    chance = Random(7)
    usual = "vente|Ventes|de|fruits|idem ci-dessus|idem2|voir annexe|savoir|etc|etc.|x|n°|a\nb".split("|")
    parts = [*usual, *"œuvre|Æther|ß©®|«à»|l\u2019été|z\u0085z|\u2028".split("|"), strange]
    texts = [chance.choice((" ", "; ", "'", "", ". ")).join(chance.choices(parts, k=6)) for _ in range(300)]
    every = [f"a{chr(place)}b {chr(place)}" for place in range(0x3000) if strange or place > 1]
    counter = WordCounter(KNOWN, language)
    for part in ([*drawn(200), *texts, *every], texts, [""], []):
        found = counter.count(part)
        expected = counted([distinct_words(text, language) for text in part])
        np.testing.assert_array_equal(found, expected)


def test_a_counter_that_begins_anew_counts_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words remembered are bounded."""
    texts = drawn(200)
    expected = WordCounter(KNOWN).count(texts)
    monkeypatch.setattr(word_counts, "KNOWN_WORDS", 3)
    counter = WordCounter(KNOWN)
    for _ in range(2):
        np.testing.assert_array_equal(counter.count(texts), expected)


def test_every_character_of_the_basic_plane_counts_alike() -> None:
    """The table says of each what `str` and `re` say."""
    texts = [chr(place) for place in range(0x10000) if unicodedata.category(chr(place)) != "Cs"]
    found = measure_texts(texts, np.zeros(len(texts), dtype=np.int64), None)
    expected = [measure_text(text, "", KNOWN.__contains__) for text in texts]
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float64))


@pytest.mark.parametrize("entries", [0, 1, 3, 1_000])
def test_remembered_texts_measure_as_new_ones(watched: WatchedModel, entries: int) -> None:
    """Whatever fits into the memory, and however often it begins anew."""
    measurer = CachedTextMeasurer({"model-a": watched}, entries=entries)
    texts = ["vente de fruits", "coiffure", "VENTE", "vente de fruits", "", "pose de xyzzy"]
    whole = measurer.measure(texts, "model-a")
    for _ in range(2):
        one_by_one = np.concatenate([measurer.measure([text], "model-a") for text in texts])
        np.testing.assert_array_equal(one_by_one, whole)
    assert np.isfinite(whole[0]).all()


def test_words_of_a_model_nobody_has_are_neither_known_nor_unknown() -> None:
    """The rest of the text is measured all the same."""
    measured = CachedTextMeasurer({})(("Pose de VÉLUX", None, None), "model-x")
    assert (measured.characters, measured.words, measured.unknown_share) == (13, 3, None)
