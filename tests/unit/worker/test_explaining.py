"""Decisions for review carry their reasons; nothing depends on them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from models.artefact import open_model
from models.coding import CodingModel
from models.policy import Policy
from schemas import headers as h
from schemas.decision import Decision
from stream.worker.explaining import MAX_BYTES, Explaining, encoded
from stream.worker.pipeline import Outcome, Pipeline
from tests.unit.worker.fakes import counter_filing, filing, pipeline, record

TEXTS = ["plombier chauffagiste", "culture de la vigne", "idem", "4322A", "vente de pain et de gateaux"]


@pytest.fixture(scope="module")
def model(small_model: Path) -> CodingModel:
    """The session's small model."""
    return open_model(small_model)[1]


def _run(pipe: Pipeline, texts: Sequence[str], **options: object) -> list[Outcome]:
    records = [record(n, filing(f"f{n}", text), **options) for n, text in enumerate(texts)]  # type: ignore[arg-type]
    return asyncio.run(pipe.process(records))


def _explained(pipe: Pipeline, model: CodingModel, threshold: float) -> Pipeline:
    return dataclasses.replace(
        pipe, model=model, policy=Policy(threshold=threshold, audit_share=1.0), explain=Explaining(model)
    )


def _header(outcome: Outcome) -> list[bytes | str | None]:
    return [value for message in outcome.messages for name, value in message.headers if name == h.EXPLANATION]


def test_decisions_of_the_model_for_review_carry_the_reasons_of_their_first_two_candidates(model: CodingModel) -> None:
    """One header each, its codes in the candidates' order; a refused or typed code has none."""
    outcomes = _run(_explained(pipeline(), model, 1.01), TEXTS)
    assert [len(_header(outcome)) for outcome in outcomes] == [1, 1, 0, 0, 1]
    for outcome, text in zip(outcomes, TEXTS, strict=True):
        for value in _header(outcome):
            assert isinstance(value, bytes)
            reasons = json.loads(value)
            assert list(reasons) == [candidate.code for candidate in outcome.decisions[0].candidates[:2]]
            assert all(len(strongest) <= 3 for strongest in reasons.values())
            assert {said for strongest in reasons.values() for said, _ in strongest} <= set(text.split())
            assert all(weight > 0 for strongest in reasons.values() for _, weight in strongest)


def test_auto_decisions_and_their_audit_copies_carry_none(model: CodingModel) -> None:
    """The second look at an audited decision is blind."""
    outcomes = _run(_explained(pipeline(), model, 0.0), ["plombier chauffagiste"])
    assert len(outcomes[0].messages) == 2
    assert _header(outcomes[0]) == []


def test_a_repeated_filing_has_the_same_reasons_from_memory(model: CodingModel) -> None:
    """In the same batch and in the next, alone and among others: the same bytes."""
    pipe = _explained(pipeline(), model, 1.01)
    twice = _run(pipe, ["plombier chauffagiste", "culture de la vigne", "plombier chauffagiste"])
    again = _run(pipe, ["plombier chauffagiste"])
    alone = _run(_explained(pipeline(), model, 1.01), ["plombier chauffagiste"])
    assert _header(twice[0]) == _header(twice[2]) == _header(again[0]) == _header(alone[0]) != []


def test_each_activity_of_a_message_has_its_own_reasons(model: CodingModel) -> None:
    """Two activities, two decisions, two explanations."""
    value = counter_filing("f", "plombier chauffagiste", "culture de la vigne")
    (outcome,) = asyncio.run(_explained(pipeline(), model, 1.01).process([record(0, value)]))
    first, second = _header(outcome)
    assert first != second


def test_a_failing_explanation_leaves_every_decision_as_it_is_and_quotes_nothing() -> None:
    """Reasons only help: the decisions go out without, and the log has the error's kind alone."""

    def broken(decisions: Sequence[Decision]) -> dict[str, bytes]:
        raise ValueError(decisions[0].formality.description_activity)

    plain = pipeline(threshold=1.01)
    with capture_logs() as logs:
        outcomes = _run(dataclasses.replace(plain, explain=broken), TEXTS)
    assert [outcome.messages for outcome in outcomes] == [outcome.messages for outcome in _run(plain, TEXTS)]
    assert logs == [{"event": "decisions_without_reasons", "error": "ValueError", "log_level": "warning"}]


def test_an_explanation_the_producer_sent_does_not_travel_as_ours(model: CodingModel) -> None:
    """A reader of the review topic may trust the header."""
    sent = [(h.EXPLANATION, b"{}"), ("mine", b"1")]
    for threshold, count in ((1.01, 1), (0.0, 0)):
        (outcome,) = _run(_explained(pipeline(), model, threshold), ["plombier chauffagiste"], headers=sent)
        assert len(_header(outcome)) == count
        assert b"{}" not in _header(outcome)


@pytest.mark.parametrize("word", ["a" * 2_000, "漢" * 2_000, 'qu"ote'])
def test_the_header_is_bounded_whatever_was_written(word: str) -> None:
    """Long words are cut; where that is not enough, each candidate has fewer reasons."""
    reasons = {code: [(word, 3.14159), (word, 2.0), (word, 1.0)] for code in ("4322A", "4321A")}
    value = encoded(reasons)
    assert len(value) <= MAX_BYTES
    found = json.loads(value)
    assert list(found) == ["4322A", "4321A"]
    assert all(1 <= len(strongest) <= 3 and strongest[0] == [word[:40], 3.14] for strongest in found.values())
