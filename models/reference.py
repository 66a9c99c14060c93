"""Distributions of the training data that the drift monitor holds the stream against."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from models import features
from models.classifier import FastTextClassifier
from models.coding import Coding, CodingModel
from models.evaluation import Example
from models.text import join_fields, normalise

VARIABLES = ("type_form", "nature", "surface", "event", "cj", "activity_permanence_status")
CONFIDENCE_BINS = 20
LENGTH_EDGES = (10, 20, 40, 80, 160, 320, 640, 1_280)
"""Characters; the last bin is open."""


def reference_distributions(
    examples: Sequence[Example], codings: Sequence[Coding], model: CodingModel
) -> dict[str, Any]:
    """Counts by category of inputs and outputs, on filings kept aside from training.

    Keys: `rows`, one entry a variable (a missing value counts as ""), `section` and `division` of
    the code decided, `stage`, `confidence_index` (equal bins over 0..1), `text_length` (bins at
    `LENGTH_EDGES`) and `out_of_vocabulary` (known and unknown words).
    """
    counts: dict[str, Counter[str]] = {}

    def count(signal: str, category: str) -> None:
        counts.setdefault(signal, Counter())[category] += 1

    for example, coding in zip(examples, codings, strict=True):
        for name in VARIABLES:
            count(name, getattr(example.formality, name) or "")
        count("stage", coding.stage.value)
        count("text_length", str(sum(len(_written(example)) >= edge for edge in LENGTH_EDGES)))
        for word in normalise(_written(example), model.language).split():
            count("out_of_vocabulary", "known" if _knows(model, word) else "unknown")
        if coding.candidates:
            for level, signal in enumerate(("section", "division"), start=1):
                if level < model.nomenclature.depth:
                    count(signal, model.nomenclature.ancestor(coding.candidates[0].code, level))
            if coding.settled is None:
                count("confidence_index", str(min(int(coding.confidence_index * CONFIDENCE_BINS), CONFIDENCE_BINS - 1)))
    return {"rows": len(examples), **{signal: dict(sorted(found.items())) for signal, found in sorted(counts.items())}}


def _written(example: Example) -> str:
    return join_fields(features.raw_texts(example.formality))


def _knows(model: CodingModel, word: str) -> bool:
    return not isinstance(model.classifier, FastTextClassifier) or model.classifier.knows(word)
