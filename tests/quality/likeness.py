"""When two declarations are one: equal words, or nearly the same characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from models.text import fold

NEAR = 0.66
"""Jaccard similarity of character 4-grams from which two texts count as one."""
GRAM = 4


def plain(text: str) -> str:
    """ASCII, lower case, punctuation as spaces: what is compared, stop words included.

    >>> plain("L'Été : glaces, crêpes (à emporter)")
    'l ete glaces crepes a emporter'
    """
    return " ".join(re.findall(r"[a-z0-9]+", fold(text)))


def near_repeats(texts: Sequence[str], likeness: float = NEAR) -> list[tuple[int, int]]:
    """Positions of texts that nearly repeat an earlier one that is kept, and of that earlier one.

    >>> near_repeats(["plomberie et chauffage", "couvreur", "PLOMBERIE ET CHAUFFAGES"])
    [(2, 0)]
    """
    grams = _gram_matrix(texts)
    sizes = np.diff(grams.indptr)
    shared = (grams @ grams.T).tocoo()
    similarity = shared.data / (sizes[shared.row] + sizes[shared.col] - shared.data)
    near = (shared.row > shared.col) & (similarity >= likeness)
    found: dict[int, int] = {}
    for row, column in sorted(zip(shared.row[near].tolist(), shared.col[near].tolist(), strict=True)):
        if row not in found and column not in found:
            found[row] = column
    return sorted(found.items())


def _gram_matrix(texts: Sequence[str]) -> sparse.csr_matrix:
    """One row a text, one column a 4-gram that occurs, 1 where the text has it."""
    columns: dict[str, int] = {}
    indices: list[int] = []
    ends = [0]
    for text in texts:
        framed = f" {plain(text)} "
        grams = {framed[start : start + GRAM] for start in range(len(framed) - GRAM + 1)}
        indices += [columns.setdefault(gram, len(columns)) for gram in sorted(grams)]
        ends.append(len(indices))
    ones = np.ones(len(indices), dtype=np.int32)
    return sparse.csr_matrix((ones, indices, ends), shape=(len(texts), max(1, len(columns))))
