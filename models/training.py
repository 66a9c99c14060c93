"""From labelled filings to an artefact.

Texts are split into groups by their normalised words, never by rows: a repeated declaration would
otherwise be on both sides and flatter every figure. A first model, trained without one group in
ten, is measured and calibrated on that tenth; the model that ships is trained on everything with
what was found.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models import artefact, features, rules, text
from models.artefact import Manifest, ThresholdPoint
from models.calibration import fit_temperature
from models.classifier import LABEL_PREFIX, FastTextClassifier
from models.classifier import train as train_classifier
from models.coding import CodingModel
from models.errors import TrainingError
from models.evaluation import Example, code_examples, evaluate, outcomes
from models.lru import BoundedCache
from models.nomenclature import Nomenclature
from models.policy import Policy
from models.reference import reference_distributions
from models.rules import RuleTable
from models.thresholds import choose, curve, thinned

VALIDATION_SHARE = 0.1
TARGET_ERRORS = (0.05, 0.10, 0.20)
"""Targets tried in turn for the default threshold; the first that some threshold keeps is taken."""

_LIBRARIES = ("fasttext-numpy2", "numpy", "PyStemmer", "Unidecode")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Parameters
    ----------
    hyperparameters
        fastText's own; one thread and a fixed seed make the artefact reproducible.
    seed
        Of the split and of fastText.
    quantised
        Write `model.ftz`.
    rules
        Exact rules to ship in front of the model.
    """

    hyperparameters: dict[str, Any] = field(
        default_factory=lambda: {
            "dim": 100,
            "lr": 0.5,
            "epoch": 30,
            "wordNgrams": 2,
            "minn": 3,
            "maxn": 5,
            "minCount": 1,
            "bucket": 200_000,
            "loss": "softmax",
            "thread": 1,
        }
    )
    seed: int = 20_261_121
    quantised: bool = False
    rules: tuple[rules.Rule, ...] = ()


def train(
    examples: Sequence[Example],
    *,
    nomenclature: Nomenclature,
    destination: Path,
    settings: TrainingSettings | None = None,
    progress: Progress = lambda step: None,
) -> Manifest:
    """Train, measure, calibrate and write an artefact.

    Parameters
    ----------
    examples
        Labelled filings; every code must be in the nomenclature.
    destination
        The artefact's folder; nothing is left there when training fails.
    progress
        Called with the name of each step as it begins.

    Raises
    ------
    TrainingError
        Too few examples, or a code that is not in the nomenclature.
    """
    settings = settings or TrainingSettings()
    _check(examples, nomenclature)
    table = RuleTable(settings.rules)
    with artefact.staging(destination) as folder:
        progress("normalising texts")
        texts = [features.text_of(example.formality) for example in examples]
        aside = [_is_aside(words, settings.seed) for words in texts]
        lines = [features.input_line(words, e.formality) for words, e in zip(texts, examples, strict=True)]
        kept_lines = [(line, e) for line, e, out in zip(lines, examples, aside, strict=True) if not out]
        validation = [e for e, out in zip(examples, aside, strict=True) if out]
        if not validation or not kept_lines:
            raise TrainingError("too few distinct texts to keep a tenth aside for measuring")
        progress("training without the tenth kept aside")
        trial = _fit(kept_lines, folder, settings)
        progress("measuring and calibrating")
        temperature = _temperature(trial, validation)
        trial = FastTextClassifier(folder / _model_name(settings), temperature=temperature)
        measured = CodingModel("trial", nomenclature, table, trial, BoundedCache(0))
        metrics, points, threshold = _measure(measured, validation)
        progress("training on everything")
        final = _fit(list(zip(lines, examples, strict=True)), folder, settings)
        progress("writing the artefact")
        model = CodingModel("final", nomenclature, table, final, BoundedCache(0))
        rules.write(table, folder / artefact.RULES)
        artefact.write_nomenclature(nomenclature, folder)
        reference = reference_distributions(validation, code_examples(validation, measured), model)
        (folder / artefact.REFERENCE).write_text(json.dumps(reference, sort_keys=True, indent=1) + "\n")
        return artefact.seal(
            folder,
            Manifest(
                format_version=artefact.FORMAT_VERSION,
                model_file=_model_name(settings),
                nomenclature=nomenclature.name,
                normalisation_version=text.VERSION,
                features_version=features.VERSION,
                temperature=temperature,
                hyperparameters={**settings.hyperparameters, "seed": settings.seed},
                training=_provenance(lines, examples),
                metrics=metrics,
                default_threshold=threshold,
                thresholds=tuple(thinned(points)),
                libraries={name: version(name) for name in _LIBRARIES},
                files={},
            ),
        )


def _check(examples: Sequence[Example], nomenclature: Nomenclature) -> None:
    if len(examples) < 20:
        raise TrainingError(f"{len(examples)} labelled filings; at least 20 are needed")
    for row, example in enumerate(examples, start=1):
        if example.code not in nomenclature.labels:
            raise TrainingError(f"labelled filing {row}: code {example.code} is not in {nomenclature.name}")


def _is_aside(words: str, seed: int) -> bool:
    digest = hashlib.sha256(f"{seed}:{words}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < VALIDATION_SHARE * 2**64


def _model_name(settings: TrainingSettings) -> str:
    return "model.ftz" if settings.quantised else "model.bin"


def _fit(lines: Sequence[tuple[str, Example]], folder: Path, settings: TrainingSettings) -> FastTextClassifier:
    path = folder / "training.txt"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{LABEL_PREFIX}{example.code} {line}\n" for line, example in lines)
    try:
        return train_classifier(
            path,
            quantised_to=folder / "model.ftz" if settings.quantised else None,
            **settings.hyperparameters,
            seed=settings.seed % 2**31,
        )
    finally:
        path.unlink()


def _temperature(model: FastTextClassifier, validation: Sequence[Example]) -> float:
    """1 for `ova`: its probabilities are independent, and a common temperature has no such meaning."""
    if model.independent_labels:
        return 1.0
    column = {code: position for position, code in enumerate(model.codes)}
    lines = [features.input_line(features.text_of(e.formality), e.formality) for e in validation]
    probabilities = np.vstack([block.copy() for _, block in model.probabilities(lines)])
    # Up to a constant a row, which the softmax ignores, log-probabilities are the scores.
    scores = np.log(np.maximum(probabilities, 1e-30)).astype(np.float32)
    return fit_temperature(scores, [column.get(example.code, -1) for example in validation])


def _measure(model: CodingModel, validation: Sequence[Example]) -> tuple[dict[str, Any], list[ThresholdPoint], float]:
    codings = code_examples(validation, model)
    points = curve(outcomes(validation, codings), total=len(validation))
    threshold = _default_threshold(points)
    metrics = evaluate(validation, codings, nomenclature=model.nomenclature, policy=Policy(threshold=threshold))
    return metrics, points, threshold


def _default_threshold(points: Sequence[ThresholdPoint]) -> float:
    for target in TARGET_ERRORS:
        try:
            return choose(points, max_error=target).threshold
        except TrainingError:
            continue
    return points[0].threshold if points else 1.0


def _provenance(lines: Sequence[str], examples: Sequence[Example]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for line, example in zip(lines, examples, strict=True):
        digest.update(f"{example.code}\t{line}\n".encode())
    counts = Counter(example.code for example in examples)
    return {"rows": len(examples), "codes": len(counts), "sha256": digest.hexdigest()}
