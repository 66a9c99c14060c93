"""Everything measured of one model on one labelled set, as plain figures."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.artefact import Manifest, open_model
from models.classifier import FastTextClassifier
from models.coding import Coding, CodingModel
from models.evaluation import Example, code_examples, evaluate, expected_calibration_error, outcomes, scored
from models.intervals import wilson
from models.lru import BoundedCache
from models.policy import Policy
from models.starter import declarations
from models.thresholds import curve, thinned
from stream.filings import open_filings
from tests.quality.likeness import plain

STARTER = Path(declarations.__file__).parent
EVALUATION = STARTER / "evaluation" / "declarations.csv"
HARD = STARTER / "evaluation" / "hard.csv"
CODE_COLUMN = {"naf-rev2": "code", "naf-2025": "code_2025"}
VARIABLES = ("nature", "type_form", "surface", "event", "cj", "activity_permanence_status")
RELIABILITY_BINS = 10
DECIMALS = 4


def evaluation_set(nomenclature: str, path: Path = EVALUATION) -> list[Example]:
    """The declarations of an independent set with their codes in one nomenclature."""
    with path.open(encoding="utf-8", newline="") as file:
        codes = [row[CODE_COLUMN[nomenclature]] for row in csv.DictReader(file)]
    filings = [filing.formality for filing in open_filings(path).filings]
    return [Example(filing, code) for filing, code in zip(filings, codes, strict=True) if filing is not None]


def measured(folder: Path, examples: Sequence[Example]) -> dict[str, Any]:
    """All figures of the model in a folder."""
    manifest, model = open_model(folder, cache_entries=0)
    codings = code_examples(examples, model)
    policy = Policy(threshold=manifest.default_threshold)
    points = curve(outcomes(examples, codings), total=len(examples))
    untempered = _uncalibrated(folder, manifest, model)
    before = scored(examples, code_examples(examples, untempered))
    after = scored(examples, codings)
    figures = {
        "version": manifest.version,
        "rows_trained": manifest.training["rows"],
        "temperature": manifest.temperature,
        "hyperparameters": manifest.hyperparameters,
        "cross_check": {key: manifest.metrics[key] for key in ("rows", "accuracy", "top_k")},
        "metrics": evaluate(examples, codings, nomenclature=model.nomenclature, policy=policy),
        "curve": [(point.automation, point.auto_error) for point in thinned(points, 120)],
        "at_errors": [_at_error(points, target) for target in (0.02, 0.05, 0.10)],
        "reliability": {"before": _reliability(before), "after": _reliability(after)},
        "ece": {"before": expected_calibration_error(before), "after": expected_calibration_error(after)},
        "by_section": _by_section(examples, codings, model),
        "by_type": by_group(examples, codings, lambda example: example.formality.type_form or "-"),
        "by_length": by_group(examples, codings, _length),
        "without": _without_variables(examples, model),
        "not_in_corpus": not_in_corpus(examples, codings),
        "confusions": _confusions(examples, codings, model, policy),
    }
    return rounded(figures)  # type: ignore[no-any-return]


def rounded(value: Any) -> Any:
    """The same figures with four decimals: enough for any table, and stable text."""
    if isinstance(value, float):
        return round(value, DECIMALS)
    if isinstance(value, Mapping):
        return {str(key): rounded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in value]
    return value


def _uncalibrated(folder: Path, manifest: Manifest, model: CodingModel) -> CodingModel:
    plain_model = FastTextClassifier(folder / manifest.model_file, temperature=1.0)
    return replace(model, classifier=plain_model, cache=BoundedCache(0))


def _at_error(points: Iterable[Any], target: float) -> dict[str, float]:
    """How much could be automatic at an error, read off the measured curve."""
    automation = max((point.automation for point in points if point.auto_error <= target), default=0.0)
    return {"error": target, "automation": automation}


def _reliability(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """Of ten equal bins with filings in them: mean stated probability, share right, filings."""
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for probability, correct in pairs:
        groups[min(int(probability * RELIABILITY_BINS), RELIABILITY_BINS - 1)].append((probability, correct))
    return [
        (sum(p for p, _ in group) / len(group), sum(correct for _, correct in group) / len(group), len(group))
        for _, group in sorted(groups.items())
    ]


def first(coding: Coding) -> str | None:
    return coding.candidates[0].code if coding.candidates else None


def share_right(examples: Sequence[Example], codings: Sequence[Coding]) -> dict[str, Any]:
    hits = sum(first(coding) == example.code for example, coding in zip(examples, codings, strict=True))
    among = sum(
        any(candidate.code == example.code for candidate in coding.candidates)
        for example, coding in zip(examples, codings, strict=True)
    )
    rows = len(examples)
    return {
        "rows": rows,
        "accuracy": hits / rows if rows else 0.0,
        "interval": wilson(hits, rows),
        "top_5": among / rows if rows else 0.0,
    }


def by_group(examples: Sequence[Example], codings: Sequence[Coding], key: Any) -> list[dict[str, Any]]:
    """Most filings first."""
    groups: dict[str, list[tuple[Example, Coding]]] = defaultdict(list)
    for example, coding in zip(examples, codings, strict=True):
        groups[key(example)].append((example, coding))
    rows = [
        {"group": name, **share_right([e for e, _ in group], [c for _, c in group])} for name, group in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row["rows"], row["group"]))


def _length(example: Example) -> str:
    words = len((example.formality.description_activity or "").split())
    return (
        "1-2 words"
        if words <= 2
        else "3-5 words"
        if words <= 5
        else "6-14 words"
        if words <= 14
        else "15 words and more"
    )


def _by_section(examples: Sequence[Example], codings: Sequence[Coding], model: CodingModel) -> list[dict[str, Any]]:
    section = model.nomenclature.section
    rows = by_group(examples, codings, lambda example: section(example.code) or "-")
    right: Counter[str | None] = Counter(
        section(example.code)
        for example, coding in zip(examples, codings, strict=True)
        if (given := first(coding)) is not None and section(given) == section(example.code)
    )
    labels = model.nomenclature.branch_labels
    for row in rows:
        name = row.pop("group")
        row |= {"section": name, "label": labels.get(name, name), "section_accuracy": right[name] / row["rows"]}
    return rows


def _without_variables(examples: Sequence[Example], model: CodingModel) -> list[dict[str, Any]]:
    """Accuracy with all variables, with each one missing, and with the text alone."""
    kinds = [("every variable as filed", ()), *((name, (name,)) for name in VARIABLES), ("text alone", VARIABLES)]
    rows = []
    for name, missing in kinds:
        masked = [
            Example(example.formality.model_copy(update=dict.fromkeys(missing)), example.code) for example in examples
        ]
        rows.append({"missing": name, **share_right(masked, code_examples(masked, model))})
    return rows


def not_in_corpus(examples: Sequence[Example], codings: Sequence[Coding]) -> dict[str, Any]:
    """Accuracy without the bare names of one or two words that stand in the training corpus too."""
    trained = {plain(line.text) for line in declarations.declarations()}
    kept = [
        (example, coding)
        for example, coding in zip(examples, codings, strict=True)
        if plain(example.formality.description_activity or "") not in trained
    ]
    return {
        **share_right([e for e, _ in kept], [c for _, c in kept]),
        "shared": len(examples) - len(kept),
    }


def _confusions(
    examples: Sequence[Example], codings: Sequence[Coding], model: CodingModel, policy: Policy, count: int = 15
) -> list[dict[str, Any]]:
    """Pairs of codes that cost most.

    Where real frequencies of the codes are known, each filing stands for as many real ones as its
    code's frequency says; otherwise for one.
    """
    weights = _filing_weights(examples)
    cost: dict[tuple[str, str], float] = defaultdict(float)
    unseen: dict[tuple[str, str], float] = defaultdict(float)
    rows: Counter[tuple[str, str]] = Counter()
    for example, coding in zip(examples, codings, strict=True):
        given = first(coding)
        if given is None or given == example.code:
            continue
        pair = (example.code, given)
        rows[pair] += 1
        cost[pair] += weights[example.code]
        if coding.settled is None and coding.confidence_index >= policy.threshold:
            unseen[pair] += weights[example.code]
    labels = model.nomenclature.labels
    worst = sorted(cost, key=lambda pair: (-round(cost[pair], 9), pair))[:count]
    return [
        {
            "code": code,
            "label": labels[code],
            "given": given,
            "given_label": labels[given],
            "rows": rows[code, given],
            "share": cost[code, given],
            "automatic": unseen[code, given],
        }
        for code, given in worst
    ]


def _filing_weights(examples: Sequence[Example]) -> dict[str, float]:
    """Share of all filings that one example of each code stands for."""
    counted = Counter(example.code for example in examples)
    with (STARTER / "class_weights.csv").open(encoding="utf-8", newline="") as file:
        real = {row["code"]: float(row["weight"]) for row in csv.DictReader(file)}
    if not set(counted) <= set(real):
        return {code: 1 / len(examples) for code in counted}
    total = sum(real[code] for code in counted)
    return {code: real[code] / total / count for code, count in counted.items()}
