"""Where a replay begins and ends, as the command line says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from stream.errors import UsageError
from stream.replay.bounds import parse_bound


@pytest.mark.parametrize("digits", ["7", "1200", "9999999", "12001130", "20261001", "123456789"])
def test_digits_alone_are_an_offset_however_many(digits: str) -> None:
    """Offsets of eight digits are no dates, even where a month and a day could be read in them."""
    assert parse_bound("--from", digits).at(0) == int(digits)
    assert parse_bound("--from", digits).instant is None


def test_a_date_has_dashes() -> None:
    """With them it is an instant in UTC, and what is neither is refused with an example of both."""
    assert parse_bound("--to", "2026-10-01").instant == datetime(2026, 10, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match=r"neither a time with dashes \(2026-10-01"):
        parse_bound("--to", "1.10.2026")
