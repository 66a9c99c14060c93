"""Arithmetic that gives the same bits in any order, and a fast choice of the largest.

BLAS adds up in an order that depends on the processor, on how many rows it is given and on a row's
place among them. Whole numbers small enough make every product and every sum exact in float64, and
then no order gives another result (docs/adr/0014-exact-scores.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

EXACT_BITS = 53
"""Of a float64: whole numbers up to two to this power are exact."""


def bits_for(terms: int) -> int:
    """Bits that two factors may have so that the sum of so many products is exact.

    >>> bits_for(100), bits_for(180)
    (23, 22)
    """
    return (EXACT_BITS - (terms - 1).bit_length()) // 2


def whole(vectors: Scores, bits: int) -> tuple[Doubles, Doubles]:
    """Each row as whole numbers up to two to the power of `bits`, and what one of them is worth: a power of two.

    >>> numbers, worth = whole(np.float32([[0.75, -0.1]]), bits=4)
    >>> numbers.tolist(), worth.tolist()
    ([[12.0, -2.0]], [[0.0625]])
    """
    exponents = np.frexp(np.abs(vectors).max(axis=1, keepdims=True))[1] - bits
    return np.rint(vectors * np.ldexp(1.0, -exponents)), np.ldexp(1.0, exponents)


def largest(values: Scores, count: int) -> tuple[npt.NDArray[np.int64], Scores]:
    """Columns and values of the `count` largest of each row, largest first; they are overwritten.

    As many passes of `argmax` as are wanted take a fifth of `argpartition`'s time: for five of some
    hundred, vector instructions beat the better algorithm.
    """
    rows = np.arange(len(values))
    columns = np.empty((len(values), count), dtype=np.int64)
    found = np.empty((len(values), count), dtype=np.float32)
    for place in range(count):
        best = columns[:, place] = values.argmax(axis=1)
        found[:, place] = values[rows, best]
        values[rows, best] = -1.0
    return columns, found
