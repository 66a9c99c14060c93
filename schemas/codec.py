"""Bytes to messages and back: the only place that knows the wire is JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from schemas.errors import UnreadableMessage
from schemas.formality import TEXT_FIELDS, Formality
from schemas.inputs import insee_api, one_stop_counter
from schemas.inputs.envelope import Envelope
from schemas.reasons import DeadLetterReason

MAX_MESSAGE_BYTES = 1_000_000
"""Largest filing we read, in bytes; the broker's own default limit is a little above it."""

M = TypeVar("M", bound=BaseModel)


def encode(message: BaseModel) -> bytes:
    """A message as compact UTF-8 JSON; every field is present, `None` as null."""
    return to_json(message)


def decode(kind: type[M], value: bytes) -> M:
    """Read one of our own messages (Decision, Label, Control, DriftEvent).

    Raises
    ------
    UnreadableMessage
        With the reason codes of a dead letter.
    """
    try:
        return kind.model_validate(_parse(value))
    except ValidationError as error:
        # The cause would quote what was read; a filing's text stays out of logs and tracebacks.
        raise _unreadable(error.errors(include_url=False)) from None


def decode_formalities(value: bytes | None, *, key: bytes | None, timestamp: datetime) -> tuple[Formality, ...]:
    """Read the filings of one message, in any accepted shape.

    All or nothing: one unreadable activity makes the message unreadable, so that a message ends in
    decisions or in the dead letters, never in both.

    Parameters
    ----------
    value
        The message's bytes.
    key
        The message's key: identity of a body that has none.
    timestamp
        The broker's, aware: received_at of a body that has none.

    Raises
    ------
    UnreadableMessage
    """
    if not value:
        raise UnreadableMessage(DeadLetterReason.EMPTY_MESSAGE, "the message has no value")
    if len(value) > MAX_MESSAGE_BYTES:
        raise UnreadableMessage(DeadLetterReason.TOO_LARGE, f"{len(value)} bytes, the limit is {MAX_MESSAGE_BYTES}")
    body = _parse(value)
    if not isinstance(body, dict):
        raise UnreadableMessage(DeadLetterReason.NOT_A_FORMALITY, "the JSON is not an object")
    envelope = Envelope(_identity(key, value), timestamp)
    try:
        return tuple(Formality.model_validate(fields) for fields in _shapes(body, envelope))
    except ValidationError as error:
        raise _unreadable(error.errors(include_url=False)) from None


def _shapes(body: Mapping[str, Any], envelope: Envelope) -> Iterable[dict[str, Any]]:
    # Our own field first: whatever else a later sender adds beside it, the object is one form.
    if "description_activity" in body:
        return (insee_api.single(body, envelope),)
    if isinstance(body.get("formality"), Mapping):
        return one_stop_counter.activities(body, envelope)
    if isinstance(body.get("forms"), list):
        return insee_api.forms(body, envelope)
    if "formality_id" in body:
        return (insee_api.single(body, envelope),)
    raise UnreadableMessage(
        DeadLetterReason.NOT_A_FORMALITY,
        "none of description_activity, forms or formality.content is in the object",
    )


def _parse(value: bytes) -> Any:
    try:
        return from_json(value, allow_inf_nan=False)
    except ValueError as error:
        try:
            value.decode()
        except UnicodeDecodeError as not_text:
            raise UnreadableMessage(DeadLetterReason.NOT_UTF8, f"byte {not_text.start} is not UTF-8") from None
        raise UnreadableMessage(DeadLetterReason.NOT_JSON, str(error)) from None


def _identity(key: bytes | None, value: bytes) -> str:
    """The key as text; without one, a hash of the bytes, so that a redelivery has the same id."""
    if key:
        try:
            return key.decode()
        except UnicodeDecodeError:
            return key.hex()
    return "sha256:" + hashlib.sha256(value).hexdigest()[:32]


def _unreadable(errors: list[ErrorDetails]) -> UnreadableMessage:
    """One reason for the message: a missing field first, since that explains the others."""
    details = "; ".join(
        f"{'.'.join(str(part) for part in e['loc'])}: {'missing' if _is_missing(e) else e['msg']}" for e in errors
    )
    if any(_is_missing(e) for e in errors):
        return UnreadableMessage(DeadLetterReason.MISSING_FIELD, details)
    if any(e["type"] == "string_too_long" and e["loc"][-1] in TEXT_FIELDS for e in errors):
        return UnreadableMessage(DeadLetterReason.TEXT_TOO_LONG, details)
    return UnreadableMessage(DeadLetterReason.INVALID_FIELD, details)


def _is_missing(error: ErrorDetails) -> bool:
    if error["type"] == "missing":
        return True
    # A missing marker became None before the field's own type saw it.
    return error["type"] == "string_type" and error["input"] is None
