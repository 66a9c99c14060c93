"""What is usual on this weekday and at this time of the year, learnt from the stream itself.

A window is held against the baseline first. Where it strays from that, it is held against what the
season would make of it, and is a drift only when it strays from every such expectation:

- the weekday: the baseline moved by how this weekday differs, over the last four weeks, from the days
  that the baseline was made of;
- the year: the same fortnight a year ago, moved in the same way.

The weekday is a difference, so that a drift which stays (it moves all days alike) does not become
usual within weeks. The first weekend and the first summer may raise an alarm, the next may not.
Memory is constant: 42 days and 27 half-months of counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from monitoring.distances import shares
from monitoring.layout import Floats, Layout
from monitoring.windows import dense, sparse

DAY_SECONDS = 86_400.0
HALF_MONTH_SECONDS = 365.25 * DAY_SECONDS / 24
WEEK = 7
FOUR_WEEKS = 4 * WEEK
DAYS_KEPT = FOUR_WEEKS + 14
"""So that the days of a window as long as a fortnight have their four weeks before them, after a restart too."""
HALF_MONTHS_KEPT = 27
LEAST_FILINGS = 1_000
"""Of a weekday or a half-month, before it says anything."""


class Expectation:
    """What a season would make of the stream: shares of each cell, and the observations behind them."""

    def __init__(self, profile: Floats, worth: Floats) -> None:
        self.profile = profile
        self.worth = worth


class Seasons:
    """Counts by day and by half-month."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._days: dict[int, Floats] = {}
        self._halves: dict[int, Floats] = {}
        self._moves: dict[int, tuple[Floats, Floats] | None] = {}
        self._week: Floats = np.zeros(WEEK)

    def add(self, rows: Floats, ends: Floats) -> None:
        """Count steps by the day they end in."""
        cells = rows[:, : self._layout.cells]
        for kept, seconds, most in (
            (self._days, DAY_SECONDS, DAYS_KEPT),
            (self._halves, HALF_MONTH_SECONDS, HALF_MONTHS_KEPT),
        ):
            periods = (ends // seconds).astype(np.int64)
            for period in np.unique(periods).tolist():
                seen = cells[periods == period].sum(axis=0)
                kept[period] = kept[period] + seen if period in kept else seen
            latest = max(kept)
            for period in [period for period in kept if period <= latest - most]:
                del kept[period]

    def expectations(
        self, baseline: Floats, totals: Floats, moments: Floats, *, week: Floats
    ) -> list[Expectation]:
        """What a window with steps at these moments would be, by each season that is known.

        Parameters
        ----------
        baseline, totals
            Its shares, and its observations of each signal.
        moments
            Event time of each step of the window.
        week
            Filings of the baseline on each weekday (days since the epoch, modulo 7), shape (7,).
        """
        days, steps = np.unique((moments // DAY_SECONDS).astype(np.int64), return_counts=True)
        weight = steps / steps.sum()
        moves = [self._weekday_move(int(day), week) for day in days]
        found: list[Expectation] = []
        if all(move is not None for move in moves):
            known = [move for move in moves if move is not None]
            move = weight @ np.stack([moved for moved, _ in known])
            worth = weight @ np.stack([counted for _, counted in known])
            found.append(_expected(baseline + move, _both(totals, worth), self._layout))
        year = self._a_year_ago(float(moments.mean()))
        if year is not None:
            profile, worth = year
            found.append(_expected(profile, worth, self._layout))
            if len(found) == 2:
                found.append(_expected(profile + move, worth, self._layout))
        return found

    def _weekday_move(self, day: int, week: Floats) -> tuple[Floats, Floats] | None:
        """How a day's weekday differs from the baseline's days; `None` until every weekday is known."""
        if not np.array_equal(week, self._week):
            self._week, self._moves = week.copy(), {}
        if day not in self._moves:
            # What came before a day changes no more: a window's days are asked for at every step of it.
            while len(self._moves) >= DAYS_KEPT:
                del self._moves[next(iter(self._moves))]
            known = self._seen(day)
            if known is None:
                self._moves[day] = None
            else:
                profiles, counts = known
                move: Floats = profiles[day % WEEK] - week @ profiles / max(1.0, week.sum())
                self._moves[day] = move, counts[day % WEEK]
        return self._moves[day]

    def _seen(self, day: int) -> tuple[Floats, Floats] | None:
        """Shares of each weekday in the four weeks before a day, shape (7, cells), and their observations, (7, signals)."""
        before = [(past, row) for past, row in self._days.items() if day - FOUR_WEEKS <= past < day]
        rows = [[row for past, row in before if past % WEEK == w] for w in range(WEEK)]
        if not all(rows):
            return None
        sums = np.stack([np.sum(of_weekday, axis=0) for of_weekday in rows])
        counts = np.add.reduceat(sums, self._layout.starts, axis=-1)
        if counts.max(axis=1).min() < LEAST_FILINGS:
            return None
        return np.nan_to_num(shares(sums, self._layout.starts)), counts

    def _a_year_ago(self, moment: float) -> tuple[Floats, Floats] | None:
        """The half-months around the same moment last year, the nearer one with more weight."""
        place = moment / HALF_MONTH_SECONDS - 24.0 - 0.5
        before, after = self._halves.get(int(place // 1)), self._halves.get(int(place // 1) + 1)
        if before is None or after is None:
            return None
        starts = self._layout.starts
        counts = np.stack([np.add.reduceat(row, starts) for row in (before, after)])
        if counts.max(axis=1).min() < LEAST_FILINGS:
            return None
        later = place % 1
        profile = (1.0 - later) * shares(before, starts) + later * shares(after, starts)
        return profile, counts.sum(axis=0)

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "days": [[period, sparse(row)] for period, row in self._days.items()],
            "halves": [[period, sparse(row)] for period, row in self._halves.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """From a checkpoint."""
        for name, kept in (("days", self._days), ("halves", self._halves)):
            kept.update({int(period): dense(row, self._layout.cells) for period, row in state[name]})


def _expected(profile: Floats, worth: Floats, layout: Layout) -> Expectation:
    # Not a number, where a signal has no observation, is not above zero either.
    positive = np.where(profile > 0.0, profile, 0.0)
    totals = np.repeat(np.add.reduceat(positive, layout.starts), layout.sizes)
    return Expectation(positive / np.where(totals > 0.0, totals, 1.0), worth)


def _both(first: Floats, second: Floats) -> Floats:
    """Observations that are worth two independent samples' errors together."""
    with np.errstate(divide="ignore"):
        found: Floats = 1.0 / (1.0 / np.maximum(first, 1e-9) + 1.0 / np.maximum(second, 1e-9))
    return found


def widening(window: Floats, baseline: Floats, worth: Floats) -> Floats:
    """What a limit against the baseline is multiplied by, for an expectation with fewer observations behind it.

    Squared distances between samples grow with 1/n + 1/m.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        then = 1.0 / window + 1.0 / baseline
        now = 1.0 / window + 1.0 / np.maximum(worth, 1.0)
        found: Floats = np.sqrt(np.maximum(now / then, 1.0))
    return np.where(np.isfinite(found), found, 1.0)
