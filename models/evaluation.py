"""How good a model is on labelled filings: accuracy by level, top-k, calibration, automation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.coding import Coding, CodingModel
from models.intervals import clopper_pearson_upper, wilson
from models.nomenclature import Nomenclature
from models.policy import Policy
from models.thresholds import Outcome
from schemas.decision import MAX_CANDIDATES
from schemas.formality import Formality

CALIBRATION_BINS = 15
CHUNK_ROWS = 4_096


@dataclass(frozen=True, slots=True)
class Example:
    """A filing and the code a human gave it.

    Parameters
    ----------
    decisive
        Fields of the filing without which the same words would have another code.
    """

    formality: Formality
    code: str
    decisive: tuple[str, ...] = ()


def code_examples(examples: Sequence[Example], model: CodingModel) -> list[Coding]:
    """Code every example, a few thousand at a time."""
    codings: list[Coding] = []
    for start in range(0, len(examples), CHUNK_ROWS):
        codings += model.code([example.formality for example in examples[start : start + CHUNK_ROWS]])
    return codings


def outcomes(examples: Sequence[Example], codings: Sequence[Coding]) -> list[Outcome]:
    """Confidence index and correctness of the filings whose route is the policy's to choose."""
    return [
        Outcome(coding.confidence_index, coding.candidates[0].code == example.code)
        for example, coding in zip(examples, codings, strict=True)
        if coding.settled is None
    ]


def evaluate(
    examples: Sequence[Example], codings: Sequence[Coding], *, nomenclature: Nomenclature, policy: Policy
) -> dict[str, Any]:
    """Every figure, with 95 % intervals, as one object.

    Accuracy and top-k count a filing without a code (returned) as wrong. `ece` (15 equal bins) and
    `brier` judge the probability of the first code against its being right, where one was
    predicted. `auto_error` is the share of wrong codes among those the policy lets through.
    """
    rows = len(examples)
    predicted = [coding.candidates[0].code if coding.candidates else None for coding in codings]
    truth = [example.code for example in examples]
    right = {
        f"level_{level}": sum(
            p is not None and nomenclature.ancestor(p, level) == nomenclature.ancestor(t, level)
            for p, t in zip(predicted, truth, strict=True)
        )
        for level in range(1, nomenclature.depth + 1)
    }
    found = {
        str(k): sum(
            any(candidate.code == t for candidate in coding.candidates[:k])
            for coding, t in zip(codings, truth, strict=True)
        )
        for k in range(1, MAX_CANDIDATES + 1)
    }
    return {
        "rows": rows,
        "accuracy": {level: count / rows for level, count in right.items()},
        "accuracy_intervals": {level: wilson(count, rows) for level, count in right.items()},
        "top_k": {k: count / rows for k, count in found.items()},
        "top_k_intervals": {k: wilson(count, rows) for k, count in found.items()},
        "macro_f1": macro_f1(truth, predicted),
        **_calibration(examples, codings),
        **_automation(examples, codings, nomenclature, policy),
        "routes": _routes(codings),
    }


def macro_f1(truth: Sequence[str], predicted: Sequence[str | None]) -> float:
    """Mean F1 over the codes that occur in `truth`, each counting the same."""
    support = Counter(truth)
    given = Counter(code for code in predicted if code is not None)
    hits = Counter(t for t, p in zip(truth, predicted, strict=True) if t == p)
    return sum(2 * hits[code] / (support[code] + given[code]) for code in support) / len(support)


def expected_calibration_error(scored: Sequence[tuple[float, bool]], bins: int = CALIBRATION_BINS) -> float:
    """Mean distance between stated probability and share of right codes, over equal-width bins.

    References
    ----------
    Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities".

    >>> expected_calibration_error([(0.8, True)] * 8 + [(0.8, False)] * 2) < 1e-9
    True
    """
    groups: dict[int, list[tuple[float, bool]]] = {}
    for probability, correct in scored:
        groups.setdefault(min(int(probability * bins), bins - 1), []).append((probability, correct))
    return sum(abs(sum(p for p, _ in group) - sum(correct for _, correct in group)) for group in groups.values()) / max(
        1, len(scored)
    )


def scored(examples: Sequence[Example], codings: Sequence[Coding]) -> list[tuple[float, bool]]:
    """Stated probability of the first code and whether it was right, where one was predicted."""
    return [
        (coding.candidates[0].probability, coding.candidates[0].code == example.code)
        for example, coding in zip(examples, codings, strict=True)
        if coding.settled is None
    ]


def _calibration(examples: Sequence[Example], codings: Sequence[Coding]) -> dict[str, float]:
    pairs = scored(examples, codings)
    brier = sum((p - correct) ** 2 for p, correct in pairs) / max(1, len(pairs))
    return {"ece": expected_calibration_error(pairs), "brier": brier}


def _automation(
    examples: Sequence[Example], codings: Sequence[Coding], nomenclature: Nomenclature, policy: Policy
) -> dict[str, Any]:
    auto = [
        coding.candidates[0].code == example.code
        for example, coding in zip(examples, codings, strict=True)
        if coding.settled is None
        and coding.confidence_index
        >= policy.threshold_for(
            section=nomenclature.section(coding.candidates[0].code),
            type_form=example.formality.type_form,
            stage=coding.stage,
        )
    ]
    errors = len(auto) - sum(auto)
    return {
        "threshold": policy.threshold,
        "automation": len(auto) / len(examples),
        "automation_interval": wilson(len(auto), len(examples)),
        "auto_error": errors / len(auto) if auto else 0.0,
        "auto_error_interval": wilson(errors, len(auto)),
        "auto_error_upper": clopper_pearson_upper(errors, len(auto)),
    }


def _routes(codings: Sequence[Coding]) -> dict[str, int]:
    counted = Counter(coding.stage.value for coding in codings)
    counted["returned"] = sum(not coding.candidates for coding in codings)
    return dict(sorted(counted.items()))
