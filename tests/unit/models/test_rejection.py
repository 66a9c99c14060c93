"""Texts that code nothing, texts that are a code, and texts that must reach the model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from models.decide import decide
from models.nomenclature import Nomenclature
from models.policy import Policy
from models.rejection import rejection, typed_code
from schemas.decision import Route, Stage
from schemas.formality import Formality
from schemas.reasons import DecisionReason

if TYPE_CHECKING:
    from tests.unit.models.conftest import OpenedModel

ELSEWHERE, NOTHING = DecisionReason.REFERS_ELSEWHERE, DecisionReason.SAYS_NOTHING
NO_LETTERS, SINGLE = DecisionReason.NO_LETTERS, DecisionReason.SINGLE_LETTER


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("idem", ELSEWHERE),
        ("IDEM.", ELSEWHERE),
        ("idem kbis", ELSEWHERE),
        ("même activité", ELSEWHERE),
        ("voir kbis", ELSEWHERE),
        ("Voir K-bis", ELSEWHERE),
        ("VOIR EXTRAIT KBIS CI-JOINT", ELSEWHERE),
        ("cf. statuts", ELSEWHERE),
        ("voir pièce jointe", ELSEWHERE),
        ("Sans changement", ELSEWHERE),
        ("néant", NOTHING),
        ("NEANT", NOTHING),
        ("ne\u0301ant", NOTHING),
        ("activité principale", NOTHING),
        ("Activité principale :", NOTHING),
        ("aucune activité", NOTHING),
        ("non renseigné", NOTHING),
        ("R.A.S.", NOTHING),
        ("n.c.", NOTHING),
        ("N/A", NOTHING),
        ("test", NOTHING),
        ("xxxxxx", NOTHING),
        ("auto-entrepreneur", NOTHING),
        ("à compléter", NOTHING),
        ("123 456", NO_LETTERS),
        ("2024", NO_LETTERS),
        ("...", NO_LETTERS),
        ("- / -", NO_LETTERS),
        ("☃", NO_LETTERS),
        ("   ", NO_LETTERS),
        ("x", SINGLE),
        ("A.", SINGLE),
        ("é", SINGLE),
    ],
)
def test_a_text_that_codes_nothing_is_known(text: str, reason: DecisionReason) -> None:
    """Each with the reason that dashboards show."""
    assert rejection(text) is reason


@pytest.mark.parametrize(
    "text",
    [
        "activité principale : plomberie",
        "test de logiciels",
        "essais et analyses techniques",
        "idem, plus vente de vins",
        "voyance",
        "voirie",
        "activité de siège social",
        "holding",
        "LMNP",
        "BTP",
        "location",
        "conseil",
        "création de bijoux",
        "reprise de concessions",
        "divers travaux de maçonnerie",
        "formation au code de la route",
        "rédaction de statuts",
        "pose d'extraits de façade",
        "B&B",
        "ss",
        "日本料理",
    ],
)
def test_a_text_that_may_say_something_is_not_rejected(text: str) -> None:
    """In doubt the model decides: a rejected filing goes back to the declarant."""
    assert rejection(text) is None


@pytest.mark.parametrize(
    "text",
    ["43.22A", "4322A", "4322a", "APE 4322A", "code APE : 43.22a", "NAF 43.22 A", "n° APE 4322A", "(4322A)", "4322A."],
)
def test_a_typed_code_goes_to_review_with_that_code_first(
    text: str, opened_model: OpenedModel, filing: Callable[..., Formality]
) -> None:
    """Even at threshold 0: what the declarant believes to be the code is not coding."""
    decision = decide(filing(text), model=opened_model.model, policy=Policy(threshold=0.0))

    assert (decision.route, decision.stage) == (Route.REVIEW, Stage.REJECTION)
    assert decision.reason is DecisionReason.APE_CODE_AS_TEXT
    assert (decision.code, decision.candidates[0].code) == ("4322A", "4322A")
    assert decision.label == opened_model.model.nomenclature.labels["4322A"]


@pytest.mark.parametrize("text", ["4322", "9999Z", "plomberie 4322A", "4322A plomberie", "APE", "", "A" * 41])
def test_what_is_more_or_less_than_a_code_is_no_typed_code(text: str, naf: Nomenclature) -> None:
    """A class, an unknown code, a code beside words."""
    assert typed_code(text, naf) is None


def test_a_rejected_filing_is_returned_without_code(
    opened_model: OpenedModel, filing: Callable[..., Formality]
) -> None:
    """No candidate, no confidence, no threshold, and no audit copy."""
    decision = decide(filing("voir kbis"), model=opened_model.model, policy=Policy(threshold=0.0, audit_share=1.0))

    assert (decision.route, decision.stage, decision.reason) == (Route.RETURNED, Stage.REJECTION, ELSEWHERE)
    assert (decision.code, decision.label, decision.candidates) == (None, None, ())
    assert (decision.confidence_index, decision.threshold, decision.audit) == (None, None, False)
