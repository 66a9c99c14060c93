"""Two sets of messages of some 300 bytes: texts that are all different, and texts that repeat.

Drawn from the starter corpus, so that the model knows the words; ids are distinct in both, because
every filing is its own.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from math import expm1

from pydantic_core import to_json

from models.starter import declarations as corpus
from schemas.formality import Formality

DISTINCT, REPEATING = BOTH_SETS = ("distinct", "repeating")
REPEATED_SHARE = 0.66
"""Share of filings whose content was filed before, as in real declarations."""
SEED = 20_261_121
SEPARATORS = (", ", " ; ", " et ", " - ")
Content = tuple[Formality, str]
"""A filing and the text it bears instead of its own."""


@dataclass(frozen=True, slots=True)
class Filing:
    """A message for formality.received."""

    key: bytes
    value: bytes


def messages(dataset: str, count: int) -> list[Filing]:
    """`count` filings as JSON with the fields their declarant filled; the same in every run."""
    contents = _repeating(count) if dataset == REPEATING else islice(distinct(), count)
    return [message(f"{dataset}-{number:07d}", content) for number, content in enumerate(contents)]


def message(identity: str, content: Content) -> Filing:
    """A filing under an id of its own."""
    formality, text = content
    filed = formality.model_copy(update={"formality_id": identity, "description_activity": text})
    return Filing(identity.encode(), to_json(filed, exclude_none=True))


def distinct() -> Iterator[Content]:
    """No text twice: two declarations of one class in a row (the corpus has millions of such pairs)."""
    chance = random.Random(SEED)
    lines = corpus.declarations()
    filings = [corpus.filing(line, seed=SEED) for line in lines]
    by_class: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        by_class.setdefault(line.codes[0], []).append(number)
    seen: set[int] = set()
    while True:
        first = chance.randrange(len(lines))
        second = chance.choice(by_class[lines[first].codes[0]])
        separator = chance.randrange(len(SEPARATORS))
        drawn = (first * len(lines) + second) * len(SEPARATORS) + separator
        if first != second and drawn not in seen:
            seen.add(drawn)
            yield filings[first], f"{lines[first].text}{SEPARATORS[separator]}{lines[second].text}"


def _repeating(count: int) -> list[Content]:
    """Text at rank r with weight 1/r, of as many texts as make `REPEATED_SHARE` of the draws repeats."""
    pool = list(islice(distinct(), pool_size(count)))
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
