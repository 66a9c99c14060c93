"""Two models on the same filings: McNemar's test, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import bdtr, chdtrc, ndtr, ndtri

from models.backtest.columns import NO_CODE, Codings, Floats, Ints, Truth
from models.backtest.estimates import CONFIDENCE, Fraction

EXACT_BELOW = 1_000
"""Discordant filings up to which the exact binomial test is taken; chi-square agrees beyond."""
PAIRS = 15


class McNemar(BaseModel):
    """Test of whether two models are right equally often on the same labelled filings.

    Parameters
    ----------
    both, only_a, only_b, neither
        Labelled filings by which model is right.
    p_value
        Two-sided; 1 where the models are never right apart.
    method
        `exact` (binomial), `chi-square` (with Edwards' correction, for many), or `weighted`: filings
        were not equally likely to be labelled, and each counts by its weight.
    difference, low, high
        Accuracy of B less that of A with its 95 % interval.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    both: int = Field(ge=0)
    only_a: int = Field(ge=0)
    only_b: int = Field(ge=0)
    neither: int = Field(ge=0)
    p_value: Fraction
    method: Literal["exact", "chi-square", "weighted"]
    difference: float
    low: float
    high: float


class CodePair(BaseModel):
    """One way of differing: A gives `a`, B gives `b`; empty where a model gives none.

    Parameters
    ----------
    labelled, a_right, b_right
        Those of the filings that have a label, and who has it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    a: str
    b: str
    filings: int
    labelled: int
    a_right: int
    b_right: int


def mcnemar(both: int, only_a: int, only_b: int, neither: int) -> McNemar:
    """The test, from the four counts.

    References
    ----------
    McNemar (1947), "Note on the sampling error of the difference between correlated proportions";
    Agresti and Min (2005), "Simple improved confidence intervals for comparing matched proportions".

    >>> mcnemar(50, 2, 10, 5).p_value < 0.05
    True
    """
    apart = only_a + only_b
    exact = apart < EXACT_BELOW
    if apart == 0:
        p_value = 1.0
    elif exact:
        p_value = 2.0 * float(bdtr(min(only_a, only_b), apart, 0.5))
    else:
        p_value = float(chdtrc(1, max(0, abs(only_a - only_b) - 1) ** 2 / apart))
    rows = both + apart + neither
    difference = (only_b - only_a) / rows if rows else 0.0
    low, high = _paired_interval(only_a, only_b, rows)
    return McNemar(
        both=both,
        only_a=only_a,
        only_b=only_b,
        neither=neither,
        p_value=min(1.0, p_value),
        method="exact" if exact else "chi-square",
        difference=difference,
        low=min(low, difference),
        high=max(high, difference),
    )


def _paired_interval(only_a: int, only_b: int, rows: int) -> tuple[float, float]:
    if rows == 0:
        return -1.0, 1.0
    # Half a filing added to each of the four cells keeps the interval honest for small counts.
    first, second, size = only_a + 0.5, only_b + 0.5, rows + 2
    centre = (second - first) / size
    spread = sqrt(max(0.0, first + second - (second - first) ** 2 / size)) / size
    z = float(ndtri(0.5 + CONFIDENCE / 2))
    return max(-1.0, centre - z * spread), min(1.0, centre + z * spread)


def compare(a: Codings, b: Codings, truth: Truth) -> McNemar:
    """McNemar's test on the filings whose label is part of a sample.

    Where some filings were likelier to be labelled than others, counting them all alike would favour
    the model that did not choose them: reviewed filings are those of which the live model was
    unsure. The weighted difference and its normal test stand in for the exact ones then.
    """
    kept = truth.counts
    right_a, right_b, weight = a.right(truth)[kept], b.right(truth)[kept], truth.weight[kept]
    plain = mcnemar(
        both=int((right_a & right_b).sum()),
        only_a=int((right_a & ~right_b).sum()),
        only_b=int((~right_a & right_b).sum()),
        neither=int((~right_a & ~right_b).sum()),
    )
    if not len(weight) or weight.min() == weight.max():
        return plain
    return _weighted(plain, right_b.astype(np.float64) - right_a, weight)


def _weighted(plain: McNemar, apart: Floats, weight: Floats) -> McNemar:
    """The same counts, judged by weight; `apart` is 1 where B alone is right, -1 where A alone is."""
    total, scale = float(weight.sum()), float(np.sqrt(weight**2 @ apart**2))
    difference = float(weight @ apart) / total
    error = float(np.sqrt(weight**2 @ (apart - difference) ** 2)) / total
    z = float(ndtri(0.5 + CONFIDENCE / 2))
    # Were both equally good, each difference would have either sign with probability one half.
    p_value = 2.0 * float(ndtr(-abs(float(weight @ apart)) / scale)) if scale else 1.0
    judged = {
        "p_value": min(1.0, p_value),
        "method": "weighted",
        "difference": difference,
        "low": max(-1.0, difference - z * error),
        "high": min(1.0, difference + z * error),
    }
    return plain.model_copy(update=judged)


def pairs(a: Codings, b: Codings, truth: Truth, codes: Sequence[str], limit: int = PAIRS) -> tuple[CodePair, ...]:
    """The commonest ways of differing, commonest first."""
    apart = np.flatnonzero(a.code != b.code)
    # One number a pair; NO_CODE is -1, so both are shifted by one.
    keys = (a.code[apart].astype(np.int64) + 1) * (len(codes) + 1) + b.code[apart] + 1
    found, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    labelled = truth.counts[apart]

    def counted(of: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Ints:
        return np.bincount(which[of], minlength=len(found)).astype(np.int32)

    with_label = counted(labelled)
    a_right = counted(labelled & a.right(truth)[apart])
    b_right = counted(labelled & b.right(truth)[apart])
    order = np.lexsort((found, -counts))[:limit]
    return tuple(
        CodePair(
            a=_code(int(found[i]) // (len(codes) + 1) - 1, codes),
            b=_code(int(found[i]) % (len(codes) + 1) - 1, codes),
            filings=int(counts[i]),
            labelled=int(with_label[i]),
            a_right=int(a_right[i]),
            b_right=int(b_right[i]),
        )
        for i in order
    )


def _code(position: int, codes: Sequence[str]) -> str:
    return "" if position == NO_CODE else codes[position]
