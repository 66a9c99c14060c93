"""Accuracy expected without labels: what the model's own probabilities promise.

A calibrated probability of 0.8 is right eight times in ten, so the mean of the first probabilities
is the accuracy to expect (confidence-based performance estimation). It is there at once, where
labels take weeks. It holds as long as the calibration does: an input the model has never seen
breaks it, which is why it stands beside the realised accuracy and never in its place.

References
----------
Guillory et al. (2021), "Predicting with confidence on unseen distributions"; NannyML (2022), CBPE.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitoring.judged import MILLIONTHS, MadeCount


def expected_accuracy(made: Iterable[MadeCount]) -> float | None:
    """Mean of the first candidates' probabilities; `None` without decisions.

    >>> expected_accuracy([MadeCount(decisions=2, probability=1_600_000), MadeCount()])
    0.8
    """
    total = MadeCount()
    for count in made:
        total.add(count)
    return total.probability / total.decisions / MILLIONTHS if total.decisions else None
