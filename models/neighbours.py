"""The labelled declarations nearest to a text: precedents a person can judge by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models import features
from models.coding import CodingModel
from models.contributions import fasttext_of
from models.evaluation import Example
from schemas.formality import Formality

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A labelled declaration and how near it is.

    Parameters
    ----------
    similarity
        Cosine of the hidden vectors of the two texts, at most 1 (the same words).
    """

    text: str
    code: str
    similarity: float


def nearest(
    formality: Formality,
    examples: Sequence[Example],
    *,
    model: CodingModel,
    count: int,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Neighbour]:
    """The examples whose words mean most nearly the same to the model, nearest first.

    Words alone are compared: the variables of starter declarations are drawn, and would only blur
    what the wording says.

    Parameters
    ----------
    count
        Neighbours wanted; texts with the same words and code count once.
    progress
        Told how many more examples are done.
    """
    classifier = fasttext_of(model)
    asked = features.text_of(formality, model.language)
    if not asked or not examples:
        return []
    unique: dict[tuple[str, str], str] = {}
    for example in examples:
        words = features.text_of(example.formality, model.language)
        unique.setdefault((words, example.code), example.formality.description_activity)
    lines = [words for words, _ in unique]
    (target,) = classifier.hidden([asked])
    similarity = np.empty(len(lines), dtype=np.float32)
    for start in range(0, len(lines), CHUNK):
        vectors = classifier.hidden(lines[start : start + CHUNK])
        lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(target)
        similarity[start : start + CHUNK] = vectors @ target / np.maximum(lengths, 1e-12)
        progress(len(vectors))
    order = np.argsort(-similarity, kind="stable")[:count].tolist()
    found = list(unique.items())
    return [Neighbour(found[at][1], found[at][0][1], float(similarity[at])) for at in order]
