"""decide(): one pure function; the same decision alone, in any batch, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from models.coding import CodingModel
from models.decide import decide, decide_batch, decision_id
from models.evaluation import Example
from models.lru import BoundedCache
from models.policy import Policy
from schemas.codec import decode, encode
from schemas.decision import MAX_CANDIDATES, Decision, Source
from schemas.formality import CODING_FIELDS, Formality

if TYPE_CHECKING:
    from tests.unit.models.conftest import OpenedModel

POLICY = Policy(threshold=0.3, audit_share=0.2)
OTHER_VALUES = {
    "description_activity": "plomberie",
    "other_nature_activity": "gîte",
    "precision_act_sec_agricole": "vignes",
    "type_form": "M",
    "nature": "14",
    "surface": "3",
    "event": "05P",
    "cj": "5710",
    "activity_permanence_status": "S",
}


def test_decide_is_decide_batch_of_one(opened_model: OpenedModel, small_examples: list[Example]) -> None:
    """To the byte of the message."""
    formalities = [example.formality for example in small_examples[:300]]
    batch = decide_batch(formalities, model=opened_model.model, policy=POLICY)

    assert [encode(decide(f, model=opened_model.model, policy=POLICY)) for f in formalities] == [
        encode(decision) for decision in batch
    ]


def test_a_decision_has_at_most_five_candidates_most_probable_first(
    opened_model: OpenedModel, small_examples: list[Example]
) -> None:
    """And its confidence index is the first probability less the second."""
    formalities = [example.formality for example in small_examples[:200]]
    for decision in decide_batch(formalities, model=opened_model.model, policy=POLICY):
        probabilities = [candidate.probability for candidate in decision.candidates]
        assert len(probabilities) <= MAX_CANDIDATES
        assert probabilities == sorted(probabilities, reverse=True)
        assert len({candidate.code for candidate in decision.candidates}) == len(probabilities)
        if decision.confidence_index is not None and len(probabilities) > 1:
            assert decision.confidence_index == round(probabilities[0] - probabilities[1], 6)


def test_the_decision_id_is_the_same_in_another_process(filing: Callable[..., Formality]) -> None:
    """With another hash seed, another clock and another time zone."""
    code = (
        "from datetime import datetime, UTC; from models.decide import decision_id; from schemas.formality import "
        "Formality; print(decision_id(Formality(formality_id='J00012345', received_at=datetime.now(UTC), "
        "description_activity='boulangerie artisanale', nature='10'), 'model-1', 'policy-1'))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    }

    assert found == {decision_id(filing(nature="10"), "model-1", "policy-1")}


def test_the_decision_id_knows_no_clock_no_source_and_no_sender(
    opened_model: OpenedModel, filing: Callable[..., Formality]
) -> None:
    """A redelivery and a replay give the id of the first time."""
    early = datetime(2020, 1, 1, tzinfo=UTC)
    ids = {
        decide(
            filing(**fields),
            model=opened_model.model,
            policy=POLICY,
            source=source,
            decided_at=decided_at,
        ).decision_id
        for fields in ({}, {"received_at": early}, {"source": "replay"})
        for source in (None, Source("formality.received", 0, 7, early), Source("other", 3, 8_000))
        for decided_at in (None, early)
    }

    assert len(ids) == 1


@pytest.mark.parametrize("field", ["formality_id", *CODING_FIELDS])
def test_the_decision_id_changes_with_whatever_decides(field: str, filing: Callable[..., Formality]) -> None:
    """The id of the filing, and each field the coding depends on."""
    other = "J99" if field == "formality_id" else OTHER_VALUES[field]
    changed = filing().model_copy(update={field: other})

    assert decision_id(changed, "m", "p") != decision_id(filing(), "m", "p")


def test_the_decision_id_changes_with_model_and_policy(filing: Callable[..., Formality]) -> None:
    """And does not mix them up."""
    ids = {decision_id(filing(), *versions) for versions in (("m", "p"), ("m2", "p"), ("m", "p2"), ("mp", ""))}

    assert len(ids) == 4


def test_a_value_that_moves_to_the_next_field_gives_another_id(filing: Callable[..., Formality]) -> None:
    """Fields are told apart, not run together."""
    one = filing("vignes", other_nature_activity="gîte")
    two = filing("vignes", precision_act_sec_agricole="gîte")

    assert decision_id(one, "m", "p") != decision_id(two, "m", "p")


def test_a_decision_made_outside_the_stream_takes_the_filing_s_time(
    opened_model: OpenedModel, filing: Callable[..., Formality]
) -> None:
    """So that it is reproducible to the byte."""
    decision = decide(filing(), model=opened_model.model, policy=POLICY)

    assert decision.decided_at == decision.received_at == filing().received_at


@pytest.mark.parametrize("entries", [0, 1, 50, 10_000])
def test_the_cache_changes_no_decision(entries: int, opened_model: OpenedModel, small_examples: list[Example]) -> None:
    """Without a cache, with one that always overflows, with one that holds everything; filled or not."""
    model = opened_model.model
    cached = CodingModel(model.version, model.nomenclature, model.rules, model.classifier, BoundedCache(entries))
    formalities = [example.formality for example in small_examples[:150]] * 2
    plain = CodingModel(model.version, model.nomenclature, model.rules, model.classifier, BoundedCache(0))
    expected = decide_batch(formalities, model=plain, policy=POLICY)

    for size in (300, 1, 7):
        found = [
            decision
            for start in range(0, len(formalities), size)
            for decision in decide_batch(formalities[start : start + size], model=cached, policy=POLICY)
        ]
        assert found == expected
        assert len(cached.cache) <= entries


def test_a_repeated_text_is_predicted_once(opened_model: OpenedModel, filing: Callable[..., Formality]) -> None:
    """Within a batch and, with the cache, between batches; each filing keeps its own identity."""
    asked: list[str] = []

    class Counting:
        def top(self, lines: list[str], count: int) -> list[list[tuple[str, float]]]:
            """Count and pass on."""
            asked.extend(lines)
            return opened_model.model.classifier.top(lines, count)

    model = CodingModel("m", opened_model.model.nomenclature, opened_model.model.rules, Counting(), BoundedCache(10))
    formalities = [filing(formality_id=f"J{number}") for number in range(5)]
    first = decide_batch(formalities, model=model, policy=POLICY)
    decide_batch(formalities, model=model, policy=POLICY)

    assert len(asked) == 1
    assert [decision.formality_id for decision in first] == [f.formality_id for f in formalities]
    assert len({decision.decision_id for decision in first}) == 5


def test_decisions_are_what_a_checked_decision_would_be(
    opened_model: OpenedModel, filing: Callable[..., Formality]
) -> None:
    """Every route and stage passes the checks that deciding leaves out."""
    texts = ["boulangerie artisanale", "idem", "4322A", "divers travaux et ventes", "12"]
    for decision in decide_batch([filing(text) for text in texts], model=opened_model.model, policy=POLICY):
        assert decode(Decision, encode(decision)) == decision


def test_a_clock_without_an_offset_is_refused(opened_model: OpenedModel, filing: Callable[..., Formality]) -> None:
    """As any message with such a moment is."""
    with pytest.raises(ValidationError, match="timezone"):
        decide(filing(), model=opened_model.model, policy=POLICY, decided_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_empty_batch_has_no_decisions(opened_model: OpenedModel) -> None:
    """Nothing in, nothing out."""
    assert decide_batch([], model=opened_model.model, policy=POLICY) == []
