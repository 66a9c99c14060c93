"""Class frequencies: how often each code is filed, in training lines and in what is measured.

A training set written by hand has as many lines of rare codes as of common ones. A model trained
on it as it is would expect as many coal mines as masons, and figures measured on it would say
little of a stream. Where real frequencies are given, copies and measurements follow them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

MOST_COPIES = 12.0
"""Of one example: beyond, a model learns lines by heart."""
BALANCE = 0.75
"""Power of the real frequencies that training lines follow: 1 would starve the rare codes, 0 makes
all alike. Chosen by cross-validation on the starter corpus (docs/quality.md)."""

Item = TypeVar("Item")


def copies_of_each(codes: Sequence[str], *, lines: int, weights: Mapping[str, float] | None) -> dict[str, float]:
    """Copies that each example of a code gets in training, its original included, as a mean.

    Parameters
    ----------
    codes
        Of the examples, one each.
    lines
        About how many lines to make; more examples than that stay single, at half of it each has
        at least two.
    weights
        Real frequency of each code; `None` takes those of the examples.
    """
    counts = Counter(codes)
    least = 2.0 if 2 * len(codes) <= lines else 1.0
    if weights is None:
        return dict.fromkeys(counts, min(max(least, lines / max(1, len(codes))), MOST_COPIES))
    wanted = {code: positive(weights, code) ** BALANCE for code in counts}
    total = sum(wanted.values())
    return {code: min(max(least, lines * wanted[code] / total / count), MOST_COPIES) for code, count in counts.items()}


def positive(weights: Mapping[str, float], code: str) -> float:
    """The weight of a code; one that is not in the table counts as the rarest that is."""
    return weights.get(code) or min(weight for weight in weights.values() if weight > 0)


def as_filed(
    items: Sequence[Item], codes: Sequence[str], weights: Mapping[str, float] | None, *, seed: int
) -> list[Item]:
    """Items drawn so that their codes occur as often as they are filed.

    Few items stand for the most frequent codes, so as many are drawn as the weighted sample is
    worth (Kish's effective size): intervals computed from the result are as wide as they should be.

    References
    ----------
    Kish (1965), "Survey sampling", section 11.7.
    """
    if weights is None or not items:
        return list(items)
    counts = Counter(codes)
    shares = [positive(weights, code) / counts[code] for code in codes]
    total = sum(shares)
    worth = max(1, int(total**2 / sum(share**2 for share in shares)))
    # One random start and equal steps: each item comes its expected number of times, give or take one.
    order = sorted(range(len(items)), key=lambda row: (codes[row], row))
    drawn: list[Item] = []
    reached = Random(seed).random()
    for row in order:
        reached += shares[row] / total * worth
        while reached >= 1.0:
            drawn.append(items[row])
            reached -= 1.0
    return drawn
