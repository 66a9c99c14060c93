"""One number that makes probabilities honest: the temperature.

References
----------
Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

BOUNDS = (0.2, 5.0)


def fit_temperature(scores: npt.NDArray[np.float32], truth: Sequence[int]) -> float:
    """Temperature that makes the true codes most likely, on data the model was not trained on.

    Parameters
    ----------
    scores
        Before the softmax, shape (rows, codes).
    truth
        Column of the true code of each row; -1 where the model does not have it (left out).

    Returns
    -------
    float
        1 when nothing can be learnt from the rows.
    """
    kept = np.asarray([column >= 0 for column in truth], dtype=bool)
    if not kept.any():
        return 1.0
    rows = np.asarray(scores, dtype=np.float64)[kept]
    columns = np.asarray(truth)[kept]
    true_scores = rows[np.arange(len(rows)), columns]

    def negative_log_likelihood(log_temperature: float) -> float:
        scaled = rows / np.exp(log_temperature)
        top = scaled.max(axis=1)
        normaliser = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
        return float((normaliser - true_scores / np.exp(log_temperature)).mean())

    found = minimize_scalar(negative_log_likelihood, bounds=tuple(np.log(BOUNDS)), method="bounded")
    return round(float(np.exp(found.x)), 4)
