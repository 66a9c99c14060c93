"""When a model is trained anew: the periods between, each decided by what was known at its start.

References
----------
Dawid (1984), "Present position and potential developments: the prequential approach".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from models.errors import TrainingError

_DAYS = re.compile(r"(\d{1,4})d")
NEVER = "never"
_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
NAMES = (NEVER, "daily", "weekly", *_MONTHS)


@dataclass(frozen=True, slots=True)
class Period:
    """Days decided by one model: from `start` up to, and without, `end`."""

    start: date
    end: date


def periods(schedule: str, first: date, end: date) -> list[Period]:
    """Cut a history at the moments of retraining; the first period begins with the history.

    Parameters
    ----------
    schedule
        `never`, `daily`, `weekly` (Mondays), `monthly`, `quarterly`, `yearly`, or days as in `14d`.
    first, end
        The history: its first day, and the day after its last.

    Raises
    ------
    TrainingError
        Not a schedule.

    >>> [str(period.start) for period in periods("monthly", date(2026, 1, 20), date(2026, 3, 2))]
    ['2026-01-20', '2026-02-01', '2026-03-01']
    """
    following = _following(schedule)
    found: list[Period] = []
    start = first
    while start < end:
        stop = min(following(start), end)
        found.append(Period(start, stop))
        start = stop
    return found


def _following(schedule: str) -> Callable[[date], date]:
    if schedule == NEVER:
        return lambda day: date.max
    if schedule == "weekly":
        return lambda day: _later(day, 7 - day.weekday())
    if schedule in _MONTHS:
        return lambda day: _next_month(day, _MONTHS[schedule])
    days = 1 if schedule == "daily" else int(match[1]) if (match := _DAYS.fullmatch(schedule)) else 0
    if days < 1:
        raise TrainingError(f"retraining schedule {schedule}: not one of {', '.join(NAMES)}, or days such as 14d")
    return lambda day: _later(day, days)


def _later(day: date, days: int) -> date:
    return day + min(timedelta(days=days), date.max - day)


def _next_month(day: date, step: int) -> date:
    """The first day of the next month whose number fits the step: quarters begin in January."""
    months = (day.year * 12 + day.month - 1) // step * step + step
    return date(months // 12, months % 12 + 1, 1) if months // 12 <= date.max.year else date.max
