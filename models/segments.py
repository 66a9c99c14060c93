"""A threshold of its own for each segment that can keep the target error; a policy of them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models.artefact import ThresholdPoint
from models.coding import Coding
from models.errors import TrainingError
from models.evaluation import Example, outcomes
from models.intervals import clopper_pearson_upper
from models.nomenclature import Nomenclature
from models.policy import Policy, Segment
from models.thresholds import Outcome, choose, curve

DIMENSIONS = ("section", "type_form", "stage")


@dataclass(frozen=True, slots=True)
class SegmentChoice:
    """What a segment got.

    Parameters
    ----------
    name
        Section, type of form or stage; empty where the filing has none.
    rows
        Filings of the segment that a threshold decides.
    own
        Whether the threshold is its own; the global one otherwise.
    point
        Threshold in force there, and what it does to the segment's filings.
    """

    name: str
    rows: int
    own: bool
    point: ThresholdPoint


@dataclass(frozen=True, slots=True)
class Choice:
    """The chosen thresholds.

    Parameters
    ----------
    point
        The global threshold over all filings, as if there were no segments.
    combined
        What global and segment thresholds do together.
    """

    policy: Policy
    point: ThresholdPoint
    curve: tuple[ThresholdPoint, ...]
    segments: tuple[SegmentChoice, ...]
    combined: ThresholdPoint


def choose_thresholds(
    examples: Sequence[Example],
    codings: Sequence[Coding],
    *,
    nomenclature: Nomenclature,
    max_error: float,
    confidence: float = 0.95,
    by: str | None = None,
    audit_share: float = 0.0,
) -> Choice:
    """Choose the global threshold and, where asked, one a segment.

    Parameters
    ----------
    by
        One of `DIMENSIONS`; a filing's section is that of the code predicted, as it is when the
        policy is applied. `None`: the global threshold alone.

    Raises
    ------
    TrainingError
        No global threshold keeps the target.
    """
    points = curve(outcomes(examples, codings), total=len(examples), confidence=confidence)
    chosen = choose(points, max_error=max_error)
    groups = {} if by is None else _groups(examples, codings, nomenclature, by)
    segments = tuple(
        _segment(name, group, chosen.threshold, max_error, confidence) for name, group in sorted(groups.items())
    )
    policy = Policy(
        threshold=chosen.threshold,
        segments=tuple(
            Segment.model_validate({by: segment.name, "threshold": segment.point.threshold})
            for segment in segments
            if segment.own
        ),
        audit_share=audit_share,
    )
    auto = [
        outcome
        for segment in segments
        for outcome in groups[segment.name]
        if outcome.confidence_index >= segment.point.threshold
    ]
    threshold = chosen.threshold
    combined = _at(threshold, auto, len(examples), confidence) if segments else chosen
    return Choice(policy, chosen, tuple(points), segments, combined)


def _groups(
    examples: Sequence[Example], codings: Sequence[Coding], nomenclature: Nomenclature, by: str
) -> dict[str, list[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for example, coding in zip(examples, codings, strict=True):
        for outcome in outcomes([example], [coding]):
            value = {
                "section": nomenclature.section(coding.candidates[0].code),
                "type_form": example.formality.type_form,
                "stage": coding.stage.value,
            }[by]
            groups.setdefault(value or "", []).append(outcome)
    return groups


def _segment(
    name: str, group: Sequence[Outcome], global_threshold: float, max_error: float, confidence: float
) -> SegmentChoice:
    # A filing without the value is no segment: a condition of a policy names a value.
    if name:
        try:
            own = choose(curve(group, confidence=confidence), max_error=max_error)
            return SegmentChoice(name, len(group), True, own)
        except TrainingError:
            pass
    auto = [outcome for outcome in group if outcome.confidence_index >= global_threshold]
    return SegmentChoice(name, len(group), False, _at(global_threshold, auto, len(group), confidence))


def _at(threshold: float, auto: Sequence[Outcome], total: int, confidence: float) -> ThresholdPoint:
    errors = sum(not outcome.correct for outcome in auto)
    return ThresholdPoint(
        threshold=threshold,
        automation=len(auto) / total,
        auto_error=errors / len(auto) if auto else 0.0,
        auto_error_upper=clopper_pearson_upper(errors, len(auto), confidence),
    )
