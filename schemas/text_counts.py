"""The measures of `schemas.measures` for many texts at once: characters are looked up in a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from schemas.measures import TextMeasures, measure_text

BASIC_PLANE = 0x10000
"""Characters in the table; the few texts with others (emoji, rare scripts) are measured one by one."""
_FIELD = 16
"""Bits of each count: a filing's texts are 6,000 characters at most, and 65,535 fit."""
_LETTER, _BEYOND, _CAPITAL, _WORDS = (np.uint64(_FIELD * place) for place in range(4))
_WORD = np.uint64(1) << _WORDS
_MASK = np.uint64((1 << _FIELD) - 1)
LONGEST = (1 << _FIELD) - 1
Table = npt.NDArray[np.uint64]


@cache
def _table() -> Table:
    """For each character, side by side: is it a letter, a letter beyond ASCII, a capital, of a word."""
    found = np.zeros(BASIC_PLANE, dtype=np.uint64)
    for place in range(BASIC_PLANE):
        character = chr(place)
        letter = character.isalpha()
        found[place] = (
            letter
            | (letter and place > 127) << _FIELD
            | (character.isupper() and (place > 127 or letter)) << 2 * _FIELD
            | (character.isalnum() or character == "_") << 3 * _FIELD
        )
    return found


def measure_texts(
    written: Sequence[str], kept: npt.NDArray[np.int64], known: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.float64]:
    """Measures of many texts, as `measure_text` has them.

    Parameters
    ----------
    written
        The texts as written.
    kept, known
        Of each: distinct normalised words, and how many of these the model knows (`None`: nobody can say),
        shape (n,).

    Returns
    -------
    Columns in the order of `TextMeasures`, NaN for `None`, shape (n, 6).

    Examples
    --------
    >>> measure_texts(["Pose de VÉLUX"], np.array([2]), np.array([1])).round(2).tolist()
    [[13.0, 3.0, 0.67, 0.5, 0.55, 0.09]]
    """
    found = np.full((len(written), len(TextMeasures._fields)), np.nan)
    if not written:
        return found
    # A line feed is no character of a word: the last word of a text and the first of the next stay two.
    blob = np.frombuffer("\n".join([*written, ""]).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    lengths = np.fromiter(map(len, written), dtype=np.int64, count=len(written))
    ends = np.cumsum(lengths + 1) - 1
    counts = _table().take(blob, mode="clip")
    # A character of a word after another begins none; four counts then add up side by side in one number.
    within = counts[1:] & counts[:-1]
    within &= _WORD
    counts[1:] -= within
    packed = np.add.reduceat(counts, ends - lengths)
    letters, beyond, capitals, words = (
        (packed >> shift & _MASK).astype(np.float64) for shift in (_LETTER, _BEYOND, _CAPITAL, _WORDS)
    )
    left = kept.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        found[:, 0], found[:, 1] = lengths, words
        found[:, 2] = np.where(words > 0, np.minimum(1.0, left / words), np.nan)
        if known is not None:
            found[:, 3] = np.where(left > 0, (left - known) / left, np.nan)
        found[:, 4] = np.where(letters > 0, capitals / letters, np.nan)
        found[:, 5] = np.where(letters > 0, beyond / letters, np.nan)
    for place in _beyond_the_table(blob, lengths, ends):
        found[place] = _one(written[place], int(kept[place]), None if known is None else int(known[place]))
    return found


def _beyond_the_table(
    blob: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> list[int]:
    high = np.flatnonzero(blob >= BASIC_PLANE)
    return sorted({*np.searchsorted(ends, high).tolist(), *np.flatnonzero(lengths > LONGEST).tolist()})


def _one(written: str, kept: int, known: int | None) -> list[float]:
    words = iter([True] * (known or 0) + [False] * kept)
    measured = measure_text(written, "w " * kept, lambda word: next(words))
    if known is None:
        measured = measured._replace(unknown_share=None)
    return [np.nan if value is None else float(value) for value in measured]
