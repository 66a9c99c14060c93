"""What Insee published of its production model, trained on ten million filings: facts, quoted.

Source: InseeFrLab/codif-ape-train, graphs/data_graphs (2022). "Counter" is the sample of the
one-stop counter, which the model had not been trained for; "test" its own test set.
"""

from __future__ import annotations

SOURCE = "InseeFrLab/codif-ape-train, graphs/data_graphs"

LEVELS = {
    "counter": (0.8998, 0.8637, 0.8397, 0.8143, 0.8003),
    "test": (0.9501, 0.9310, 0.9085, 0.8976, 0.8885),
}
"""Accuracy at levels 1 to 5 (Accuracy_lvl.csv)."""

TOP_K = {
    "counter": (0.8003, 0.8811, 0.9137, 0.9303, 0.9441),
    "test": (0.8885, 0.9357, 0.9534, 0.9629, 0.9687),
}
"""Share of filings whose code is among the first 1 to 5 (TOPK_Accuracy.csv)."""

REVIEWED = {
    "counter": ((0.0, 0.8003), (0.05, 0.8380), (0.10, 0.8708), (0.15, 0.8992), (0.20, 0.9246), (0.25, 0.9443)),
    "test": ((0.0, 0.8885), (0.05, 0.9220), (0.10, 0.9483), (0.15, 0.9678), (0.20, 0.9811), (0.25, 0.9889)),
}
"""Share of filings reviewed, least confident first, and accuracy of the whole afterwards, what was
reviewed counting as right (Accuracy_reprise.csv; so computed in graphs/plot_evaluation.R)."""


def automation_points(sample: str) -> list[tuple[float, float]]:
    """Share automatic and error among the automatic, from accuracy after review.

    >>> [round(value, 3) for value in automation_points("counter")[-1]]
    [0.75, 0.074]
    """
    return [(1 - reviewed, (1 - accuracy) / (1 - reviewed)) for reviewed, accuracy in REVIEWED[sample]]
