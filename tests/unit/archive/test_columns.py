"""Messages as rows: fast for what is right, and nothing lost of what is not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.arrow import DECISION, LABEL, from_batch
from schemas.codec import decode
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision
from schemas.errors import UnreadableMessage
from schemas.label import Label
from schemas.reasons import DeadLetterReason
from stream.archive.json_columns import JsonColumns
from stream.archive.rows import rows_of
from stream.records import Messages
from tests.unit.archive.fields import GOLDEN, NOON, decision

GOOD = decision(1)
BODY: dict[str, Any] = json.loads(GOOD)
LABELLED: dict[str, Any] = {
    "formality_id": "J1",
    "code": None,
    "nomenclature": "naf-rev2",
    "origin": "review",
    "labelled_by": "a",
    "labelled_at": "2026-01-01T00:00:00+01:00",
    "schema_version": 1,
}
BAD = {
    "nothing": b"",
    "blank": b"  ",
    "no JSON": b'{"route": ',
    "not UTF-8": GOOD.replace(b"J000001", b"J\xff00001"),
    "another thing": b'{"not": "a decision"}',
    "two objects": GOOD + GOOD,
    "two lines": GOOD + b"\n" + GOOD,
    "a list": b"[1]",
    "a lone surrogate": GOOD.replace(b"J000001", b"J\\ud800"),
    "a required field is null": decision(1, model_version=None),
    "a required field of the filing is missing": decision(1, formality={"formality_id": "J1"}),
    "a number for a text": decision(1, model_version=3),
    "a candidate without its label": decision(1, candidates=[{"code": "1", "probability": 0.5}]),
    "half a source": decision(1, source={"topic": "x"}),
    "a route there is not": decision(1, route="bogus"),
    "a stage there is not": decision(1, stage="guess"),
    "a reason there is not": decision(1, reason="whim"),
    "an index that is no probability": decision(1, confidence_index=7),
    "a probability that is none": decision(1, candidates=[{"code": "1", "label": "x", "probability": -0.5}]),
    "six candidates": decision(1, candidates=[{"code": "1", "label": "x", "probability": 0.1}] * 6),
    "a threshold under zero": decision(1, threshold=-0.1),
    "a threshold without bound": GOOD.replace(b'"threshold": 0.8', b'"threshold": 1e999'),
    "a year before the calendar": decision(1, decided_at="0000-01-01T00:00:00Z"),
    "a year after the calendar": decision(1, received_at="9999-12-31T23:59:59-10:00"),
    "an offset under zero": decision(1, source=BODY["source"] | {"offset": -1}),
    "a filing of no time zone's calendar": decision(
        1, formality=BODY["formality"] | {"received_at": "9999-12-31T00:00:00Z"}
    ),
    "a filing that says nothing": decision(1, formality=BODY["formality"] | {"description_activity": " NA "}),
    "a filing too long": decision(1, formality=BODY["formality"] | {"other_nature_activity": "é" * 2_001}),
    "a filing without an id": decision(1, formality=BODY["formality"] | {"formality_id": ""}),
    "a form of filing there cannot be": decision(1, formality=BODY["formality"] | {"type_form": "CC"}),
    "deep": b'{"x":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
}


def reader() -> JsonColumns:
    return JsonColumns(DECISION, Decision)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_a_row_without_columns_and_its_neighbours_are_whole(bad: bytes) -> None:
    """No message shifts another's row, whatever is in it."""
    values = [decision(0), bad, decision(2), None, decision(4)]
    batch, unreadable = reader().read(values)
    assert unreadable.tolist() == [1, 3]
    assert batch["formality_id"].to_pylist() == ["J000000/A1", None, "J000002/A1", None, "J000004/A1"]
    assert all(batch[name][1].as_py() is None for name in batch.schema.names)


def test_the_columns_are_what_the_codec_reads() -> None:
    """Released decisions, read by Arrow, are equal to what our codec makes of them."""
    values = [path.read_bytes().strip() for path in sorted(GOLDEN.glob("decision.*.json"))]
    batch, unreadable = reader().read(values)
    assert not len(unreadable)
    assert from_batch(batch) == [decode(Decision, value) for value in values]


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_unreadable_here_the_codec_refuses_too(bad: bytes) -> None:
    """What Arrow alone could have read is judged as everywhere else."""
    with pytest.raises(UnreadableMessage):
        decode(Decision, bad)


def test_a_value_that_looks_odd_and_that_our_codec_repairs_is_read_as_it_reads_it() -> None:
    """A code whose zero a spreadsheet took, and a text with more bytes than it may have characters."""
    values = [
        decision(0, formality=BODY["formality"] | {"nature": "4"}),
        decision(1, formality=BODY["formality"] | {"description_activity": "é" * 2_000}),
        decision(2),
    ]
    batch, unreadable = reader().read(values)
    assert not len(unreadable)
    assert from_batch(batch) == [decode(Decision, value) for value in values]


@pytest.mark.parametrize(
    ("field", "value"),
    [("origin", "expert"), ("labelled_at", "0000-01-01T00:00:00Z"), ("labelled_at", "9999-12-31T23:59:59-10:00")],
)
def test_what_the_codec_takes_for_no_label_is_unreadable(field: str, value: str) -> None:
    """Its neighbours are labels all the same."""
    bodies: list[dict[str, Any]] = [LABELLED, LABELLED | {field: value}, LABELLED | {"formality_id": "J2"}]
    batch, unreadable = JsonColumns(LABEL, Label).read([json.dumps(body).encode() for body in bodies])
    assert unreadable.tolist() == [1]
    assert batch["formality_id"].to_pylist() == ["J1", None, "J2"]
    assert batch["origin"].to_pylist() == ["review", None, "review"]


def test_what_arrow_refuses_and_our_codec_reads_is_read() -> None:
    """An instant with nanoseconds, a number written otherwise, a value that begins with a space."""
    values = [
        decision(1, decided_at="2026-11-28T01:02:03.123456+01:00:00.5"),
        decision(2, schema_version=1.0),
        b" " + decision(3),
        b"\xef\xbb\xbf" + decision(4),
    ]
    batch, unreadable = reader().read(values)
    for number, value in enumerate(values):
        try:
            expected = decode(Decision, value)
        except UnreadableMessage:
            assert number in unreadable
        else:
            assert from_batch(batch.slice(number, 1)) == [expected]
    assert {1, 2}.isdisjoint(unreadable.tolist())


def test_a_label_is_read_without_what_it_may_leave_out() -> None:
    """decision_id has a default, and fields of a later version are passed over."""
    label = json.loads((GOLDEN / "label.review.json").read_bytes()) if (GOLDEN / "label.review.json").exists() else None
    body = label or dict(LABELLED)
    body.pop("decision_id", None)
    batch, unreadable = JsonColumns(LABEL, Label).read([json.dumps(body | {"later": [1, {}]}).encode()])
    assert not len(unreadable)
    assert Label.model_validate(batch.to_pylist()[0]) == Label.model_validate(body)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.just(GOOD), st.sampled_from(list(BAD.values())), st.binary(max_size=30)), max_size=12))
def test_any_mixture_keeps_its_order_and_its_count(values: list[bytes]) -> None:
    """One row a value; a row has columns exactly where the value is a decision."""
    batch, unreadable = reader().read(values)
    assert batch.num_rows == len(values)
    for number, value in enumerate(values):
        assert (number in unreadable) == (value != GOOD)
        assert batch["formality_id"][number].as_py() == (BODY["formality_id"] if value == GOOD else None)


def test_a_row_says_where_its_message_stood_and_keeps_unreadable_bytes() -> None:
    """Partition, offset, timestamp, key, and the headers that the columns do not say."""
    headers = [[("ce_id", b"x"), ("traceparent", b"00-ab"), ("n", None)], []]
    batch, unreadable = rows_of(topics.REVIEW, 3, Messages([7, 9], [NOON, -1], [b"k", None], [GOOD, b"\xff"], headers))
    first, second = batch.to_pylist()
    assert unreadable == 1
    assert (first["kafka_partition"], first["kafka_offset"], first["kafka_key"], first["unreadable"]) == (
        3,
        7,
        b"k",
        None,
    )
    assert first["kafka_timestamp"].timestamp() * 1000 == NOON
    assert first["kafka_headers"] == [{"name": "traceparent", "value": b"00-ab"}, {"name": "n", "value": None}]
    assert (second["unreadable"], second["decision_id"], second["kafka_key"]) == (b"\xff", None, None)
    assert second["kafka_timestamp"].year == 1970


def test_a_stamp_beyond_the_calendar_stays_within_it() -> None:
    """Any sender may stamp a message with any number."""
    batch, _ = rows_of(topics.REVIEW, 0, Messages([0], [2**63 - 1], [None], [GOOD], [()]))
    assert batch["kafka_timestamp"][0].as_py().year == 9999


def test_a_dead_letter_is_its_provenance_and_its_bytes() -> None:
    """A message that someone else wrote there keeps its bytes too."""
    letter = DeadLetter(
        topic="formality.received",
        partition=1,
        offset=5,
        timestamp=None,
        reason=DeadLetterReason.NOT_JSON,
        error="no",
        worker_version="0.1.0",
    )
    headers = [[*((n, v.encode() if isinstance(v, str) else v) for n, v in letter.to_headers()), ("own", b"1")], []]
    batch, unreadable = rows_of(
        topics.DEAD_LETTER, 0, Messages([0, 1], [NOON] * 2, [b"k"] * 2, [b"\xff", b"x"], headers)
    )
    ours, foreign = batch.to_pylist()
    assert unreadable == 1
    assert (ours["original_topic"], ours["original_offset"], ours["reason"], ours["value"]) == (
        "formality.received",
        5,
        "not_json",
        b"\xff",
    )
    assert ours["kafka_headers"] == [{"name": "own", "value": b"1"}]
    assert (foreign["value"], foreign["unreadable"]) == (None, b"x")
