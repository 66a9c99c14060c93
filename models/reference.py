"""Distributions of the filings kept aside, of every signal that the drift monitor watches.

`reference.json`: `format`, `rows`, `signals` (a numeric signal has `edges`, `bins`, `sum` and
`sum_squares`, a categorical one `categories`) and `floors`, what an undrifted window of some sizes
would show, when the caller gives a function that simulates them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from models import features
from models.classifier import FastTextClassifier
from models.coding import Coding, CodingModel
from models.evaluation import Example
from models.text import join_fields, normalise
from schemas import signals as s
from schemas.decision import Route
from schemas.measures import entropy, measure_text, missing_count
from schemas.signals import SIGNALS, Signal, SignalGroup, SignalKind

FORMAT = 2
NoiseFloors = Callable[[Mapping[str, Sequence[float]]], Mapping[str, Any]]
"""Counts by signal -> floors; distances live beside the monitor, not here."""
Observed = dict[str, float | str | None]


def reference_distributions(
    examples: Sequence[Example],
    codings: Sequence[Coding],
    model: CodingModel,
    *,
    threshold: float,
    floors: NoiseFloors | None = None,
) -> dict[str, Any]:
    """The content of `reference.json`.

    Parameters
    ----------
    examples, codings
        Filings kept aside from training and what the model found, in the same order.
    threshold
        Confidence index above which a filing counts as auto.
    floors
        Simulates the noise floors from the counts of each signal.
    """
    numbers: dict[str, list[float]] = {}
    categories: dict[str, Counter[str]] = {}
    for example, coding in zip(examples, codings, strict=True):
        for name, value in _observed(example, coding, model, threshold).items():
            if isinstance(value, str):
                categories.setdefault(name, Counter())[value] += 1
            elif value is not None:
                numbers.setdefault(name, []).append(float(value))
    found = {signal.name: _said(signal, numbers, categories) for signal in _trained()}
    counts = {name: list(said.get("bins") or said["categories"].values()) for name, said in found.items()}
    return {
        "format": FORMAT,
        "rows": len(examples),
        "signals": found,
        "floors": dict(floors(counts)) if floors else {},
    }


def _trained() -> Iterator[Signal]:
    """What can be known at training: not how the service will run."""
    return (signal for signal in SIGNALS if signal.group is not SignalGroup.SERVICE)


def _said(
    signal: Signal, numbers: Mapping[str, Sequence[float]], categories: Mapping[str, Counter[str]]
) -> dict[str, Any]:
    if signal.kind is SignalKind.CATEGORICAL:
        return {"categories": dict(sorted(categories.get(signal.name, Counter()).items()))}
    values = numbers.get(signal.name, ())
    bins = [0] * signal.size
    for value in values:
        bins[bisect_right(signal.edges, value)] += 1
    return {
        "edges": list(signal.edges),
        "bins": bins,
        "sum": round(sum(values), 6),
        "sum_squares": round(sum(value * value for value in values), 6),
    }


def _observed(example: Example, coding: Coding, model: CodingModel, threshold: float) -> Observed:
    """Every signal of one filing; `None` where it has none."""
    return {**_of_filing(example, model), **_of_coding(example, coding, model, threshold)}


def _of_filing(example: Example, model: CodingModel) -> Observed:
    filing = example.formality
    written = join_fields(features.raw_texts(filing))
    text = measure_text(written, normalise(written, model.language), lambda word: _knows(model, word))
    variables = {
        s.TYPE_FORM: filing.type_form,
        s.NATURE: filing.nature,
        s.EVENT: filing.event,
        s.SURFACE: filing.surface,
        s.CJ_FAMILY: filing.cj[:2] if filing.cj else None,
        s.PERMANENCE: filing.activity_permanence_status,
    }
    return {
        **{variable.name: value or s.MISSING for variable, value in variables.items()},
        **{s.PRESENCES[variable].name: s.GIVEN if value else s.MISSING for variable, value in variables.items()},
        s.IN_CAPITALS.name: _in_capitals(text.capital_share),
        s.MISSING_FIELDS.name: float(missing_count(list(variables.values()))),
        s.TEXT_CHARACTERS.name: float(text.characters),
        s.TEXT_WORDS.name: float(text.words),
        s.TEXT_KEPT.name: text.kept_share,
        s.TEXT_CAPITALS.name: text.capital_share,
        s.TEXT_ACCENTS.name: text.accent_share,
        s.UNKNOWN_WORDS.name: text.unknown_share,
    }


def _in_capitals(share: float | None) -> str | None:
    """In the last bin of the share of capitals; `None` without a letter."""
    return None if share is None else s.YES if share >= s.TEXT_CAPITALS.edges[-1] else s.NO


def _of_coding(example: Example, coding: Coding, model: CodingModel, threshold: float) -> Observed:
    depth = model.nomenclature.depth
    first = coding.candidates[0] if coding.candidates else None
    paths = model.nomenclature.paths
    path = paths[first.code] if first else ()
    found: Observed = {
        s.STAGE.name: coding.stage.value,
        s.ROUTE.name: _route(coding, threshold).value,
        s.SECTION.name: path[0] if first and depth > 1 else None,
        s.DIVISION.name: path[1] if first and depth > 2 else None,
        s.ERROR_CODE.name: _judged(path[-1:] == paths[example.code][-1:]),
        s.ERROR_SECTION.name: _judged(path[:1] == paths[example.code][:1]) if depth > 1 else None,
    }
    if coding.settled is None and first is not None:
        found[s.CONFIDENCE.name] = coding.confidence_index
        found[s.TOP_PROBABILITY.name] = first.probability
        found[s.ENTROPY.name] = entropy(candidate.probability for candidate in coding.candidates)
    return found


def _route(coding: Coding, threshold: float) -> Route:
    if not coding.candidates:
        return Route.RETURNED
    confident = coding.settled is None and coding.confidence_index >= threshold
    return Route.AUTO if confident else Route.REVIEW


def _judged(right: bool) -> str:
    return s.RIGHT if right else s.WRONG


def _knows(model: CodingModel, word: str) -> bool:
    return not isinstance(model.classifier, FastTextClassifier) or model.classifier.knows(word)
