"""Every reason that reading a message can give, reached by some bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import MAX_MESSAGE_BYTES, decode_formalities
from schemas.errors import UnreadableMessage
from schemas.formality import CODING_FIELDS, MISSING_MARKERS, TEXT_FIELDS
from schemas.reasons import DeadLetterReason

NOW = datetime(2026, 3, 2, 7, 15, 30, tzinfo=UTC)
SOUND = {"formality_id": "a", "received_at": "2026-03-02T07:15:30Z", "description_activity": "plombier"}


def sound(**fields: Any) -> bytes:
    return json.dumps({**SOUND, **fields}).encode()


def counter(content: Any, **formality: Any) -> bytes:
    return json.dumps({"formality": {**formality, "content": content}}).encode()


def declared(**activity: Any) -> bytes:
    return counter({"personneMorale": {"etablissementPrincipal": {"activites": [activity]}}})


REFUSED: list[tuple[str, bytes | None, str]] = [
    ("no value", None, "empty_message"),
    ("empty value", b"", "empty_message"),
    ("a byte too many", sound(x="x" * MAX_MESSAGE_BYTES), "too_large"),
    ("latin-1", '{"description_activity":"café"}'.encode("latin-1"), "not_utf8"),
    ("random bytes", b"\x80\x81", "not_utf8"),
    ("blanks", b"  ", "not_json"),
    ("text", b"plombier", "not_json"),
    ("cut short", sound()[:-3], "not_json"),
    ("bare NaN", b'{"description_activity":"x","surface":NaN}', "not_json"),
    ("half a surrogate pair", b'{"description_activity":"\\ud800"}', "not_json"),
    ("deep nesting", b"[" * 100_000, "not_json"),
    ("deep nesting, closed", b"[" * 1_000 + b"]" * 1_000, "not_json"),
    ("array", b"[]", "not_a_formality"),
    ("number", b"12", "not_a_formality"),
    ("text in JSON", b'"plombier"', "not_a_formality"),
    ("null", b"null", "not_a_formality"),
    ("empty object", b"{}", "not_a_formality"),
    ("other object", b'{"order": 1}', "not_a_formality"),
    ("formality of another shape", b'{"formality": []}', "not_a_formality"),
    ("a form that is no object", b'{"forms": ["plombier"]}', "not_a_formality"),
    ("content that is no object", counter([1]), "not_a_formality"),
    (
        "activities that are no list",
        counter({"exploitation": {"etablissementPrincipal": {"activites": {}}}}),
        "not_a_formality",
    ),
    ("no form", b'{"forms": []}', "no_activity"),
    ("no content", counter(None), "no_activity"),
    ("no activity", counter({"personneMorale": {}}), "no_activity"),
    ("no description", json.dumps({"formality_id": "a"}).encode(), "missing_field"),
    ("an activity without description", declared(activiteId="1"), "missing_field"),
    ("the second form without description", json.dumps({"forms": [SOUND, {"nature": "04"}]}).encode(), "missing_field"),
    *[(f"description {m!r}", sound(description_activity=m), "missing_field") for m in sorted(MISSING_MARKERS)],
    ("description null", sound(description_activity=None), "missing_field"),
    ("description blank", sound(description_activity=" \t"), "missing_field"),
    *[(f"long {name}", sound(**{name: "x" * 2_001}), "text_too_long") for name in TEXT_FIELDS],
    *[(f"list in {name}", sound(**{name: ["x"]}), "invalid_field") for name in CODING_FIELDS],
    *[(f"true in {name}", sound(**{name: True}), "invalid_field") for name in CODING_FIELDS],
    ("type_form", sound(type_form="cc"), "invalid_field"),
    ("a long type_form is no long text", sound(type_form="C" * 2_001), "invalid_field"),
    ("nature", sound(nature="123"), "invalid_field"),
    ("nature in other digits", sound(nature="٣٤"), "invalid_field"),
    ("surface", sound(surface="large"), "invalid_field"),
    ("negative surface", sound(surface=-5), "invalid_field"),
    ("event", sound(event="01Z"), "invalid_field"),
    ("event in other digits", sound(event="٣٤P"), "invalid_field"),
    ("cj", sound(cj="SARL"), "invalid_field"),
    ("permanence", sound(activity_permanence_status="X"), "invalid_field"),
    ("time without zone", sound(received_at="2026-03-02T07:15:30"), "invalid_field"),
    ("time out of the calendar", sound(received_at="0001-01-01T00:00:00+14:00"), "invalid_field"),
    ("no time at all", sound(received_at="hier"), "invalid_field"),
    ("identity too long", sound(formality_id="x" * 201), "invalid_field"),
    ("identity a number", sound(formality_id=12), "invalid_field"),
    ("version", sound(schema_version="new"), "invalid_field"),
]


@pytest.mark.parametrize(("value", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_read_says_why(value: bytes | None, reason: str) -> None:
    """Each kind of bad input has its stable reason and a sentence."""
    with pytest.raises(UnreadableMessage) as caught:
        decode_formalities(value, key=b"k", timestamp=NOW)
    assert caught.value.reason == reason
    assert caught.value.detail


def test_every_reason_of_reading_is_reached() -> None:
    """The table above leaves out only the reasons that come after reading."""
    later = {DeadLetterReason.PREDICTION_FAILED, DeadLetterReason.DECISION_TOO_LARGE}
    assert {row[2] for row in REFUSED} == {reason.value for reason in DeadLetterReason} - later


@pytest.mark.parametrize("name", TEXT_FIELDS)
def test_two_thousand_characters_are_read(name: str) -> None:
    """The limit counts characters, not bytes."""
    (formality,) = decode_formalities(sound(**{name: "é" * 2_000}), key=None, timestamp=NOW)
    assert len(getattr(formality, name)) == 2_000


def test_the_largest_message_is_read() -> None:
    """The limit itself is allowed."""
    padded = sound(x="x" * (MAX_MESSAGE_BYTES - len(sound(x=""))))
    assert len(padded) == MAX_MESSAGE_BYTES
    assert len(decode_formalities(padded, key=None, timestamp=NOW)) == 1


@pytest.mark.parametrize("marker", [*sorted(MISSING_MARKERS), None])
def test_a_missing_marker_means_missing(marker: str | None) -> None:
    """Optional fields become `None`; identity, time and source fall back to the message's."""
    fields: dict[str, Any] = dict.fromkeys(CODING_FIELDS, marker)
    fields |= {"formality_id": marker, "received_at": marker, "source": marker, "description_activity": "plombier"}
    for body in (fields, {"forms": [fields]}):
        (formality,) = decode_formalities(json.dumps(body).encode(), key=b"k", timestamp=NOW)
        assert formality.formality_id in {"k", "k/0"}
        assert formality.received_at == NOW
        assert formality.source == "insee-api"
        assert {getattr(formality, name) for name in CODING_FIELDS} == {"plombier", None}


def test_a_filing_without_key_or_id_has_the_same_id_when_redelivered() -> None:
    """Identity then comes from the bytes."""
    value = b'{"description_activity": "plombier"}'
    (first,), (again,) = (decode_formalities(value, key=None, timestamp=NOW) for _ in range(2))
    assert first == again
    assert first.formality_id.startswith("sha256:")


def test_two_filings_of_one_company_have_two_identities() -> None:
    """The siren is the company's: a filing that repeats an activity is no copy of the first."""
    content = {
        "personneMorale": {"etablissementPrincipal": {"activites": [{"activiteId": "1", "descriptionDetaillee": "x"}]}}
    }
    read = [
        decode_formalities(
            counter(content, siren="900000001", historique=[{"numeroLiasse": n}]), key=None, timestamp=NOW
        )
        for n in ("J1", "J2")
    ]
    assert [formality.formality_id for (formality,) in read] == ["J1/1", "J2/1"]


def test_a_shared_field_name_does_not_change_the_shape() -> None:
    """What a later sender puts beside a description does not make it another shape."""
    (formality,) = decode_formalities(sound(formality={"content": {}}, forms=[]), key=None, timestamp=NOW)
    assert formality.formality_id == "a"
