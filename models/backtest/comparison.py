"""Two models on the same filings: McNemar's test, and where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import bdtr, chdtrc, ndtr, ndtri

from models.backtest.columns import NO_CODE, Codings, Truth
from models.backtest.estimates import CONFIDENCE, Estimate, Fraction, Sums, plain_share

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


class Paired:
    """Counts where two models are right, and where they differ.

    Parameters
    ----------
    codes
        The nomenclature's.
    """

    def __init__(self, codes: Sequence[str]) -> None:
        self._codes = codes
        self._filings = self._same = 0
        # By whether A is right and whether B is: neither, B alone, A alone, both.
        self._outcomes = Sums(4)
        self._weights = (np.inf, 0.0)
        self._pairs = np.zeros(0, dtype=np.int64)
        self._counts = np.zeros((0, 4), dtype=np.int64)

    def add(self, a: Codings, b: Codings, truth: Truth) -> None:
        """Take in filings."""
        right_a, right_b, labelled = a.right(truth), b.right(truth), truth.counts
        self._filings += len(a.code)
        self._same += int((a.code == b.code).sum())
        self._outcomes.add(right_b, truth.weight, 2 * right_a.astype(np.intp) + right_b)
        if labelled.any():
            least, most = self._weights
            weight = truth.weight[labelled]
            self._weights = (min(least, float(weight.min())), max(most, float(weight.max())))
        apart = np.flatnonzero(a.code != b.code)
        # One number a pair; NO_CODE is -1, so both are shifted by one.
        pairs = (a.code[apart].astype(np.int64) + 1) * (len(self._codes) + 1) + b.code[apart] + 1
        labelled = labelled[apart]
        counted = (np.ones(len(apart), dtype=bool), labelled, labelled & right_a[apart], labelled & right_b[apart])
        self._count(pairs, np.stack(counted, axis=1))

    def _count(self, pairs: npt.NDArray[np.int64], counts: npt.NDArray[np.bool_]) -> None:
        every = np.concatenate([self._pairs, pairs])
        self._pairs, which = np.unique(every, return_inverse=True)
        known, self._counts = self._counts, np.zeros((len(self._pairs), 4), dtype=np.int64)
        self._counts[which[: len(known)]] = known
        for column in range(4):
            self._counts[:, column] += np.bincount(which[len(known) :][counts[:, column]], minlength=len(self._pairs))

    def same_code(self) -> Estimate:
        """Share of filings to which both give one code."""
        return plain_share(self._same, self._filings)

    def test(self) -> McNemar:
        """McNemar's test on the filings whose label is part of a sample.

        Where some filings were likelier to be labelled than others, counting them all alike would favour
        the model that did not choose them: reviewed filings are those of which the live model was
        unsure. The weighted difference and its normal test stand in for the exact ones then.
        """
        neither, only_b, only_a, both = self._outcomes.rows.tolist()
        plain = mcnemar(both=both, only_a=only_a, only_b=only_b, neither=neither)
        least, most = self._weights
        return plain if least >= most else self._weighted(plain)

    def _weighted(self, plain: McNemar) -> McNemar:
        """The same counts, judged by weight."""
        _, only_b, only_a, _ = self._outcomes.total.tolist()
        total, edge = float(self._outcomes.total.sum()), only_b - only_a
        difference = edge / total
        # Squares of what each outcome is off the mean: B alone is 1, A alone -1, the others 0.
        neither_2, only_b_2, only_a_2, both_2 = self._outcomes.squares.tolist()
        scale = sqrt(only_a_2 + only_b_2)
        off = (neither_2 + both_2) * difference**2 + only_b_2 * (1 - difference) ** 2 + only_a_2 * (1 + difference) ** 2
        z = float(ndtri(0.5 + CONFIDENCE / 2))
        error = sqrt(off) / total
        # Were both equally good, each difference would have either sign with probability one half.
        p_value = 2.0 * float(ndtr(-abs(edge) / scale)) if scale else 1.0
        judged = {
            "p_value": min(1.0, p_value),
            "method": "weighted",
            "difference": difference,
            "low": max(-1.0, difference - z * error),
            "high": min(1.0, difference + z * error),
        }
        return plain.model_copy(update=judged)

    def pairs(self, limit: int = PAIRS) -> tuple[CodePair, ...]:
        """The commonest ways of differing, commonest first."""
        order = np.lexsort((self._pairs, -self._counts[:, 0]))[:limit]
        return tuple(self._pair(int(self._pairs[place]), self._counts[place].tolist()) for place in order)

    def _pair(self, pair: int, counts: Sequence[int]) -> CodePair:
        a, b = divmod(pair, len(self._codes) + 1)
        filings, labelled, a_right, b_right = counts
        return CodePair(
            a=_code(a - 1, self._codes),
            b=_code(b - 1, self._codes),
            filings=filings,
            labelled=labelled,
            a_right=a_right,
            b_right=b_right,
        )


def _code(position: int, codes: Sequence[str]) -> str:
    return "" if position == NO_CODE else codes[position]
