"""One outcome a record, in order, whatever the record holds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from schemas.codec import decode
from schemas.decision import Decision
from stream.records import Record
from stream.worker import guard
from stream.worker.pipeline import Outcome, Pipeline
from tests.unit.worker.fakes import counter_filing, filing, pipeline, record


def _outcomes(pipe: Pipeline, records: list[Record]) -> list[Outcome]:
    return asyncio.run(pipe.process(records))


def test_poison_among_good_filings_gets_a_dead_letter_and_the_good_ones_their_decisions() -> None:
    """One outcome a record, in the records' order."""
    values = [filing("a"), b"\xff", filing("b"), b"{", None, filing("c")]
    outcomes = _outcomes(pipeline(), [record(n, value) for n, value in enumerate(values)])
    assert [outcome.record.offset for outcome in outcomes] == list(range(6))
    assert [outcome.wrong and outcome.wrong.reason.value for outcome in outcomes] == [
        None, "not_utf8", None, "not_json", "empty_message", None,
    ]  # fmt: skip
    assert all(len(outcome.messages) == 1 for outcome in outcomes)
    assert [m.topic for o in outcomes for m in o.messages if o.wrong] == ["p.formality.dead-letter"] * 3


def test_a_filing_on_which_deciding_raises_is_the_only_dead_letter_of_its_batch() -> None:
    """The batch is decided again one by one; the error text does not quote the filing."""
    values = [filing("a"), filing("b", "zzyzx sur mesure"), filing("c")]
    outcomes = _outcomes(pipeline(dislikes="zzyzx"), [record(n, value) for n, value in enumerate(values)])
    assert [outcome.wrong is not None for outcome in outcomes] == [False, True, False]
    wrong = outcomes[1].wrong
    assert wrong is not None
    assert (wrong.reason.value, wrong.detail) == ("prediction_failed", "ValueError while deciding")
    assert outcomes[1].messages[0].value == values[1]


def test_a_message_with_three_activities_has_three_decisions() -> None:
    """Each activity has an identity of its own."""
    (outcome,) = _outcomes(pipeline(), [record(0, counter_filing("f", "plombier", "coiffure", "taxi"))])
    assert [d.formality_id for d in outcome.decisions] == ["f/a0", "f/a1", "f/a2"]
    assert len(outcome.messages) == 3


@pytest.mark.parametrize("value", [filing("a"), b"{"])
def test_a_header_without_a_value_has_none_on_what_is_written(value: bytes) -> None:
    """On a decision and on a dead letter; an empty one stays empty."""
    own = [("mark", None), ("empty", b"")]
    (outcome,) = _outcomes(pipeline(), [record(0, value, headers=own)])
    assert outcome.messages[0].headers[:2] == own


@pytest.mark.parametrize("last", [None, "zzyzx"])
def test_a_message_with_one_bad_activity_is_a_dead_letter_and_no_decision(last: str | None) -> None:
    """All or nothing, and the filing after it gets its own decision."""
    values = [counter_filing("f", "plombier", "coiffure", last), filing("after")]
    bad, good = _outcomes(pipeline(dislikes="zzyzx"), [record(n, value) for n, value in enumerate(values)])
    assert bad.decisions == ()
    assert [message.topic for message in bad.messages] == ["p.formality.dead-letter"]
    assert [d.formality_id for d in good.decisions] == ["after"]


def test_the_producers_headers_travel_to_the_decision_beside_the_cloud_event() -> None:
    """`traceparent` and others pass; ce_id is the decision's."""
    headers = [("traceparent", b"00-1"), ("mine", b"\x00")]
    (outcome,) = _outcomes(pipeline(), [record(0, filing("a"), headers=headers)])
    (message,) = outcome.messages
    assert list(message.headers)[:2] == headers
    assert dict(message.headers)["ce_id"] == outcome.decisions[0].decision_id.encode()


def test_an_audited_decision_goes_to_auto_and_a_copy_to_audit() -> None:
    """Nobody waits for the audit: the same bytes on both topics."""
    (outcome,) = _outcomes(pipeline(audit_share=1.0), [record(0, filing("a"))])
    assert [message.topic for message in outcome.messages] == ["p.formality.auto-coded", "p.formality.audit"]
    assert outcome.messages[0].value == outcome.messages[1].value
    assert decode(Decision, outcome.messages[0].value or b"").audit


def test_what_was_already_decided_is_not_written_again() -> None:
    """Of two activities one is known: one message, one suppressed; the next record is not disturbed."""
    first, _ = _outcomes(pipeline(), [record(0, counter_filing("f", "plombier", "coiffure")), record(1, filing("z"))])
    known = frozenset({first.decisions[0].decision_id})
    partly, after = _outcomes(
        pipeline(known=known), [record(0, counter_filing("f", "plombier", "coiffure")), record(1, filing("z"))]
    )
    assert [d.formality_id for d in partly.decisions] == ["f/a1"]
    assert (partly.suppressed, len(partly.messages)) == (1, 1)
    assert [d.formality_id for d in after.decisions] == ["z"]


def test_a_defect_in_reading_is_the_messages_trouble_not_the_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever reading raises becomes a dead letter."""

    def broken(*_: Any, **__: Any) -> None:
        raise RecursionError

    monkeypatch.setattr(guard, "decode_formalities", broken)
    (outcome,) = _outcomes(pipeline(), [record(0, filing("a"))])
    assert outcome.wrong is not None
    assert outcome.messages[0].value == filing("a")


def test_an_earlier_failures_provenance_gives_way_to_this_ones() -> None:
    """A redriven message that fails again bears one set of provenance headers, attempt 2."""
    (first,) = _outcomes(pipeline(), [record(7, b"{", key=b"k", headers=[("mine", b"1")])])
    headers = list(first.messages[0].headers)
    (second,) = _outcomes(pipeline(), [record(9, b"{", key=b"k", headers=headers)])
    names = [name for name, _ in second.messages[0].headers]
    assert len(names) == len(set(names))
    found = dict(second.messages[0].headers)
    assert (found["codiflux-original-offset"], found["codiflux-attempt"], found["mine"]) == (b"9", b"2", b"1")
    assert second.messages[0].key == b"k"
