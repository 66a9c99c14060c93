"""What the tokens of a line add to its hidden vector: each token is looked up once and remembered.

fastText's hidden vector is the average of input vectors: of every word with its sub-words, of every
word n-gram, of the end of the line. Words repeat even where texts do not, so that a word with its
sub-words is one vector here, and a line a sum of a few. Sums are taken in the order of the line, row
by row, which no processor and no batch changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

Scores = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Places = npt.NDArray[np.int32]

END_OF_LINE = "</s>"
"""The token fastText reads at every end of line: what a line has before it says anything."""
KNOWN_TOKENS = 32_768
"""Tokens whose summed vector is kept, 0.4 kB each at 100 dimensions; then all are forgotten."""
FIRST_ROOM = 1_024
FEW_LINES = 8
"""Up to so many lines rows are gathered and added; beyond, a sparse product is faster."""

_OFFSET, _PRIME = 2_166_136_261, 16_777_619
_NGRAM_FACTOR = np.uint64(116_049_371)


class InputRows(Protocol):
    """What is asked of a model's input matrix; see `models.classifier.FastTextClassifier`."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    @property
    def word_ngrams(self) -> int:
        """Most words of a word n-gram."""
        ...

    def input_rows(self, word: str) -> Rows:
        """Rows that a word adds to a line."""
        ...

    def ngram_rows(self, hashes: npt.NDArray[np.uint64]) -> Rows:
        """Rows of word n-grams."""
        ...

    def input_vectors(self, rows: Rows) -> Scores:
        """Vectors of rows."""
        ...


def fasttext_hash(token: str) -> int:
    """Hash of a word as fastText makes it: FNV-1a of 32 bits over signed bytes.

    >>> fasttext_hash("plomber")
    4135687774
    """
    value = _OFFSET
    for byte in token.encode():
        value = ((value ^ (byte if byte < 128 else byte | 0xFFFFFF00)) * _PRIME) & 0xFFFFFFFF
    return value


def ngram_part(token: str) -> np.uint64:
    """The hash as it enters that of a word n-gram: a signed 32-bit number widened to 64 bits."""
    value = fasttext_hash(token)
    return np.uint64(value if value < 2**31 else value | 0xFFFFFFFF_00000000)


class TokenVectors:
    """Summed vectors, numbers of rows and hashes of tokens, at places that last until they are forgotten.

    Parameters
    ----------
    matrix
        Whose rows are summed.
    """

    def __init__(self, matrix: InputRows) -> None:
        self._matrix = matrix
        self._forget()

    def _forget(self) -> None:
        self._places = _Places(self)
        self.sums = np.zeros((FIRST_ROOM, self._matrix.dimension), dtype=np.float32)
        self.counts = np.zeros(FIRST_ROOM, dtype=np.float32)
        self.hashes = np.zeros(FIRST_ROOM, dtype=np.uint64)
        self.end = self._places[END_OF_LINE]

    def placed(self, tokens: Sequence[str]) -> Places:
        """Places of tokens in the kept arrays, good until the next call."""
        if len(self._places) >= KNOWN_TOKENS:
            self._forget()
        return np.fromiter(map(self._places.__getitem__, tokens), dtype=np.int32, count=len(tokens))

    def learn(self, token: str) -> int:
        """Look a token up; its place."""
        place = len(self._places)
        if place == len(self.sums):
            self.sums = np.concatenate([self.sums, np.zeros_like(self.sums)])
            self.counts = np.concatenate([self.counts, np.zeros_like(self.counts)])
            self.hashes = np.concatenate([self.hashes, np.zeros_like(self.hashes)])
        rows = self._matrix.input_rows(token)
        self.sums[place] = self._matrix.input_vectors(rows).sum(axis=0)
        self.counts[place] = len(rows)
        self.hashes[place] = ngram_part(token)
        return place

    def ngrams(self, places: Places, ends: Rows) -> Iterator[tuple[int, Rows, Rows]]:
        """Word n-grams of lines that follow each other: their length, where each begins, rows of their vectors.

        Parameters
        ----------
        ends
            For each line the position after its last token in `places`, shape (lines,).
        """
        hashes = self.hashes[places]
        running = hashes
        line_of = np.repeat(np.arange(len(ends)), _lengths(ends))
        for length in range(2, self._matrix.word_ngrams + 1):
            if len(places) < length:
                return
            running = running[:-1] * _NGRAM_FACTOR + hashes[length - 1 :]
            (starts,) = np.nonzero(line_of[: len(running)] == line_of[length - 1 :])
            yield length, starts, self._matrix.ngram_rows(running[starts])

    def hidden(self, lines: Iterable[str], matrix: Scores) -> Scores | None:
        """Hidden vectors of lines, shape (lines, dimension); `None` where a line holds an end of line.

        Parameters
        ----------
        matrix
            The whole input matrix.
        """
        ended = [f"{line} {END_OF_LINE}" for line in lines]
        places = self.placed(" ".join(ended).split())
        ends = np.flatnonzero(places == self.end) + 1
        if len(ends) != len(ended):
            return None
        found = _summed(places, ends, self.sums)
        counts = np.add.reduceat(self.counts[places], ends - _lengths(ends))
        for _, starts, rows in self.ngrams(places, ends):
            until = np.searchsorted(starts, ends)
            found += _summed(rows, until, matrix)
            counts += _lengths(until)
        found /= counts[:, None]
        return found


class _Places(dict[str, int]):
    """Token -> its place, looked up when first met."""

    def __init__(self, vectors: TokenVectors) -> None:
        self._vectors = vectors

    def __missing__(self, token: str) -> int:
        place = self[token] = self._vectors.learn(token)
        return place


def _lengths(ends: Rows) -> Rows:
    """Lengths of stretches that follow each other, from where each ends; numpy's `diff` is slow on a few."""
    lengths = ends.copy()
    lengths[1:] -= ends[:-1]
    return lengths


def _summed(rows: npt.NDArray[np.integer], ends: Rows, matrix: Scores) -> Scores:
    """Sums of rows of a matrix, one a line, added in order either way.

    For many lines a sparse product reads each row once; for a few, building it takes longer than adding.
    """
    if len(ends) <= FEW_LINES:
        chosen_rows, until = matrix[rows], ends.tolist()
        return np.array([chosen_rows[a:b].sum(axis=0) for a, b in zip([0, *until], until, strict=False)])
    ones = np.ones(len(rows), dtype=np.float32)
    starts = np.concatenate([[0], ends]).astype(np.int32)
    chosen = csr_array((ones, rows.astype(np.int32, copy=False), starts), shape=(len(ends), len(matrix)))
    return np.asarray(chosen @ matrix, dtype=np.float32)
