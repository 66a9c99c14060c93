"""What is measured on one filing's text and candidates: the same at training and in the stream.

Pure functions of values that the caller has; who normalises the text and who knows the model's words
is the caller's business (`models.text` is not ours to import).
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

_ASCII_CAPITALS = string.ascii_uppercase.encode()
_ASCII_LETTERS = string.ascii_letters.encode()
_WORD = re.compile(r"\w+")


class TextMeasures(NamedTuple):
    """Of the text fields of one filing, joined.

    Parameters
    ----------
    characters, words
        As written.
    kept_share
        Normalised words over words written, 0 to 1; `None` when none was written.
    unknown_share
        Normalised words without a vector of their own, 0 to 1; `None` when none is left.
    capital_share, accent_share
        Letters that are capitals, letters that are not ASCII; `None` without a letter.
    """

    characters: int
    words: int
    kept_share: float | None
    unknown_share: float | None
    capital_share: float | None
    accent_share: float | None


def measure_text(written: str, normalised: str, knows: Callable[[str], bool]) -> TextMeasures:
    """Measure a text as written against what normalisation left of it.

    Parameters
    ----------
    written
        The text fields joined, as the model's input is.
    normalised
        Its normalised words, between single spaces.
    knows
        Whether the model has a vector for a normalised word.

    Examples
    --------
    >>> measure_text("Pose de VÉLUX", "pos velux", {"pos"}.__contains__)
    TextMeasures(characters=13, words=3, kept_share=0.6666666666666666, unknown_share=0.5, \
capital_share=0.5454545454545454, accent_share=0.09090909090909091)
    """
    words = len(_WORD.findall(written))
    kept = normalised.split()
    letters, ascii_letters, capitals = _letters(written)
    return TextMeasures(
        characters=len(written),
        words=words,
        kept_share=min(1.0, len(kept) / words) if words else None,
        unknown_share=sum([not knows(word) for word in kept]) / len(kept) if kept else None,
        capital_share=capitals / letters if letters else None,
        accent_share=(letters - ascii_letters) / letters if letters else None,
    )


def _letters(written: str) -> tuple[int, int, int]:
    """Letters, those of ASCII, and capitals: counted by what is left when they are taken out."""
    if not written.isascii():
        beyond = [c for c in written if c > "\x7f"]
        letters, ascii_letters, capitals = _letters(written.encode("ascii", "ignore").decode())
        return letters + sum(map(str.isalpha, beyond)), ascii_letters, capitals + sum(map(str.isupper, beyond))
    data = written.encode()
    letters = len(data) - len(data.translate(None, _ASCII_LETTERS))
    return letters, letters, len(data) - len(data.translate(None, _ASCII_CAPITALS))


def entropy(probabilities: Iterable[float]) -> float:
    """Entropy in nats of the candidates' probabilities; what they leave of 1 counts as one more.

    >>> round(entropy([0.5, 0.25]), 4), entropy([1.0])
    (1.0397, 0.0)
    """
    given = [p for p in probabilities if p > 0.0]
    rest = 1.0 - sum(given)
    if rest > 1e-6:
        given.append(rest)
    return max(0.0, -sum(p * math.log(p) for p in given))


def missing_count(values: Sequence[str | None]) -> int:
    """How many of the variables have no value."""
    return sum(not value for value in values)
