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


@dataclass(slots=True)
class Messages:
    """Messages of one partition, column by column, in the order of their offsets.

    Parameters
    ----------
    timestamps
        The broker's, milliseconds since the epoch; -1 where a message has none.
    """

    offsets: list[int] = field(default_factory=list)
    timestamps: list[int] = field(default_factory=list)
    keys: list[bytes | None] = field(default_factory=list)
    values: list[bytes | None] = field(default_factory=list)
    headers: list[RawHeaders] = field(default_factory=list)

    def extend(self, later: Messages) -> None:
        """Add what comes after."""
        self.offsets += later.offsets
        self.timestamps += later.timestamps
        self.keys += later.keys
        self.values += later.values
        self.headers += later.headers
