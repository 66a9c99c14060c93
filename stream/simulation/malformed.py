"""Messages that are no filing, each wrong in one way, for the dead letters."""

from __future__ import annotations

from enum import StrEnum

from pydantic_core import to_json

from schemas.codec import MAX_MESSAGE_BYTES
from schemas.formality import MAX_TEXT_LENGTH
from schemas.reasons import DeadLetterReason


class Kind(StrEnum):
    """What a simulated message is."""

    CODABLE = "codable"
    UNCODABLE = "uncodable"
    """A filing whose text codes nothing: returned to the declarant."""
    NOT_UTF8 = "not_utf8"
    TRUNCATED = "truncated"
    WRONG_SHAPE = "wrong_shape"
    MISSING_FIELD = "missing_field"
    TEXT_TOO_LONG = "text_too_long"
    OVERSIZE = "oversize"


DEAD_LETTER_OF = {
    Kind.NOT_UTF8: DeadLetterReason.NOT_UTF8,
    Kind.TRUNCATED: DeadLetterReason.NOT_JSON,
    Kind.WRONG_SHAPE: DeadLetterReason.NOT_A_FORMALITY,
    Kind.MISSING_FIELD: DeadLetterReason.MISSING_FIELD,
    Kind.TEXT_TOO_LONG: DeadLetterReason.TEXT_TOO_LONG,
    Kind.OVERSIZE: DeadLetterReason.TOO_LARGE,
}
"""Each kind of malformed message and the reason it ends in the dead letters with."""

SMALL_KINDS = tuple(kind for kind in DEAD_LETTER_OF if kind is not Kind.OVERSIZE)


def spoiled(kind: Kind, identity: str, received_at: str, text: str) -> bytes:
    """The bytes of a message that is wrong in the way `kind` says."""
    body = {"formality_id": identity, "received_at": received_at, "description_activity": text}
    if kind is Kind.NOT_UTF8:
        # Latin-1, as an old sender would write it.
        return b'{"description_activity": "caf\xe9 ' + text.encode("latin-1", "replace") + b'"}'
    if kind is Kind.TRUNCATED:
        whole = to_json(body)
        return whole[: len(whole) * 2 // 3]
    if kind is Kind.WRONG_SHAPE:
        return to_json({"libelle": text, "identifiant": identity})
    if kind is Kind.MISSING_FIELD:
        return to_json({**body, "description_activity": "NaN"})
    if kind is Kind.TEXT_TOO_LONG:
        return to_json({**body, "description_activity": (text + " ") * (MAX_TEXT_LENGTH // len(text) + 1)})
    if kind is Kind.OVERSIZE:
        return to_json({**body, "annexe": "x" * MAX_MESSAGE_BYTES})
    raise ValueError(f"{kind} is not malformed")
