"""Codings remembered during a replay: bounded, and never to be seen in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from models.artefact import open_model
from models.coding import CodingModel, Content
from schemas.formality import CODING_FIELDS
from stream.replay import identities
from stream.replay.codings import CodingTable, Table, Vocabulary

WORDS = ("boulangerie", "plomberie", "coiffure", "taxi", "conseil", "nettoyage", "maçonnerie", "fleuriste")


class Counting:
    """A classifier that notes each line it is asked for."""

    def __init__(self, model: CodingModel) -> None:
        self._top = model.classifier.top
        self.asked: list[str] = []

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """What the model says."""
        self.asked += lines
        return self._top(lines, count)


@pytest.fixture(scope="module")
def model(small_model: Path) -> CodingModel:
    """The session's small model."""
    return open_model(small_model, cache_entries=0)[1]


def contents(*words: str) -> list[Content]:
    return [tuple(word if name == "description_activity" else None for name in CODING_FIELDS) for word in words]


def asked(table: CodingTable, *words: str) -> Table:
    some = contents(*words)
    return table.of(some, identities.digests(identities.written(some)))[0]


@pytest.mark.parametrize("generation", [1, 3, 4, 5, 7])
def test_forgetting_changes_no_answer(model: CodingModel, generation: int) -> None:
    """Contents coded, promoted from the older generation or coded anew have the same rows, in the order asked."""
    vocabulary = Vocabulary.of([model])
    table = CodingTable([model], vocabulary, generation=generation)

    for turn in range(40):
        words = [WORDS[(turn * 3 + step * 5) % len(WORDS)] for step in range(1 + turn % 3)]
        fresh = CodingTable([model], vocabulary)
        assert asked(table, *words).tobytes() == asked(fresh, *words).tobytes()


def test_what_is_asked_for_stays_and_the_rest_is_forgotten(model: CodingModel) -> None:
    """A content of every call is coded once; one that nobody asked for during a generation is coded again."""
    counting = Counting(model)
    table = CodingTable([replace(model, classifier=counting)], Vocabulary.of([model]), generation=2)

    for word in WORDS[1:]:
        asked(table, WORDS[0], word)
    assert len(counting.asked) == len(WORDS)
    asked(table, WORDS[1])
    assert len(counting.asked) == len(WORDS) + 1


def test_a_call_larger_than_a_generation_is_answered(model: CodingModel) -> None:
    """The bound is on what is remembered, not on what may be asked."""
    table = CodingTable([model], Vocabulary.of([model]), generation=2)

    assert asked(table, *WORDS).tobytes() == asked(CodingTable([model], Vocabulary.of([model])), *WORDS).tobytes()
