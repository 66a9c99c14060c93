"""From a record's bytes to filings, or to the dead letter that keeps those bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from schemas.codec import decode_formalities
from schemas.dead_letter import DeadLetter, attempt_of
from schemas.errors import UnreadableMessage
from schemas.formality import Formality
from schemas.headers import PROVENANCE, Headers
from schemas.reasons import DeadLetterReason
from stream.records import Outgoing, Record

MAX_ERROR_CHARACTERS = 1_000
WORKER_VERSION = version("codiflux")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that ends in the dead letters."""

    reason: DeadLetterReason
    detail: str


def read(record: Record) -> tuple[Formality, ...] | Unreadable:
    """The filings of a record, or why it has none. Never raises, whatever the bytes."""
    try:
        return decode_formalities(record.value, key=record.key, timestamp=record.timestamp)
    except UnreadableMessage as error:
        return Unreadable(error.reason, error.detail)
    except Exception as error:  # a defect of ours in reading is this message's trouble, not the stream's
        return Unreadable(DeadLetterReason.NOT_A_FORMALITY, f"reading failed: {type(error).__name__}")


def dead_letter(record: Record, wrong: Unreadable, topic: str) -> Outgoing:
    """The dead letter of a record: key, value and headers untouched, provenance beside them."""
    provenance = DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        reason=wrong.reason,
        error=wrong.detail[:MAX_ERROR_CHARACTERS],
        worker_version=WORKER_VERSION,
        attempt=attempt_of(record.headers),
    )
    return Outgoing(topic, record.key, record.value, [*_own(record.headers), *provenance.to_headers()])


def _own(headers: Sequence[tuple[str, bytes | None]]) -> Headers:
    """The producer's headers: an earlier failure's provenance gives way to this one's."""
    return [(name, value) for name, value in headers if name not in PROVENANCE]
