"""What a model trained without a tenth of the filings teaches on that tenth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from models import features
from models.artefact import ThresholdPoint
from models.calibration import fit_temperature
from models.classifier import FastTextClassifier
from models.coding import CodingModel
from models.errors import TrainingError
from models.evaluation import Example, code_examples, evaluate, outcomes
from models.policy import Policy
from models.thresholds import choose, curve


def temperature_of(model: FastTextClassifier, validation: Sequence[Example], language: str) -> float:
    """Temperature that makes the probabilities honest on filings kept aside.

    1 for `ova`: its probabilities are independent, and a common temperature has no such meaning.
    """
    if model.independent_labels:
        return 1.0
    column = {code: position for position, code in enumerate(model.codes)}
    lines = [features.input_line(features.text_of(e.formality, language), e.formality) for e in validation]
    probabilities = np.vstack([block.copy() for _, block in model.probabilities(lines)])
    # Up to a constant a row, which the softmax ignores, log-probabilities are the scores.
    scores = np.log(np.maximum(probabilities, 1e-30)).astype(np.float32)
    return fit_temperature(scores, [column.get(example.code, -1) for example in validation])


def measure(
    model: CodingModel, validation: Sequence[Example], targets: Sequence[float]
) -> tuple[dict[str, Any], list[ThresholdPoint], float]:
    """Figures, automation curve and default threshold of a model on filings it was not trained on.

    Parameters
    ----------
    targets
        Errors of the auto lane tried in turn; the first whose bound some threshold keeps is taken.
    """
    codings = code_examples(validation, model)
    points = curve(outcomes(validation, codings), total=len(validation))
    threshold = _default_threshold(points, targets)
    metrics = evaluate(validation, codings, nomenclature=model.nomenclature, policy=Policy(threshold=threshold))
    return metrics, points, threshold


def _default_threshold(points: Sequence[ThresholdPoint], targets: Sequence[float]) -> float:
    for target in targets:
        try:
            return choose(points, max_error=target).threshold
        except TrainingError:
            continue
    return points[0].threshold if points else 1.0
