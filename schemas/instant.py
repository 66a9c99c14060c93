"""Moments and versions as every message carries them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Instant = Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)]
"""An instant with its offset from UTC; a day inside the calendar, so that it exists in every time zone."""

SchemaVersion = Annotated[int, Field(ge=1, le=32_767)]
"""Version of a message's form: the same number means the same names and meanings."""


def seconds_of(written: str) -> float:
    """Seconds since the epoch; an instant without its offset is read as UTC.

    >>> seconds_of("1970-01-01T01:00:00+01:00"), seconds_of("1970-01-01T00:00:01")
    (0.0, 1.0)
    """
    moment = datetime.fromisoformat(written)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def microseconds(instant: datetime) -> int:
    """Since the epoch, of an aware instant; exact, where a float of seconds is not.

    >>> microseconds(datetime(1969, 12, 31, 23, 59, 59, 500_000, UTC))
    -500000
    """
    passed = instant - EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds
