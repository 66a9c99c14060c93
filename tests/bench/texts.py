"""Two sets of messages of some 300 bytes: texts that are all different, and texts that repeat.

Drawn from the starter corpus, so that the model knows the words; ids are distinct in both, because
every filing is its own.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import expm1

from models.starter import declarations as corpus
from schemas.codec import encode
from schemas.formality import Formality

DISTINCT, REPEATING = BOTH_SETS = ("distinct", "repeating")
REPEATED_SHARE = 0.66
"""Share of filings whose content was filed before, as in real declarations."""
SEED = 20_261_121
SEPARATORS = (", ", " ; ", " et ", " - ")


def messages(dataset: str, count: int) -> list[bytes]:
    """`count` filings as our own JSON; the same in every run."""
    if dataset == DISTINCT:
        contents = _distinct(count)
    else:
        contents = _repeating(count)
    return [encode(filing.model_copy(update={"formality_id": f"{dataset}-{i:07d}"})) for i, filing in enumerate(contents)]


def distinct_filings() -> Iterator[Formality]:
    """Endless until the corpus is out of pairs (over a million): two declarations of one class."""
    chance = random.Random(SEED)
    lines = corpus.declarations()
    by_class: dict[str, list[corpus.Declaration]] = {}
    for line in lines:
        by_class.setdefault(line.codes[0], []).append(line)
    filings = {id(line): corpus.filing(line, seed=SEED) for line in lines}
    seen: set[int] = set()
    while True:
        first = chance.choice(lines)
        second = chance.choice(by_class[first.codes[0]])
        text = f"{first.text}{chance.choice(SEPARATORS)}{second.text}"
        words = hash(frozenset((first.text, second.text)))
        if first is not second and words not in seen:
            seen.add(words)
            yield filings[id(first)].model_copy(update={"description_activity": text})


def _distinct(count: int) -> list[Formality]:
    endless = distinct_filings()
    return [next(endless) for _ in range(count)]


def _repeating(count: int) -> list[Formality]:
    """Text at rank r with weight 1/r, of as many texts as make `REPEATED_SHARE` of the draws repeats."""
    pool = _distinct(pool_size(count))
    chance = random.Random(SEED)
    bounds = list(accumulate(1 / rank for rank in range(1, len(pool) + 1)))
    return [pool[min(bisect(bounds, chance.random() * bounds[-1]), len(pool) - 1)] for _ in range(count)]


def pool_size(draws: int) -> int:
    """How many texts to draw from, found by bisection; more texts, fewer repeats."""
    low, high = 1, 20 * draws
    while low < high:
        middle = (low + high) // 2
        if _expected_repeats(draws, middle) > REPEATED_SHARE:
            low = middle + 1
        else:
            high = middle
    return low


def _expected_repeats(draws: int, texts: int) -> float:
    total = sum(1 / rank for rank in range(1, texts + 1))
    distinct = sum(-expm1(-draws / (rank * total)) for rank in range(1, texts + 1))
    return 1 - distinct / draws


def mean_bytes(values: Sequence[bytes]) -> float:
    """Mean size of a message."""
    return sum(map(len, values)) / len(values)
