"""Shares estimated from a sample whose members were not equally likely to be in it.

Review labels cover their lane; audit labels are a random sample of the auto lane. Each labelled
decision counts as many decisions as it stands for (the inverse of its probability of being
labelled): the estimate is Hájek's, and its interval Wilson's at Kish's effective sample size.

References
----------
Horvitz and Thompson (1952), "A generalization of sampling without replacement"; Hájek (1971);
Kish (1965), "Survey sampling", on the effective size of a weighted sample; Wilson (1927).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054
"""97.5th percentile of the normal distribution: two sides, 95 %."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with the bounds of its 95 % interval, and how many labels are behind it."""

    share: float
    lower: float
    upper: float
    labels: int


@dataclass(frozen=True, slots=True)
class Stratum:
    """Labelled decisions that count alike.

    Parameters
    ----------
    weight
        How many decisions each stands for, above 0; only its size beside the others' matters.
    labels, right
        How many there are, and how many of them the model had right.
    """

    weight: float
    labels: int
    right: int


def estimate(strata: Iterable[Stratum]) -> Estimate | None:
    """The weighted share that is right; `None` without a label.

    With equal weights it is the plain share with Wilson's interval:

    >>> found = estimate([Stratum(weight=20.0, labels=100, right=80)])
    >>> [round(value, 4) for value in (found.share, found.lower, found.upper)]
    [0.8, 0.7112, 0.8666]
    """
    filled = [stratum for stratum in strata if stratum.labels > 0 and stratum.weight > 0.0]
    labels = sum(stratum.labels for stratum in filled)
    if not labels:
        return None
    total = sum(stratum.weight * stratum.labels for stratum in filled)
    squares = sum(stratum.weight**2 * stratum.labels for stratum in filled)
    share = sum(stratum.weight * stratum.right for stratum in filled) / total
    lower, upper = wilson(min(1.0, share), total**2 / squares)
    return Estimate(min(1.0, share), lower, upper, labels)


def wilson(share: float, trials: float) -> tuple[float, float]:
    """Wilson's two-sided 95 % interval of a share; `trials` above 0 may be an effective size.

    >>> [round(bound, 4) for bound in wilson(1.0, 20.0)]
    [0.8389, 1.0]
    """
    squared = Z_95 * Z_95
    centre = share + squared / (2 * trials)
    spread = Z_95 * sqrt(share * (1 - share) / trials + squared / (4 * trials * trials))
    scale = 1 + squared / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
