"""The body Insee's coding API accepts: the same fields as ours, without identity or time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.errors import UnreadableMessage
from schemas.formality import missing_to_none
from schemas.inputs.envelope import Envelope
from schemas.reasons import DeadLetterReason

SOURCE = "insee-api"


def forms(body: Mapping[str, Any], envelope: Envelope) -> Iterator[dict[str, Any]]:
    """One set of Formality fields a form of a batch body; ids are numbered in order."""
    listed = body["forms"]
    if not listed:
        raise UnreadableMessage(DeadLetterReason.NO_ACTIVITY, "forms: the list is empty")
    for position, form in enumerate(listed):
        if not isinstance(form, Mapping):
            raise UnreadableMessage(DeadLetterReason.NOT_A_FORMALITY, f"forms[{position}]: not an object")
        yield single(form, Envelope(f"{envelope.identity}/{position}", envelope.timestamp))


def single(body: Mapping[str, Any], envelope: Envelope) -> dict[str, Any]:
    """Formality fields of a body that may lack identity, time and source."""
    fields = dict(body)
    if missing_to_none(fields.get("formality_id")) is None:
        fields["formality_id"] = envelope.identity
        if missing_to_none(fields.get("source")) is None:
            fields["source"] = SOURCE
    if missing_to_none(fields.get("received_at")) is None:
        fields["received_at"] = envelope.timestamp
    return fields
