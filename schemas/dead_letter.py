"""Provenance of a dead letter: the value stays the original bytes, this travels as headers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from schemas import headers as h
from schemas.instant import Instant
from schemas.reasons import DeadLetterReason

MAX_ATTEMPT_DIGITS = 9


class DeadLetter(BaseModel):
    """Where a dead letter comes from and what was wrong with it.

    Parameters
    ----------
    topic, partition, offset
        Where the message stood.
    timestamp
        The broker's; `None` where it had none.
    reason
        Stable code.
    error
        One sentence for a person; never quotes the filing.
    worker_version
        Version of the worker that gave up on it.
    attempt
        1 for the first time the message failed; a redriven message counts on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: str
    partition: int
    offset: int
    timestamp: Instant | None
    reason: DeadLetterReason
    error: str
    worker_version: str
    attempt: int = 1

    def to_headers(self) -> h.Headers:
        """The eight provenance headers, UTF-8."""
        return [
            (h.ORIGINAL_TOPIC, self.topic.encode()),
            (h.ORIGINAL_PARTITION, str(self.partition).encode()),
            (h.ORIGINAL_OFFSET, str(self.offset).encode()),
            (h.ORIGINAL_TIMESTAMP, self.timestamp.isoformat().encode() if self.timestamp else b""),
            (h.REASON, self.reason.value.encode()),
            (h.ERROR, self.error.encode()),
            (h.WORKER_VERSION, self.worker_version.encode()),
            (h.ATTEMPT, str(self.attempt).encode()),
        ]

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes | None]]) -> DeadLetter:
        """Read the provenance back; a missing header raises `KeyError` with its name."""
        found = {name: (value or b"").decode("utf-8", "replace") for name, value in headers}
        stamp = found[h.ORIGINAL_TIMESTAMP]
        return cls(
            topic=found[h.ORIGINAL_TOPIC],
            partition=int(found[h.ORIGINAL_PARTITION]),
            offset=int(found[h.ORIGINAL_OFFSET]),
            timestamp=datetime.fromisoformat(stamp).astimezone(UTC) if stamp else None,
            reason=DeadLetterReason(found[h.REASON]),
            error=found[h.ERROR],
            worker_version=found[h.WORKER_VERSION],
            attempt=int(found[h.ATTEMPT]),
        )


def attempt_of(headers: Iterable[tuple[str, bytes | None]]) -> int:
    """Which attempt a message that fails now is: one more than its headers say, or the first."""
    for name, value in headers:
        # Anyone may write a header: only what we could have written counts.
        if name == h.ATTEMPT and value and value.isdigit() and len(value) <= MAX_ATTEMPT_DIGITS:
            return int(value) + 1
    return 1
