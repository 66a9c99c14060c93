"""Confidence intervals of shares."""

from __future__ import annotations

from math import sqrt

from scipy.special import betaincinv, ndtri


def wilson(successes: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided interval of a share; (0, 1) without trials.

    Numbers that are not whole are those of a weighted sample, by its effective size.

    References
    ----------
    Wilson (1927), "Probable inference, the law of succession, and statistical inference".

    >>> [round(bound, 4) for bound in wilson(80, 100)]
    [0.7112, 0.8666]
    """
    if trials == 0:
        return 0.0, 1.0
    z = float(ndtri(0.5 + confidence / 2))
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def clopper_pearson_upper(successes: float, trials: float, confidence: float = 0.95) -> float:
    """One-sided upper bound of a share: exact, never too low; 1 without trials.

    References
    ----------
    Clopper and Pearson (1934), "The use of confidence or fiducial limits".

    >>> round(clopper_pearson_upper(0, 59), 4)
    0.0495
    """
    if successes >= trials:
        return 1.0
    return float(betaincinv(successes + 1, trials - successes, confidence))
