"""From labelled filings to an artefact.

Texts are split into groups by their normalised words, never by rows: a repeated declaration would
otherwise be on both sides and flatter every figure. A first model, trained without one group in
ten, is measured and calibrated on that tenth; the model that ships is trained on everything with
what was found.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

from models import artefact, features, rules, text
from models.artefact import Manifest
from models.augmentation import Augmentation, other_activity, varied_filing
from models.balance import as_filed, copies_of_each
from models.classifier import LABEL_PREFIX, FastTextClassifier
from models.classifier import train as train_classifier
from models.coding import CodingModel
from models.errors import TrainingError
from models.evaluation import Example, code_examples
from models.lru import BoundedCache
from models.nomenclature import BUILT_IN, Nomenclature
from models.reference import NoiseFloors, reference_distributions
from models.rules import RuleTable
from models.thresholds import thinned
from models.trial import measure, temperature_of
from schemas.formality import Formality

VALIDATION_SHARE = 0.1
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
    lines
        About how many lines the model reads an epoch when the examples are fewer: the rest are varied
        copies of them. 0 makes no copies.
    augmentation
        How copies differ from their examples.
    class_weights
        Real frequency of each code, where the examples' own are not those of the stream: copies,
        measurements and calibration then follow these.
    language
        Of the texts (`models.text`). `None`: French for NAF, else found from their function words.
    target_errors
        Targets tried in turn for the default threshold; the first that some threshold keeps is taken.
    """

    hyperparameters: dict[str, Any] = field(
        default_factory=lambda: {
            "optimiser": "adagrad",
            "dropout": 0.5,
            "members": 4,
            "kinship": True,
            "dim": 400,
            "lr": 0.3,
            "epoch": 25,
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
    lines: int = 0
    augmentation: Augmentation = field(default_factory=Augmentation)
    class_weights: Mapping[str, float] | None = None
    language: str | None = None
    target_errors: tuple[float, ...] = (0.05, 0.10, 0.20)


def train(
    examples: Sequence[Example],
    *,
    nomenclature: Nomenclature,
    destination: Path,
    settings: TrainingSettings | None = None,
    progress: Progress = lambda step: None,
    floors: NoiseFloors | None = None,
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
    floors
        Simulates the noise floors of the drift monitor's signals; without it the reference has none.

    Raises
    ------
    TrainingError
        Too few examples, or a code that is not in the nomenclature.
    """
    _check(examples, nomenclature)
    settings = settings or TrainingSettings()
    language = settings.language or _language_of(examples, nomenclature)
    settings = replace(settings, language=language)
    table = RuleTable(settings.rules)
    with artefact.staging(destination) as folder:
        progress("normalising texts")
        words = [features.text_of(example.formality, language) for example in examples]
        lines = [features.input_line(text, e.formality) for text, e in zip(words, examples, strict=True)]
        aside = [_is_aside(text, settings.seed) for text in words]
        kept = [example for example, out in zip(examples, aside, strict=True) if not out]
        left_out = [example for example, out in zip(examples, aside, strict=True) if out]
        if not left_out or not kept:
            raise TrainingError("too few distinct texts to keep a tenth aside for measuring")
        validation = as_filed(left_out, [e.code for e in left_out], settings.class_weights, seed=settings.seed)
        progress("training twice at once: without the tenth kept aside, and on everything")
        ending = _in_background(lambda: _fit(_training_lines(kept, settings), folder / "trial", settings))
        final = _fit(_training_lines(examples, settings), folder, settings)
        trial = ending.result()
        progress("measuring and calibrating")
        temperature = temperature_of(trial, validation, language)
        trial = FastTextClassifier(folder / "trial" / _model_name(settings), temperature=temperature)
        shutil.rmtree(folder / "trial")
        measured = CodingModel("trial", nomenclature, table, trial, BoundedCache(0), language)
        metrics, points, threshold = measure(measured, validation, settings.target_errors)
        progress("writing the artefact")
        model = CodingModel("final", nomenclature, table, final, BoundedCache(0), language)
        rules.write(table, folder / artefact.RULES)
        artefact.write_nomenclature(nomenclature, folder)
        codings = code_examples(validation, measured)
        reference = reference_distributions(validation, codings, model, threshold=threshold, floors=floors)
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
                hyperparameters={**settings.hyperparameters, "seed": settings.seed, "language": language},
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


def _training_lines(examples: Sequence[Example], settings: TrainingSettings) -> list[tuple[str, Example]]:
    """Every example's own line and its copies, in an order drawn with the seed."""
    draw = Random(settings.seed)
    copies = copies_of_each([e.code for e in examples], lines=settings.lines, weights=settings.class_weights)
    other = other_activity(examples, settings.class_weights)
    language = settings.language or text.FRENCH
    lines: list[tuple[str, Example]] = []
    for example in examples:
        lines.append((_line(example.formality, language), example))
        further = copies[example.code] - 1.0
        for _ in range(int(further) + (draw.random() < further % 1.0)):
            copy = varied_filing(example.formality, settings.augmentation, draw, other, decisive=example.decisive)
            lines.append((_line(copy, language), example))
    draw.shuffle(lines)
    return lines


def _line(formality: Formality, language: str) -> str:
    return features.input_line(features.text_of(formality, language), formality)


def _language_of(examples: Sequence[Example], nomenclature: Nomenclature) -> str:
    """French for the nomenclatures of France; of one's own table, what its texts are written in."""
    if nomenclature.name in BUILT_IN:
        return text.FRENCH
    return text.language_of(text.join_fields(features.raw_texts(example.formality)) for example in examples)


def _fit(lines: Sequence[tuple[str, Example]], folder: Path, settings: TrainingSettings) -> FastTextClassifier:
    folder.mkdir(exist_ok=True)
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


def _in_background(work: Callable[[], FastTextClassifier]) -> Future[FastTextClassifier]:
    """Start `work` in a daemon thread; fastText trains without the interpreter's lock."""
    found: Future[FastTextClassifier] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:
            found.set_exception(error)

    Thread(target=run, name="trial", daemon=True).start()
    return found


def _provenance(lines: Sequence[str], examples: Sequence[Example]) -> dict[str, Any]:
    digest = hashlib.sha256()
    for line, example in zip(lines, examples, strict=True):
        digest.update(f"{example.code}\t{line}\n".encode())
    counts = Counter(example.code for example in examples)
    return {"rows": len(examples), "codes": len(counts), "sha256": digest.hexdigest()}
