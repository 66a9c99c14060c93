"""What each token of an input line adds to the score of a code: exact, because fastText is linear.

fastText's hidden vector is the average of input vectors: of every word with its sub-words, of every
word n-gram, of the end of the line. A code's score is its output row times that average, so that
each token's part of it is a product of its own (docs/adr/0006-explanations.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.classifier import FastTextClassifier, Scores
from models.coding import CodingModel
from models.errors import ModelError

END_OF_LINE = "</s>"
"""The token fastText reads at every end of line: what a line has before it says anything."""
KNOWN_TOKENS = 16_384
"""Tokens whose summed vector is kept, 0.4 kB each at 100 dimensions; beyond, it starts again."""

_OFFSET, _PRIME = 2_166_136_261, 16_777_619
_NGRAM_FACTOR = np.uint64(116_049_371)


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


def fasttext_of(model: CodingModel) -> FastTextClassifier:
    """The fastText model inside; `ModelError` when what codes is something else."""
    if not isinstance(model.classifier, FastTextClassifier):
        raise ModelError(f"{model.version}: only a fastText model can be explained")
    return model.classifier


class Contributions:
    """Contributions of tokens to scores, for many lines at once.

    Parameters
    ----------
    classifier
        Whose scores are taken apart. With softmax a score is taken against the mean over all codes:
        what is added to every code alike changes no probability and explains nothing.
    """

    def __init__(self, classifier: FastTextClassifier) -> None:
        self._classifier = classifier
        output = classifier.output_vectors()
        self._output = output if classifier.independent_labels else output - output.mean(axis=0)
        self._column = {code: column for column, code in enumerate(classifier.codes)}
        self._forget()

    def _forget(self) -> None:
        self._places: dict[str, int] = {}
        self._sums = np.zeros((KNOWN_TOKENS, self._classifier.dimension), dtype=np.float32)
        self._counts = np.zeros(KNOWN_TOKENS, dtype=np.int64)
        self._hashes = np.zeros(KNOWN_TOKENS, dtype=np.uint64)

    def of(self, lines: Sequence[Sequence[str]], codes: Sequence[Sequence[str]]) -> list[Scores]:
        """What each token adds to the scores of some codes.

        A word n-gram's part is shared equally among its words.

        Parameters
        ----------
        lines
            Tokens of each line, the end of line left out; at most `KNOWN_TOKENS` different ones.
        codes
            Codes asked about, as many for each line.

        Returns
        -------
        list
            For each line shape (tokens + 1, codes): the last row is the end of line's, and each
            column adds up to the code's score.
        """
        if not lines:
            return []
        places = self._placed(lines)
        ends = np.cumsum([len(line) + 1 for line in lines])
        line_of = np.repeat(np.arange(len(lines)), np.diff(ends, prepend=0))
        vectors = self._sums[places]
        counts = np.bincount(line_of, weights=self._counts[places]).astype(np.float64)
        self._share_ngrams(places, line_of, vectors, counts)
        columns = np.array([[self._column[code] for code in asked] for asked in codes])
        parts = np.einsum("td,tcd->tc", vectors, self._output[columns][line_of], optimize=False)
        parts /= counts[line_of, None]
        return np.split(parts, ends[:-1])

    def _share_ngrams(
        self,
        places: npt.NDArray[np.int64],
        line_of: npt.NDArray[np.int64],
        vectors: Scores,
        counts: npt.NDArray[np.float64],
    ) -> None:
        """Add to each token's vector its share of the n-grams it is in, and to each line's count theirs."""
        hashes = self._hashes[places]
        running = hashes
        for length in range(2, self._classifier.word_ngrams + 1):
            if len(places) < length:
                return
            running = running[:-1] * _NGRAM_FACTOR + hashes[length - 1 :]
            (starts,) = np.nonzero(line_of[: len(running)] == line_of[length - 1 :])
            shares = self._classifier.input_vectors(self._classifier.ngram_rows(running[starts])) / np.float32(length)
            for member in range(length):
                vectors[starts + member] += shares
            counts += np.bincount(line_of[starts], minlength=len(counts))

    def _placed(self, lines: Sequence[Sequence[str]]) -> npt.NDArray[np.int64]:
        """Places of all tokens in the kept arrays, each line followed by the end of line."""
        tokens = [token for line in lines for token in (*line, END_OF_LINE)]
        found = list(map(self._places.get, tokens))
        if None in found:
            unknown = {token for token, place in zip(tokens, found, strict=True) if place is None}
            if len(self._places) + len(unknown) > KNOWN_TOKENS:
                self._forget()
                unknown = set(tokens)
            for token in unknown:
                self._learn(token)
            found = list(map(self._places.get, tokens))
        return np.array(found, dtype=np.int64)

    def _learn(self, token: str) -> None:
        rows = self._classifier.input_rows(token)
        place = len(self._places)
        self._sums[place] = self._classifier.input_vectors(rows).sum(axis=0)
        self._counts[place] = len(rows)
        self._hashes[place] = ngram_part(token)
        self._places[token] = place

    def vectors(self, tokens: Sequence[str]) -> Scores:
        """Hidden vectors of single tokens of the dictionary, shape (tokens, dimension)."""
        rows = [self._classifier.input_rows(token) for token in tokens]
        sizes = np.array([len(found) for found in rows])
        starts = np.cumsum(sizes) - sizes
        summed = np.add.reduceat(self._classifier.input_vectors(np.concatenate(rows)), starts, axis=0)
        return np.asarray(summed / sizes[:, None], dtype=np.float32)
