"""What comes from Kafka and what goes to it, free of any client library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.headers import Headers

RawHeaders = Sequence[tuple[str, bytes | None]]


@dataclass(frozen=True, slots=True)
class Record:
    """One message as it stands on a topic.

    Parameters
    ----------
    timestamp
        The broker's, aware, to the millisecond.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    headers: RawHeaders = ()


def from_milliseconds(timestamp: int) -> datetime:
    """Kafka's timestamp as an aware datetime."""
    return datetime.fromtimestamp(timestamp / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to write; `topic` is the name on the broker."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = field(default_factory=list)
