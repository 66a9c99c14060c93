"""Messages that are no decision are counted and passed over; the rest is read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from schemas import topics
from schemas.codec import encode
from schemas.decision import Route
from stream.monitor.copies import Copies
from stream.monitor.reading import WATCHED, Reader, Reading
from tests.unit.monitor.messages import NOON, decision, item, label, path_of


def read(*values: Any) -> Reading:
    return Reader({name: name for name in WATCHED}, Copies(), path_of).read(
        [item(value, offset) for offset, value in enumerate(values)]
    )


def altered(**changes: Any) -> bytes:
    """A decision with some fields of another form."""
    fields = json.loads(encode(decision(9)))
    for name, value in changes.items():
        place, _, inner = name.partition("__")
        if inner:
            fields[place][inner] = value
        else:
            fields[place] = value
    return json.dumps(fields).encode()


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
        altered(candidates=[{"code": "4322A", "label": "", "probability": "much"}]),
        altered(candidates=None),
        altered(model_version=None),
        altered(decision_id=7),
        altered(route="elsewhere"),
        altered(stage=["model"]),
        altered(decided_at="yesterday"),
        altered(formality=None),
        altered(formality__nature={"code": 4}),
        altered(formality__description_activity=None, formality__cj=1000),
        altered(audit="yes"),
        altered(code=4322),
    ],
)
def test_an_unreadable_message_is_counted_and_spoils_no_other(value: bytes | None) -> None:
    """The decisions around it are read."""
    found = read(decision(1), value, decision(2))
    assert [each["formality_id"] for each in found.decisions] == ["f-1", "f-2"]
    assert found.unreadable == {topics.REVIEW: 1}
    assert found.batch.offsets[topics.REVIEW, 0] == 3


def test_missing_values_are_no_error() -> None:
    """A returned filing has neither code nor confidence."""
    found = read(decision(1, route=Route.RETURNED))
    assert (len(found.decisions), found.confidence, found.threshold) == (1, [], None)
    assert not found.unreadable


def test_an_unreadable_label_is_counted() -> None:
    """Labels are validated as a whole: they are few."""
    found = Reader({name: name for name in WATCHED}, Copies(), path_of).read([item(b"{}", 0, topics.LABELLED)])
    assert found.unreadable == {topics.LABELLED: 1}


def test_only_decisions_that_a_human_may_judge_are_kept_for_labels() -> None:
    """An auto decision outside the audit is counted, and not kept."""
    found = read(
        decision(1), decision(2, route=Route.AUTO), decision(3, route=Route.AUTO, audit=True), decision(4, code=None)
    )
    assert [row.formality_id for row in found.batch.decisions] == ["f-1", "f-3", "f-4"]
    assert {key.lane: (count.decisions, count.audited) for key, count in found.batch.made.items()} == {
        "review": (2, 0),
        "auto": (2, 1),
    }


def test_an_unknown_code_is_counted_and_the_decision_read() -> None:
    """A nomenclature we do not know is no reason to look away."""
    found = read(decision(1, code="9999Z"))
    assert (found.unknown_codes, len(found.decisions)) == (1, 1)


def test_a_clock_that_is_ahead_does_not_move_the_windows() -> None:
    """Event time is at most what the broker says."""
    ahead = label(1, at=NOON + timedelta(days=4_000))
    late = item(ahead, 0)._replace(timestamp=int(NOON.timestamp() * 1000))
    found = Reader({name: name for name in WATCHED}, Copies(), path_of).read([late])
    assert found.latest == NOON.timestamp()
