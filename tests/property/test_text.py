"""Normalisation on any text at all."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from models.rejection import rejection
from models.text import STOP_WORDS, fold, join_fields, normalise, normalise_folded, words_of

ANYTHING = st.text(alphabet=st.characters(), max_size=300)
"""Half characters (surrogates) included."""
PLAIN_WORDS = st.lists(
    st.text(alphabet="bcdfglmnprt" + "aeou", min_size=2, max_size=9).filter(
        lambda word: not re.search("idem|voir|etc", word) and word not in STOP_WORDS
    ),
    max_size=8,
)


@given(ANYTHING)
def test_normalisation_reads_any_text_into_words_of_a_to_z(text: str) -> None:
    """It never raises; one blank between words, none at the ends, no word twice."""
    normalised = normalise(text)

    assert re.fullmatch(r"(?:[a-z]+(?: [a-z]+)*)?", normalised)
    words = normalised.split()
    assert len(words) == len(set(words))


@given(ANYTHING)
def test_folding_twice_is_folding_once(text: str) -> None:
    """What the cascade folds early it may fold again."""
    folded = fold(text)

    assert folded.isascii()
    assert fold(folded) == folded
    assert normalise_folded(folded) == normalise(text)
    assert words_of(" ".join(words_of(folded))) == words_of(folded)


@given(PLAIN_WORDS, st.data())
def test_stop_words_leave_no_trace_wherever_they_stand(words: list[str], data: st.DataObject) -> None:
    """With or without accents or capitals, between any words."""
    stop_words = st.sampled_from([*sorted(STOP_WORDS), "été", "À", "même", "ÊTES"])
    mixed = list(words)
    for word in data.draw(st.lists(stop_words, max_size=5)):
        mixed.insert(data.draw(st.integers(0, len(mixed))), word)

    assert normalise(" ".join(mixed)) == normalise(" ".join(words))


@given(PLAIN_WORDS)
def test_words_keep_their_order_and_repetition_changes_nothing(words: list[str]) -> None:
    """The stems of the distinct words, in the order of their first occurrence."""
    expected = list(dict.fromkeys(stem for word in words for stem in normalise(word).split()))

    assert normalise(" ".join(words)).split() == expected
    assert normalise(" ".join(words + words)).split() == expected


@given(PLAIN_WORDS, st.sampled_from([", ", " - ", "/", "\t", "\n", ". ", "; ", " 12 ", "' ", "’ ", "  "]))
def test_punctuation_digits_and_case_do_not_matter(words: list[str], between: str) -> None:
    """Between words, all of them are blanks."""
    assert normalise(between.join(words).upper()) == normalise(" ".join(words))


@given(st.lists(st.one_of(st.none(), ANYTHING), max_size=3), ANYTHING)
def test_a_missing_field_leaves_no_trace(texts: list[str | None], text: str) -> None:
    """Absent, `None` and empty are the same; one field alone is itself."""
    assert join_fields(texts) == join_fields([text for text in texts if text])
    assert join_fields([None, text, ""]) == text


@given(ANYTHING)
def test_rejection_reads_any_text(text: str) -> None:
    """A reason or none; a text without letters always has one."""
    reason = rejection(text)

    assert (reason is not None) or words_of(fold(text))
