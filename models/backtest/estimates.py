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

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import Bools, Floats
from models.intervals import clopper_pearson_upper, wilson

CONFIDENCE = 0.95
Integers = npt.NDArray[np.integer]
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


class Sums:
    """What estimates are made of, added up part by part.

    Filings are added one after the other, in the order they come: the same filings give the same
    bits, however they are parted.

    Parameters
    ----------
    size
        How many estimates stand side by side.

    Examples
    --------
    >>> import numpy as np
    >>> sums = Sums()
    >>> sums.add(np.array([True, False]), np.array([1.0, 1.0]))
    >>> sums.add(np.array([False]), np.array([2.0]))
    >>> sums.estimate().value
    0.25
    """

    def __init__(self, size: int = 1) -> None:
        # Pages of zeros take no memory before they are written to.
        self.rows = np.zeros(size, dtype=np.int64)
        self.total, self.hit, self.squares = (np.zeros(size) for _ in range(3))

    def add(self, hits: Bools, weight: Floats, where: Integers | None = None) -> None:
        """Add filings; one of weight 0 is in no sample.

        Parameters
        ----------
        where
            Which estimate each is for; all are for the first by default.
        """
        kept = np.flatnonzero(weight > 0.0)
        if not len(kept):
            return
        place = np.zeros(len(kept), dtype=np.intp) if where is None else where[kept].astype(np.intp)
        weight = weight[kept]
        np.add.at(self.rows, place, 1)
        np.add.at(self.total, place, weight)
        np.add.at(self.hit, place, weight * hits[kept])
        np.add.at(self.squares, place, weight * weight)

    def estimate(self, place: int = 0) -> Estimate:
        """One of them."""
        return of_sums(
            rows=int(self.rows[place]),
            total=float(self.total[place]),
            hit=float(self.hit[place]),
            squares=float(self.squares[place]),
        )

    def estimates(self) -> list[Estimate]:
        """All of them."""
        return [self.estimate(place) for place in range(len(self.rows))]


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
