"""Decisions put together without checks are those that would pass them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from schemas.codec import decode, encode
from schemas.decision import Candidate, Decision, Route, Source, Stage, assemble, candidates_of
from schemas.formality import Formality
from schemas.reasons import DecisionReason

MOMENT = datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC)
FILING = Formality(formality_id="J1", received_at=MOMENT, description_activity="Été", cj="5710", surface="250 m2")
FIELDS = {
    "schema_version": 1,
    "decision_id": "0" * 32,
    "formality_id": "J1",
    "route": Route.AUTO,
    "stage": Stage.MODEL,
    "reason": DecisionReason.CONFIDENT,
    "code": "4322A",
    "label": "Eau et gaz",
    "candidates": candidates_of([("4322A", 0.75), ("4322B", 0.125)], {"4322A": "Eau et gaz"}),
    "confidence_index": 0.625,
    "threshold": 0.5,
    "audit": True,
    "model_version": "model-1",
    "policy_version": "policy-1",
    "nomenclature": "naf-rev2",
    "received_at": MOMENT,
    "decided_at": MOMENT,
    "source": Source("formality.received", 3, 7, MOMENT),
    "formality": FILING,
}
EMPTY = dict.fromkeys(("code", "label", "confidence_index", "threshold", "source"))


@pytest.mark.parametrize(
    "changes", [{}, {**EMPTY, "candidates": (), "route": Route.RETURNED}], ids=["coded", "returned"]
)
@pytest.mark.parametrize("way", [encode, repr, Decision.model_dump, hash, lambda d: d.model_copy(update={"code": "x"})])
def test_an_assembled_decision_is_the_checked_one(changes: dict, way: Callable[[Decision], object]) -> None:
    """Equal, and the same in every way it is used; it reads back from the wire as itself."""
    fields = FIELDS | changes
    assembled, checked = assemble(**fields), Decision(**fields)

    assert assembled == checked
    assert way(assembled) == way(checked)
    assert decode(Decision, encode(assembled)) == checked
    assert list(fields) == list(Decision.model_fields)


def test_candidates_are_what_the_class_builds() -> None:
    """A code without a label is its own."""
    assert candidates_of([("A", 0.5), ("B", 0.25)], {"A": "first"}) == (
        Candidate("A", "first", 0.5),
        Candidate("B", "B", 0.25),
    )
