"""Messages that are no decision are counted and passed over; the rest is read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from schemas import topics
from schemas.codec import encode
from schemas.decision import Route
from stream.kafka.merged import Item
from stream.monitor.reading import Reading
from tests.unit.monitor.messages import NOON, decision, item, label, read_all, small_reader


def read(*values: Any) -> tuple[Reading, list[dict[str, Any]]]:
    return read_items([item(value, offset) for offset, value in enumerate(values)])


def read_items(items: list[Item]) -> tuple[Reading, list[dict[str, Any]]]:
    found = Reading()
    decisions = read_all(small_reader(), items, found)
    found.close()
    return found, decisions


def altered(**changes: Any) -> bytes:
    """A decision with some fields of another form."""
    return json.dumps({**json.loads(encode(decision(9))), **changes}).encode()


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"no JSON",
        altered(confidence_index=float("nan")),
        altered(confidence_index="high"),
        altered(confidence_index=10**400),
        altered(confidence_index=-0.5),
        altered(candidates=[{"code": "4322A", "label": "", "probability": "much"}]),
        altered(candidates=None),
        altered(model_version=None),
        altered(decision_id=7),
        altered(route="elsewhere"),
        altered(stage=["model"]),
        altered(decided_at="yesterday"),
        altered(formality=None),
        altered(audit="yes"),
        altered(code=4322),
    ],
)
def test_an_unreadable_message_is_counted_and_spoils_no_other(value: bytes | None) -> None:
    """The decisions around it are read."""
    found, decisions = read(decision(1), value, decision(2))
    assert [each["formality_id"] for each in decisions] == ["f-1", "f-2"]
    assert found.unreadable == {topics.REVIEW: 1}
    assert found.batch.offsets[topics.REVIEW, 0] == 3


def test_missing_values_are_no_error() -> None:
    """A returned filing has neither code nor confidence."""
    found, decisions = read(decision(1, route=Route.RETURNED))
    assert (len(decisions), found.confidence, found.threshold) == (1, [], None)
    assert not found.unreadable


def test_an_unreadable_label_is_counted() -> None:
    """Labels are validated as a whole: they are few."""
    found, _ = read_items([item(b"{}", 0, topics.LABELLED)])
    assert found.unreadable == {topics.LABELLED: 1}


def test_only_decisions_that_a_human_may_judge_are_kept_for_labels() -> None:
    """An auto decision outside the audit is counted, and not kept."""
    found, _ = read(
        decision(1), decision(2, route=Route.AUTO), decision(3, route=Route.AUTO, audit=True), decision(4, code=None)
    )
    assert [row.formality_id for row in found.batch.decisions] == ["f-1", "f-3", "f-4"]
    assert {key.lane: (count.decisions, count.audited) for key, count in found.batch.made.items()} == {
        "review": (2, 0),
        "auto": (2, 1),
    }


def test_an_unknown_code_is_counted_and_the_decision_read() -> None:
    """A nomenclature we do not know is no reason to look away."""
    found, decisions = read(decision(1, code="9999Z"))
    assert (found.unknown_codes, len(decisions)) == (1, 1)


def test_a_clock_that_is_ahead_does_not_move_the_windows() -> None:
    """Event time is at most what the broker says."""
    ahead = label(1, at=NOON + timedelta(days=4_000))
    late = item(ahead, 0)._replace(timestamp=int(NOON.timestamp() * 1000))
    found, _ = read_items([late])
    assert found.latest == NOON.timestamp()
