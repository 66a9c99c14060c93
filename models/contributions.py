"""What each token of an input line adds to the score of a code: exact, because fastText is linear.

fastText's hidden vector is the average of input vectors: of every word with its sub-words, of every
word n-gram, of the end of the line. A code's score is its output row times that average, so that
each token's part of it is a product of its own (docs/adr/0006-explanations.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.classifier import FastTextClassifier, Scores
from models.coding import CodingModel
from models.errors import ModelError
from models.tokens import END_OF_LINE


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
        self._tokens = classifier.tokens

    def of(self, lines: Sequence[Sequence[str]], codes: Sequence[Sequence[str]]) -> list[Scores]:
        """What each token adds to the scores of some codes.

        A word n-gram's part is shared equally among its words.

        Parameters
        ----------
        lines
            Tokens of each line, the end of line left out.
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
        places = self._tokens.placed([token for line in lines for token in (*line, END_OF_LINE)])
        ends = np.cumsum([len(line) + 1 for line in lines])
        line_of = np.repeat(np.arange(len(lines)), np.diff(ends, prepend=0))
        vectors = self._tokens.sums[places]
        counts = np.bincount(line_of, weights=self._tokens.counts[places]).astype(np.float64)
        # A word n-gram's part is shared equally among its words.
        for length, starts, rows in self._tokens.ngrams(places, ends):
            shares = self._classifier.input_vectors(rows) / np.float32(length)
            for member in range(length):
                vectors[starts + member] += shares
            counts += np.bincount(line_of[starts], minlength=len(counts))
        columns = np.array([[self._column[code] for code in asked] for asked in codes])
        parts = np.einsum("td,tcd->tc", vectors, self._output[columns][line_of], optimize=False)
        parts /= counts[line_of, None]
        return np.split(parts, ends[:-1])

    def vectors(self, tokens: Sequence[str]) -> Scores:
        """Hidden vectors of single tokens of the dictionary, shape (tokens, dimension)."""
        rows = [self._classifier.input_rows(token) for token in tokens]
        sizes = np.array([len(found) for found in rows])
        starts = np.cumsum(sizes) - sizes
        summed = np.add.reduceat(self._classifier.input_vectors(np.concatenate(rows)), starts, axis=0)
        return np.asarray(summed / sizes[:, None], dtype=np.float32)
