"""Histories small enough to be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.backtest.columns import Branches, Codings, Filings, Lanes, Truth, branches
from models.backtest.comparison import Paired
from models.backtest.curve import Confidences
from models.backtest.days import WINDOW_DAYS, Daily, Day
from models.backtest.estimates import Estimate, Sums
from models.nomenclature import Nomenclature

NOMENCLATURE = Nomenclature(
    "small",
    ("section", "code"),
    {"A1": "wheat", "A2": "cows", "B1": "iron", "B2": "gold"},
    {"A1": ("A", "A1"), "A2": ("A", "A2"), "B1": ("B", "B1"), "B2": ("B", "B2")},
)
CODES = NOMENCLATURE.codes
BRANCHES: Branches = branches(NOMENCLATURE)


def positions(codes: Sequence[str | None]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Positions of codes; `None` is none, "-" found uncodable."""
    return np.array([-1 if c is None else -2 if c == "-" else CODES.index(c) for c in codes], dtype=np.int32)


def truth(
    codes: Sequence[str | None], weights: Sequence[float] | None = None, arrival: Sequence[int] | None = None
) -> Truth:
    """Labels; weight 1 and day 0 unless given."""
    given = positions(codes)
    plain = (given != -1).astype(np.float64)
    return Truth(
        given,
        plain if weights is None else np.asarray(weights, dtype=np.float64),
        np.asarray([0] * len(codes) if arrival is None else arrival, dtype=np.int32),
    )


def codings(
    codes: Sequence[str | None],
    confidence: Sequence[float] | None = None,
    *,
    probability: Sequence[float] | None = None,
    settled: Sequence[bool] | None = None,
) -> Codings:
    """A model's answers; returned ones are settled."""
    given = positions(codes)
    sure = np.asarray([0.9] * len(codes) if confidence is None else confidence, dtype=np.float64)
    return Codings(
        version="model-small",
        code=given,
        probability=sure if probability is None else np.asarray(probability, dtype=np.float64),
        confidence=sure,
        settled=(given < 0) if settled is None else np.asarray(settled),
        rank=np.zeros(len(codes), dtype=np.int32),
    )


def lanes(found: Codings, threshold: float, audit: Sequence[bool] | None = None) -> Lanes:
    """What a global threshold makes of codings."""
    auto = ~found.settled & (found.confidence >= threshold)
    audited = np.zeros(len(auto), dtype=bool) if audit is None else np.asarray(audit)
    return Lanes(auto, (found.code >= 0) & ~auto, audited)


def filings(days: Sequence[int], type_forms: Sequence[int] | None = None) -> Filings:
    """Filings by day."""
    return Filings(
        first_day=20_000,
        days=max(days) + 1,
        day=np.asarray(days, dtype=np.int32),
        type_form=np.asarray([0] * len(days) if type_forms is None else type_forms, dtype=np.int32),
        type_forms=("C", "M"),
    )


def share(hits: Sequence[bool], weights: Sequence[float]) -> Estimate:
    """Estimate of a whole sample, taken in at once."""
    sums = Sums()
    sums.add(np.asarray(hits, dtype=bool), np.asarray(weights, dtype=np.float64))
    return sums.estimate()


def confidences(found: Codings, known: Truth) -> Confidences:
    """A model's confidence indices, taken in at once."""
    counted = Confidences()
    counted.add(found, known)
    return counted


def daily(given: Filings, found: Codings, sent: Lanes, known: Truth, window: int = WINDOW_DAYS) -> tuple[Day, ...]:
    """Days of filings whose first label is their last."""
    days = Daily(given.first_day, given.days, window)
    days.add(given, found, sent, known=known, truth=known)
    return days.figures()


def compared(a: Codings, b: Codings, known: Truth) -> Paired:
    """Two models, taken in at once."""
    pair = Paired(CODES)
    pair.add(a, b, known)
    return pair
