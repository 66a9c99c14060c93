"""fastText behind one door: exact answers for a whole batch at once, and training.

fastText answers one line at a time: it averages the vectors of the line's words and sub-words into
a hidden vector, multiplies it with the output matrix and applies the loss. All three are done here
for the whole batch: the average from words that are remembered (`models.tokens`), the product with
BLAS (docs/adr/0003-batched-inference.md, docs/adr/0016-remembered-words.md).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

import fasttext
import numpy as np
import numpy.typing as npt
from scipy.special import expit
from threadpoolctl import threadpool_limits

from models import adagrad
from models.errors import ArtefactError, TrainingError
from models.exact import bits_for, largest, whole
from models.tokens import TokenVectors
from models.zeroed_memory import zeroed_memory

Scores = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

BLOCK_LINES = 64
"""Lines scored together: enough for BLAS, few enough for the processor's cache."""
HIDDEN_LINES = 512
"""Lines whose hidden vectors are summed together."""

PROBABILITY_DECIMALS = 6
LABEL_PREFIX = "__label__"


class FastTextClassifier:
    """A trained fastText model.

    Parameters
    ----------
    path
        `model.bin` or `model.ftz`, trained with loss softmax or ova.
    temperature
        Divides the scores before the loss: above 1 makes probabilities more modest (calibration,
        Guo et al. 2017). 1 is fastText's own answer.

    Raises
    ------
    ArtefactError
        The file is not a model we can serve.
    """

    def __init__(self, path: Path, *, temperature: float = 1.0) -> None:
        try:
            self._model: Any = fasttext.load_model(str(path))
        except (ValueError, RuntimeError, MemoryError) as error:
            raise ArtefactError(f"{path}: fastText cannot read it ({error})") from error
        loss = self._model.f.getArgs().loss.name
        if loss not in ("softmax", "ova"):
            raise ArtefactError(f"{path}: loss {loss or 'unknown'} is not served, train with softmax or ova")
        self.independent_labels = loss == "ova"
        """With `ova` each code has its own yes-or-no probability: they need not sum to one."""
        labels = self._model.get_labels()
        self.codes: tuple[str, ...] = tuple(label.removeprefix(LABEL_PREFIX) for label in labels)
        self._code_order = np.argsort(np.argsort(np.array(self.codes)))
        output = np.asarray(self._model.f.getOutputMatrix(), dtype=np.float32)
        self._output = np.ascontiguousarray((output / np.float32(temperature)).T)
        self._bits = bits_for(self.dimension)
        weights, self._weights_unit = whole(self._output.reshape(1, -1), self._bits)
        self._weights = weights.reshape(self._output.shape)
        # get_sentence_vector without its two allocations a line: the library fills this buffer.
        self._sentence = self._model.f.getSentenceVector
        self._buffer = fasttext.FastText.fasttext.Vector(self.dimension)
        self._hidden = np.asarray(self._buffer)
        # One thread: two would split the product differently and fight the consumer for the cores.
        threadpool_limits(limits=1, user_api="blas")

    @property
    def dimension(self) -> int:
        """Length of a hidden vector."""
        return int(self._output.shape[0])

    def hidden(self, lines: Sequence[str]) -> Scores:
        """Hidden vectors, shape (lines, dimension): the same bits in any company.

        The library's up to the order of adding. Words are parted by blanks, as `models.features` writes them.
        """
        if self._input is not None:
            summed = self.tokens.hidden(lines, self._input)
            if summed is not None:
                return summed
        # A quantised matrix has no rows to add up: the library's own.
        vectors = np.empty((len(lines), self.dimension), dtype=np.float32)
        sentence, buffer, hidden = self._sentence, self._buffer, self._hidden
        for row, line in enumerate(lines):
            sentence(buffer, f"{line}\n")
            vectors[row] = hidden
        return vectors

    def probabilities(self, lines: Sequence[str]) -> Iterator[tuple[int, Scores]]:
        """Probability of every code, block by block: (lines in the block, shape (lines, codes))."""
        for count, scores in self._scores(lines):
            likelihoods, normalisers = self._likelihoods(scores)
            likelihoods /= normalisers
            yield count, likelihoods

    def _scores(self, lines: Sequence[str]) -> Iterator[tuple[int, Scores]]:
        """Scores before the loss, `BLOCK_LINES` lines at a time: the same bits in any company.

        BLAS adds up in an order that depends on the machine, on how many lines it is given and on a
        line's place among them. Rounded to whole numbers of a common power of two, all products and
        sums are exact in float64: no order gives another result, and little more is lost than float32
        has to lose.
        """
        for first in range(0, len(lines), HIDDEN_LINES):
            vectors, units = whole(self.hidden(lines[first : first + HIDDEN_LINES]), self._bits)
            units *= self._weights_unit
            for start in range(0, len(vectors), BLOCK_LINES):
                exact = vectors[start : start + BLOCK_LINES] @ self._weights
                exact *= units[start : start + BLOCK_LINES]
                yield len(exact), exact.astype(np.float32)

    def _likelihoods(self, scores: Scores) -> tuple[Scores, Scores]:
        """What the probabilities are proportional to, in the place of the scores, and the divisor of each row."""
        if self.independent_labels:
            # The library reads this from a table of 512 steps that ends at scores of 8: near the middle it
            # is off by up to 0.008, and beyond the ends it can no longer tell codes apart. This is exact.
            return np.asarray(expit(scores, out=scores)), np.ones((len(scores), 1), dtype=np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        return scores, scores.sum(axis=1, keepdims=True)

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """The `count` most probable codes of each line, most probable first.

        Probabilities are in [0, 1] and rounded to six decimals (float32 carries no more); equal
        ones stand in the order of the codes.
        """
        best, stated = self.ranked(lines, count)
        code_of = self.codes.__getitem__
        return [
            list(zip(map(code_of, columns), row, strict=True))
            for columns, row in zip(best.tolist(), stated.tolist(), strict=True)
        ]

    def ranked(self, lines: Sequence[str], count: int) -> tuple[Rows, npt.NDArray[np.float64]]:
        """What `top` says, as positions in `codes` and probabilities, shape (lines, at most `count`)."""
        count = min(count, len(self.codes))
        best = np.empty((len(lines), count), dtype=np.int64)
        stated = np.empty((len(lines), count))
        start = 0
        for size, scores in self._scores(lines):
            likelihoods, normalisers = self._likelihoods(scores)
            best[start : start + size], values = largest(likelihoods, count)
            stated[start : start + size] = values / normalisers
            start += size
        np.round(np.clip(stated, 0.0, 1.0, out=stated), PROBABILITY_DECIMALS, out=stated)
        (tied,) = np.nonzero((stated[:, 1:] == stated[:, :-1]).any(axis=1))
        if len(tied):
            order = np.lexsort((self._code_order[best[tied]], -stated[tied]), axis=1)
            best[tied] = np.take_along_axis(best[tied], order, axis=1)
            stated[tied] = np.take_along_axis(stated[tied], order, axis=1)
        return best, stated

    def knows(self, word: str) -> bool:
        """Whether a word was in the training data often enough to have a vector of its own."""
        return int(self._model.get_word_id(word)) >= 0

    @cached_property
    def words(self) -> dict[str, int]:
        """The words with a vector of their own, and how often each was in the training lines."""
        words, counts = self._model.f.getVocab("strict")
        return dict(zip(words, np.asarray(counts).tolist(), strict=True))

    @cached_property
    def word_ngrams(self) -> int:
        """Most words of a word n-gram; 1 means none."""
        return int(self._model.f.getArgs().wordNgrams)

    @cached_property
    def tokens(self) -> TokenVectors:
        """What each word adds to a hidden vector, remembered."""
        return TokenVectors(self)

    def input_rows(self, word: str) -> Rows:
        """Rows of the input matrix that a word adds to a line: its own when it has one, its sub-words'."""
        return np.array(self._model.f.getSubwords(word, "strict")[1], dtype=np.int64)

    def ngram_rows(self, hashes: npt.NDArray[np.uint64]) -> Rows:
        """Rows of the input matrix of word n-grams, from their hashes."""
        return (hashes % self._bucket).astype(np.int64) + len(self.words)

    @cached_property
    def _bucket(self) -> np.uint64:
        return np.uint64(self._model.f.getArgs().bucket)

    def input_vectors(self, rows: Rows) -> Scores:
        """Vectors of rows of the input matrix, shape (rows, dimension)."""
        if self._input is not None:
            return self._input[rows]
        vectors = np.empty((len(rows), self.dimension), dtype=np.float32)
        for place, row in enumerate(rows.tolist()):
            self._model.f.getInputVector(self._buffer, row)
            vectors[place] = self._hidden
        return vectors

    @cached_property
    def _input(self) -> Scores | None:
        """The library's own input matrix, not a copy; a quantised one has none to show."""
        return None if self._model.f.isQuant() else np.asarray(self._model.f.getInputMatrix())

    def output_vectors(self) -> Scores:
        """One row a code, shape (codes, dimension): a row times a hidden vector is the code's score."""
        return self._output.T


def train(path: Path, *, quantised_to: Path | None = None, **hyperparameters: Any) -> FastTextClassifier:
    """Train on a file of `__label__CODE words` lines and write the model.

    Parameters
    ----------
    path
        Training file; the model is written beside it as `model.bin`, or as `quantised_to`.
    quantised_to
        Write a quantised model here instead (vectors cut into codes: a tenth of the size).
    hyperparameters
        fastText's own (`dim`, `lr`, `epoch`, `wordNgrams`, `minn`, `maxn`, `minCount`, `bucket`,
        `loss`, `thread`, `seed`); one thread makes the same data give the same bytes. With
        `optimiser` "adagrad" (softmax only) the library builds the dictionary and `models.adagrad`
        learns, with `dropout`, `members` and `kinship` of its own; "sgd" is the library's training.

    Raises
    ------
    TrainingError
        In fastText's words: nothing to learn from, or a learning rate that diverges. Or no GNU C library
        for its own training.
    OSError
        The disk does not take the model.
    """
    # fastText trains without the interpreter's lock but does not hear Ctrl-C: in a thread of its own
    # it leaves this one free to be interrupted.
    try:
        if hyperparameters.pop("optimiser", "sgd") == "adagrad":
            model = _learnt_by_adagrad(path, **hyperparameters)
        else:
            # With one thread the library fills a tenth of its input matrix and leaves the rest as the memory
            # was (facebookresearch/fastText issue 1061): other models from the same data and seed, or NaN.
            with zeroed_memory():
                model = _in_thread(lambda: fasttext.train_supervised(str(path), verbose=0, **hyperparameters))
    except (RuntimeError, ValueError) as error:
        raise TrainingError(f"fastText: {error} A lower learning rate (lr) may help") from error
    destination = quantised_to or path.with_name("model.bin")
    # Left as it is by quantising, after which the library does not show it.
    last = model.get_output_matrix().tobytes()
    if quantised_to is not None:
        model.quantize(retrain=False, qnorm=True)
    model.save_model(str(destination))
    _check_written(destination, last)
    return FastTextClassifier(destination)


def _check_written(path: Path, last: bytes) -> None:
    """Of a disk that is full the library says nothing; what it writes last is the output matrix."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(last)))
        if file.read() != last:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _learnt_by_adagrad(
    path: Path,
    *,
    epoch: int,
    lr: float,
    dropout: float = 0.0,
    members: int = 1,
    kinship: bool = False,
    **dictionary: Any,
) -> Any:
    """A model with the library's dictionary of the file and matrices of our own learning."""
    if dictionary.get("loss") != "softmax":
        raise TrainingError("optimiser adagrad learns by loss softmax alone")
    # No epoch: the library reads the file, builds its dictionary and leaves the matrices to us.
    model = _in_thread(lambda: fasttext.train_supervised(str(path), verbose=0, epoch=0, **dictionary))
    codes = [label.removeprefix(LABEL_PREFIX) for label in model.get_labels()]
    nodes = adagrad.branches(codes) if kinship else None
    adagrad.fill(
        model, path, epoch=epoch, lr=lr, dropout=dropout, seed=dictionary["seed"], members=members, nodes=nodes
    )
    return model


def _in_thread(work: Callable[[], Any]) -> Any:
    """The result of `work`, done in a daemon thread: an interrupt here does not wait for its end."""
    found: Future[Any] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:
            found.set_exception(error)

    Thread(target=run, name="fasttext", daemon=True).start()
    return found.result()
