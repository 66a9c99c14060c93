"""Shares with intervals, from samples in which some filings were likelier to be labelled than others.

A reviewed filing is labelled for certain, an audited one with the audit share: weighting each by
one over that probability makes the sample speak for the whole lane.

References
----------
Horvitz and Thompson (1952), "A generalization of sampling without replacement from a finite
universe"; Hájek (1971) for the ratio form; Kish (1965), "Survey sampling", for the effective size,
at which Wilson's interval is taken.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import Bools, Floats
from models.intervals import clopper_pearson_upper, wilson

CONFIDENCE = 0.95
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class Estimate(BaseModel):
    """A share and its 95 % interval.

    Parameters
    ----------
    value
        0 to 1; `None` when nothing is known of it.
    low, high
        Wilson's bounds at the effective size.
    rows
        Filings it rests on.
    effective_rows
        How many equally weighted filings would say as much (Kish).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: Fraction | None
    low: Fraction
    high: Fraction
    rows: Annotated[int, Field(ge=0)]
    effective_rows: Annotated[float, Field(ge=0.0)]

    @property
    def upper(self) -> float:
        """One-sided 95 % upper bound (Clopper-Pearson at the effective size)."""
        return clopper_pearson_upper((self.value or 0.0) * self.effective_rows, self.effective_rows, CONFIDENCE)


def share(hits: Bools, weights: Floats) -> Estimate:
    """Weighted share of hits among the filings whose weight is above 0.

    Parameters
    ----------
    hits, weights
        Shape (filings,).

    >>> import numpy as np
    >>> share(np.array([True, False, False]), np.array([1.0, 1.0, 2.0])).value
    0.25
    """
    return of_sums(
        rows=int((weights > 0.0).sum()),
        total=float(weights.sum()),
        hit=float(weights[hits].sum()),
        squares=float(weights @ weights),
    )


def plain_share(count: int, of: int) -> Estimate:
    """Share of a count in a number of filings, all of which are known."""
    return of_sums(rows=of, total=float(of), hit=float(count), squares=float(of))


def of_sums(*, rows: int, total: float, hit: float, squares: float) -> Estimate:
    """An estimate from sums over a sample.

    Parameters
    ----------
    rows
        Filings in the sample.
    total, hit, squares
        Sum of the weights, of those of the hits, and of the weights' squares.
    """
    if rows <= 0 or total <= 0.0:
        return Estimate(value=None, low=0.0, high=1.0, rows=0, effective_rows=0.0)
    value = min(1.0, max(0.0, hit / total))
    effective = total * total / squares
    low, high = wilson(value * effective, effective, CONFIDENCE)
    return Estimate(value=value, low=min(low, value), high=max(high, value), rows=rows, effective_rows=effective)
