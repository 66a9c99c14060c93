"""Learning the two matrices of a fastText model by Adagrad, in batches.

fastText's own training takes one line after another at one learning rate for all: on tens of
thousands of lines rare words have hardly moved when frequent ones have been learnt. Adagrad gives
each word, sub-word and pair of words a rate of its own, and batches let BLAS do the work: the same
model, better learnt, in a third of the time (docs/quality.md). The result is an ordinary fastText
model, which the library reads and serves.

References
----------
Duchi, Hazan and Singer (2011), "Adaptive subgradient methods"; one rate a row instead of one a
cell. Joulin, Grave, Bojanowski and Mikolov (2016), "Bag of tricks for efficient text classification".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float32]

BATCH_LINES = 64
SMALLEST_SQUARE = 1e-8
"""Where the sums of squared gradients begin: first steps are as long as the rate allows."""
FIRST_INPUT = 3.0
FIRST_OUTPUT = 0.1
"""Spread of the random start: of input rows in units of 1 / dimension, of output rows as they are."""

BRANCH_SHARE = 0.7
"""How much of a branch's vector is in each of its codes: a code of few lines is learnt by its kin's."""

_END = "</s>"
_PAIR_FACTOR = 116_049_371
_MASK_64 = 2**64 - 1
"""fastText's hash of a pair of words is computed in unsigned 64-bit arithmetic."""


class InputRows:
    """The rows of a model's input matrix that stand for a line: its words, sub-words and word pairs.

    The same as `Dictionary::getLine` and `addWordNgrams` of the library compute, which Python cannot
    call; a test compares the averages with the library's own.

    Parameters
    ----------
    model
        A model of the `fasttext` package with a dictionary.
    """

    def __init__(self, model: Any) -> None:
        arguments = model.f.getArgs()
        self._model = model
        self._words = len(model.get_words())
        self._ngrams: int = arguments.wordNgrams
        self._buckets: int = arguments.bucket
        self.count = self._words + self._buckets
        self._known: dict[str, tuple[list[int], int]] = {}

    def of_line(self, line: str) -> list[int]:
        """Rows with repetition, in no order that matters."""
        rows: list[int] = []
        hashes: list[int] = []
        for word in (*line.split(), _END):
            own, hashed = self._of_word(word)
            rows += own
            hashes.append(hashed)
        for first in range(len(hashes)):
            combined = hashes[first] & _MASK_64
            for following in hashes[first + 1 : first + self._ngrams]:
                combined = (combined * _PAIR_FACTOR + following) & _MASK_64
                rows.append(self._words + combined % self._buckets)
        return rows

    def _of_word(self, word: str) -> tuple[list[int], int]:
        found = self._known.get(word)
        if found is None:
            # The end of a line has no sub-words.
            rows = [self._model.get_word_id(word)] if word == _END else self._model.get_subwords(word)[1].tolist()
            found = self._known[word] = ([row for row in rows if row >= 0], _hash(word))
        return found

    def matrix(self, lines: Iterable[str]) -> sparse.csr_matrix:
        """Averaging weights of each line, shape (lines, `count`)."""
        rows: list[npt.NDArray[np.int32]] = []
        weights: list[Floats] = []
        ends = [0]
        for line in lines:
            own = self.of_line(line)
            rows.append(np.asarray(own, dtype=np.int32))
            weights.append(np.full(len(own), 1.0 / max(1, len(own)), dtype=np.float32))
            ends.append(ends[-1] + len(own))
        return sparse.csr_matrix(
            (np.concatenate(weights), np.concatenate(rows), ends), shape=(len(ends) - 1, self.count)
        )


def _hash(word: str) -> int:
    """FNV-1a over signed bytes, as a signed 32-bit number: fastText's."""
    value = 2_166_136_261
    for byte in word.encode():
        value ^= byte if byte < 128 else (byte - 256) & 0xFFFFFFFF
        value = (value * 16_777_619) & 0xFFFFFFFF
    return value - 2**32 if value >= 2**31 else value


def branches(codes: Sequence[str]) -> sparse.csr_matrix:
    """How each code's output vector is made: its own, and a part of each of its branches'.

    A branch is what codes begin with: the codes of a classification say their kin by their first characters.
    What is learnt is one vector a node; what is served is their sums, one a code, at no further cost.

    Returns
    -------
    sparse.csr_matrix
        Shape (codes, nodes).

    >>> (branches(["11", "12"]) > 0.9).toarray().tolist()  # 1 is shared, 11 and 12 are whole
    [[False, True, False], [False, False, True]]
    """
    nodes: dict[str, int] = {}
    cells = [
        (row, nodes.setdefault(code[:length], len(nodes)), 1.0 if length == len(code) else BRANCH_SHARE)
        for row, code in enumerate(codes)
        for length in range(1, len(code) + 1)
    ]
    rows, columns, shares = zip(*cells, strict=True)
    return sparse.csr_matrix(
        (np.asarray(shares, dtype=np.float32), (rows, columns)), shape=(len(codes), len(nodes)), dtype=np.float32
    )


def fill(
    model: Any,
    path: Path,
    *,
    epoch: int,
    lr: float,
    dropout: float,
    seed: int,
    members: int = 1,
    nodes: sparse.csr_matrix | None = None,
) -> None:
    """Give a model whose dictionary is of this training file the matrices learnt from it.

    Parameters
    ----------
    nodes
        What each label's output vector is the sum of (`branches`); its own vector alone unless given.
    members
        Learn so many times from other starts, each with its share of the dimensions: side by side they
        are one model whose scores are the sums of the members', and whose errors are fewer.
    """
    with path.open(encoding="utf-8") as file:
        labels, lines = zip(*(line.rstrip("\n").split(" ", 1) for line in file), strict=True)
    column = {label: position for position, label in enumerate(model.get_labels())}
    inputs = InputRows(model).matrix(lines)
    truth = [column[label] for label in labels]
    if nodes is None:
        nodes = sparse.identity(len(column), dtype=np.float32, format="csr")
    dims = [len(part) for part in np.array_split(np.arange(model.get_dimension()), members)]
    # More threads would add up in another order: other bits.
    with threadpool_limits(limits=1, user_api="blas"):
        learnt = [
            learn(inputs, truth, nodes=nodes, dim=dim, epoch=epoch, lr=lr, dropout=dropout, seed=seed + member)
            for member, dim in enumerate(dims)
        ]
    model.set_matrices(*(np.hstack(matrices) for matrices in zip(*learnt, strict=True)))


def learn(
    inputs: sparse.csr_matrix,
    truth: Sequence[int],
    *,
    nodes: sparse.csr_matrix,
    dim: int,
    epoch: int,
    lr: float,
    dropout: float,
    seed: int,
) -> tuple[Floats, Floats]:
    """Input and output matrices that predict the truth by softmax.

    Parameters
    ----------
    inputs
        Averaging weights, shape (lines, rows of the input matrix).
    truth
        Column of each line's class.
    nodes
        What each class's output vector is the sum of, shape (classes, nodes).
    epoch
        Passes over the lines, each in an order of its own.
    lr
        Rate of the first batch; it falls to zero at the last.
    dropout
        Share of a line's rows left out at random, others each pass: no word carries a code alone.
    seed
        Of start and orders: with BLAS on one thread the same seed gives the same bits.
    """
    draw = np.random.default_rng(seed)
    input_matrix = draw.random((inputs.shape[1], dim), dtype=np.float32)
    input_matrix -= np.float32(0.5)
    input_matrix *= np.float32(2.0 * FIRST_INPUT / dim)
    node_matrix = draw.standard_normal((nodes.shape[1], dim), dtype=np.float32) * np.float32(FIRST_OUTPUT)
    of_nodes = nodes.T.tocsr()
    input_squares = np.full(inputs.shape[1], SMALLEST_SQUARE, dtype=np.float32)
    node_squares = np.full(nodes.shape[1], SMALLEST_SQUARE, dtype=np.float32)
    columns = np.asarray(truth)
    lines = inputs.shape[0]
    steps = epoch * -(-lines // BATCH_LINES)
    step = 0
    for _ in range(epoch):
        order = draw.permutation(lines)
        for start in range(0, lines, BATCH_LINES):
            rate = np.float32(lr * (1.0 - step / steps))
            step += 1
            batch = order[start : start + BATCH_LINES]
            used, weights = _used_rows(_thinned(inputs[batch], dropout, draw))
            rows, output_matrix = input_matrix[used], nodes @ node_matrix
            hidden = np.asarray(weights @ rows)
            error = _softmax(hidden @ output_matrix.T)
            error[np.arange(len(batch)), columns[batch]] -= 1.0
            squares, change = _adagrad(np.asarray(weights.T @ (error @ output_matrix)), input_squares[used], rate)
            input_squares[used], input_matrix[used] = squares, rows - change
            node_squares, change = _adagrad(of_nodes @ (error.T @ hidden), node_squares, rate)
            node_matrix -= change
    return input_matrix, np.asarray(nodes @ node_matrix)


def _adagrad(gradient: Floats, squares: Floats, rate: np.float32) -> tuple[Floats, Floats]:
    """New sums of squares, one a row, and the step to take; the gradient's memory holds the step."""
    squares = squares + np.einsum("ij,ij->i", gradient, gradient) / np.float32(gradient.shape[1])
    gradient *= (rate / np.sqrt(squares))[:, None]
    return squares, gradient


def _thinned(batch: sparse.csr_matrix, dropout: float, draw: np.random.Generator) -> sparse.csr_matrix:
    """A batch without some of its weights and the others larger by as much."""
    if dropout > 0.0:
        kept = draw.random(len(batch.data), dtype=np.float32) >= dropout
        batch.data *= kept * np.float32(1.0 / (1.0 - dropout))
        batch.eliminate_zeros()
    return batch


def _used_rows(batch: sparse.csr_matrix) -> tuple[npt.NDArray[np.int32], sparse.csr_matrix]:
    """The rows of the input matrix that a batch touches, and its weights over these alone."""
    used, renumbered = np.unique(batch.indices, return_inverse=True)
    renumbered = renumbered.astype(np.int32)
    return used, sparse.csr_matrix((batch.data, renumbered, batch.indptr), shape=(batch.shape[0], len(used)))


def _softmax(scores: Floats) -> Floats:
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    return scores
