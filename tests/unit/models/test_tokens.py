"""Hidden vectors of remembered words against the library's own, in any company and after forgetting."""

from __future__ import annotations

import numpy as np
import pytest

from models import features, tokens
from models.classifier import FastTextClassifier
from models.contributions import fasttext_of
from models.evaluation import Example
from models.tokens import TokenVectors
from tests.unit.models.conftest import OpenedModel

LINES = 400


@pytest.fixture(scope="module")
def classifier(opened_model: OpenedModel) -> FastTextClassifier:
    """A full model with sub-words and word n-grams."""
    return fasttext_of(opened_model.model)


@pytest.fixture(scope="module")
def lines(small_examples: list[Example]) -> list[str]:
    """Seen ones, ones with words the model does not know, one of nothing and one of a single word."""
    seen = [features.input_line(features.text_of(e.formality), e.formality) for e in small_examples[:LINES]]
    return ["", "pain", *seen, *(line[3:] for line in seen)]


def _library(classifier: FastTextClassifier, lines: list[str]) -> np.ndarray:
    """The library's average, which `hidden` takes where there is no matrix to add from."""
    sentence = classifier._model.get_sentence_vector
    return np.array([sentence(line) for line in lines])


def test_hidden_vectors_are_the_library_s_up_to_the_order_of_adding(
    classifier: FastTextClassifier, lines: list[str]
) -> None:
    """Words, sub-words, word n-grams and the end of the line, known and unknown."""
    ours, theirs = classifier.hidden(lines), _library(classifier, lines)

    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


def test_a_hidden_vector_has_the_same_bits_alone_and_with_words_forgotten(
    classifier: FastTextClassifier, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for every word, and with room for few that is filled and emptied again and again."""
    matrix = classifier._input
    assert matrix is not None
    together = TokenVectors(classifier).hidden(lines, matrix)
    monkeypatch.setattr(tokens, "KNOWN_TOKENS", 50)
    monkeypatch.setattr(tokens, "FIRST_ROOM", 2)
    forgetful = TokenVectors(classifier)

    assert together is not None
    for line, expected in zip(lines, together, strict=True):
        (alone,) = forgetful.hidden([line], matrix)  # type: ignore[misc]
        assert np.array_equal(alone, expected)


def test_a_line_that_holds_an_end_of_line_is_left_to_the_library(
    classifier: FastTextClassifier, lines: list[str]
) -> None:
    """The library stops reading there; so does the answer."""
    odd = f"{lines[5]} {tokens.END_OF_LINE} {lines[6]}"

    assert np.abs(classifier.hidden([odd]) - classifier.hidden([lines[5]])).max() < 1e-6
