"""How many words texts have for a model, and how many of these it knows: many texts at once, no set a text.

Says of each text what `models.text.distinct_words` says, at a third of its cost: the texts are folded
and cut into words as one string of bytes, each word is looked up once, and numpy tells doubles apart.
"""

from __future__ import annotations

import codecs
from collections.abc import Container, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from models.text import ASCII, FRENCH, KNOWN_WORDS, distinct_words, stem_of

Counts = npt.NDArray[np.int64]
BETWEEN = b"\0"
"""Stands between two texts."""
_ELSEWHERE = b"\1"
"""Where a character of Latin-1 makes several letters, such as æ."""
_OF_EMPTY_PHRASES = frozenset((b"idem", b"voir", b"etc"))
"""Without one of them a text has no phrase that says nothing."""
_NEXT, _PERHAPS_EMPTY, _NOTHING = -2, -1, 0
"""What a word may be, beside a stem: the end of a text, one of those, one that says nothing."""


class WordCounter:
    """Counts words of many texts.

    Parameters
    ----------
    known
        The words (stems) of the model.
    language
        The model's.

    Examples
    --------
    >>> counter = WordCounter({"vent", "fruit"})
    >>> [each.tolist() for each in counter.count(["Vente de fruits, ventes", "", "Œuvres d'été"])]
    [[2, 0, 1], [2, 0, 0]]
    """

    def __init__(self, known: Container[str], language: str = FRENCH) -> None:
        self._known, self._language = known, language
        self._codes = _Codes(known, language)

    def count(self, texts: Sequence[str]) -> tuple[Counts, Counts]:
        """Distinct normalised words of each text, and those of them that are known; both of shape (n,)."""
        if len(self._codes) > KNOWN_WORDS:
            self._codes = _Codes(self._known, self._language)
        letters = _letters(texts)
        words = letters.split()
        codes = np.fromiter(map(self._codes.__getitem__, words), dtype=np.int64, count=len(words))
        text_of = np.cumsum(codes == _NEXT)
        said = codes > _NOTHING
        pairs = np.sort(text_of[said] << 32 | codes[said])
        if len(pairs):
            pairs = pairs[np.concatenate([[True], pairs[1:] != pairs[:-1]])]
        kept = np.bincount(pairs >> 32, minlength=len(texts))
        known = np.bincount(pairs[(pairs & 1) > 0] >> 32, minlength=len(texts))
        again = np.unique(text_of[codes == _PERHAPS_EMPTY]).tolist()
        if letters.count(BETWEEN) != len(texts) - 1:
            # A text has the character that stands between texts.
            again = range(len(texts))
            kept, known = np.zeros((2, len(texts)), dtype=np.int64)
        for place in again:
            found = distinct_words(texts[place], self._language)
            kept[place], known[place] = len(found), sum(word in self._known for word in found)
        return kept, known


class _Codes(dict[bytes, int]):
    """Word of a to z -> twice the number of its stem, one more where the model knows it; or what else it is."""

    def __init__(self, known: Container[str], language: str) -> None:
        super().__init__({BETWEEN: _NEXT} | dict.fromkeys(_OF_EMPTY_PHRASES, _PERHAPS_EMPTY))
        self._known, self._language = known, language
        self._stems: dict[str, int] = {}

    def __missing__(self, word: bytes) -> int:
        stem = stem_of(word.decode(), self._language)
        number = self._stems.setdefault(stem, len(self._stems) + 1)
        self[word] = code = (2 * number + (stem in self._known)) if stem else _NOTHING
        return code


def _letters(texts: Sequence[str]) -> bytes:
    """The texts folded, letters alone: everything else is a space, but what stands between texts."""
    data = " \0 ".join(texts).encode("latin-1", _IN_ASCII)
    table, gone, several = _latin()
    letters = data.translate(table, gone)
    if _ELSEWHERE in letters:
        for character, written in several.items():
            data = data.replace(character, written)
        letters = data.translate(table, gone)
    return letters


@cache
def _latin() -> tuple[bytes, bytes, dict[bytes, bytes]]:
    """For each character of Latin-1 its letter or a space; those that vanish; those that make several letters."""
    table, gone = bytearray(b" " * 256), bytearray()
    several: dict[bytes, bytes] = {}
    table[0] = 0
    for code in range(1, 256):
        written = chr(code) if code < 128 else ASCII[chr(code)]
        letters = "".join(letter if letter.islower() else " " for letter in written.lower())
        if not written:
            gone.append(code)
        elif len(letters) == 1:
            table[code] = ord(letters)
        elif letters.strip():
            several[bytes([code])] = written.encode()
            table[code] = _ELSEWHERE[0]
    return bytes(table), bytes(gone), several


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(ASCII.__getitem__, error.object[error.start : error.end])), error.end


_IN_ASCII = "codiflux.ascii"
codecs.register_error(_IN_ASCII, _in_ascii)
