"""The codec on anything: it never raises but `UnreadableMessage`, never quotes, and gives back what it wrote."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.arrow import DECISION, from_batch, to_batch
from schemas.codec import decode, decode_formalities, encode
from schemas.decision import Candidate, Decision, Route, Source, Stage
from schemas.errors import UnreadableMessage
from schemas.formality import Formality, missing_to_none
from schemas.reasons import DecisionReason

NOW = datetime(2026, 3, 2, tzinfo=UTC)
unhurried = settings(deadline=None)
"""The first call imports and compiles; how long that takes says nothing here."""
SECRET = "zqxjkv"
"""No word of ours contains it."""

instants = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 the zone comes beside it
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
texts = st.text(st.characters(codec="utf-8"), max_size=60)
full_texts = texts.filter(lambda text: text.strip() not in {"", "NA", "NAN", "nan", "NaN", "None"})
formalities = st.builds(
    Formality,
    # An id that is a missing marker ("NA", a blank) is none on the wire: such a filing takes its key's.
    formality_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(missing_to_none),
    received_at=instants,
    source=texts,
    description_activity=full_texts,
    other_nature_activity=st.none() | texts,
    precision_act_sec_agricole=st.none() | texts,
    type_form=st.none() | st.sampled_from("ACMX"),
    nature=st.none() | st.from_regex(r"[0-9]{2}", fullmatch=True),
    surface=st.none() | st.sampled_from("1234"),
    event=st.none() | st.from_regex(r"[0-9]{2}[PMF]", fullmatch=True),
    cj=st.none() | st.from_regex(r"[0-9]{4}", fullmatch=True),
    activity_permanence_status=st.none() | st.sampled_from("PS"),
)
shares = st.floats(0, 1)
decisions = st.builds(
    Decision,
    decision_id=texts,
    formality_id=texts,
    route=st.sampled_from(Route),
    stage=st.sampled_from(Stage),
    reason=st.sampled_from(DecisionReason),
    code=st.none() | texts,
    label=st.none() | texts,
    candidates=st.lists(st.builds(Candidate, texts, texts, shares), max_size=5).map(tuple),
    confidence_index=st.none() | shares,
    threshold=st.none() | st.floats(0, 2),
    audit=st.booleans(),
    model_version=texts,
    policy_version=texts,
    nomenclature=texts,
    received_at=instants,
    decided_at=instants,
    source=st.none()
    | st.builds(Source, texts, st.integers(0, 2**31 - 1), st.integers(0, 2**63 - 1), st.none() | instants),
    formality=formalities,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    *Formality.model_fields,
    *"forms formality id siren content historique codeEvenement numeroLiasse formeJuridique natureCreation".split(),
    *"personneMorale personnePhysique exploitation etablissementPrincipal autresEtablissements activites".split(),
    *"activiteId descriptionDetaillee formeExercice exerciceActivite".split(),
)
shaped = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | texts | st.just("x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=15,
)


def read(value: bytes) -> tuple[Formality, ...] | UnreadableMessage:
    try:
        return decode_formalities(value, key=b"k", timestamp=NOW)
    except UnreadableMessage as error:
        return error


@unhurried
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(value: bytes) -> None:
    """No bytes raise anything but `UnreadableMessage`."""
    read(value)


@unhurried
@given(json_values | shaped)
def test_any_json_is_read_or_refused(body: Any) -> None:
    """No JSON raises anything but `UnreadableMessage`, in any shape near those we accept."""
    read(json.dumps(body).encode())


@unhurried
@given(shaped.filter(lambda value: isinstance(value, dict)), st.sampled_from(("personneMorale", "exploitation")))
def test_any_one_stop_counter_body_is_read_or_refused(activity: dict[str, Any], person: str) -> None:
    """Whatever an activity and the parts around it hold."""
    content = {person: {"etablissementPrincipal": {"activites": [activity]}}}
    for body in ({"formality": {"content": content}}, {"formality": {**activity, "content": content}, **activity}):
        read(json.dumps(body).encode())


@pytest.mark.parametrize("number", [b"1" * 5_000, b"-" + b"9" * 4_000, b"1e999", b"1e-999"])
@pytest.mark.parametrize("field", ["nature", "surface", "cj", "received_at", "schema_version", "formality_id", "id"])
def test_absurd_numbers_are_refused(field: str, number: bytes) -> None:
    """Numbers no machine holds do not end the worker."""
    read(b'{"description_activity":"x","%s":%s}' % (field.encode(), number))
    holder = b'{"etablissementPrincipal":{"activites":[{"activiteId":%s}]}}' % number
    read(b'{"%s":%s,"formality":{"content":{"exploitation":%s}}}' % (field.encode(), number, holder))


@unhurried
@given(
    st.sampled_from(FIELDS), st.sampled_from((SECRET, SECRET * 400, [SECRET], {SECRET: SECRET})), st.integers(0, 400)
)
def test_what_is_wrong_is_said_without_quoting(field: str, value: Any, cut: int) -> None:
    """Neither the detail nor the error's chain holds a filing's text, whatever is wrong and wherever it is cut."""
    activity = {"descriptionDetaillee": SECRET, field: value}
    content = {"exploitation": {"etablissementPrincipal": {"activites": [activity]}}}
    bodies = [
        {"description_activity": SECRET, field: value},
        {"forms": [{"description_activity": SECRET, field: value}]},
        {"formality": {"content": content, field: value}},
        {field: value},
    ]
    for body in bodies:
        for written in (json.dumps(body).encode(), json.dumps(body).encode()[:cut], SECRET.encode() + b"\xff"):
            error = read(written)
            if isinstance(error, UnreadableMessage):
                assert SECRET not in str(error)
                assert error.__cause__ is None
                assert error.__suppress_context__ or error.__context__ is None


@unhurried
@given(formalities)
def test_a_formality_survives_the_wire(formality: Formality) -> None:
    """What is written is read again, equal."""
    assert decode_formalities(encode(formality), key=None, timestamp=NOW) == (formality,)
    assert decode(Formality, encode(formality)) == formality


@unhurried
@given(decisions)
def test_a_decision_survives_the_wire(decision: Decision) -> None:
    """What is written is read again, equal, and written the same."""
    again = decode(Decision, encode(decision))
    assert again == decision
    assert encode(again) == encode(decision)


@unhurried
@given(st.lists(decisions, max_size=4))
def test_decisions_survive_the_archive(several: list[Decision]) -> None:
    """Arrow gives back equal decisions in order, whatever they hold."""
    batch = to_batch(several)
    assert batch.schema.equals(DECISION, check_metadata=True)
    batch.validate(full=True)
    assert from_batch(batch) == several
