"""Which activity a simulated filing declares, and in whose words."""

from __future__ import annotations

import csv
import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from importlib import resources
from itertools import accumulate

from models.errors import TrainingError
from models.starter.declarations import Declaration

NOMENCLATURE_COLUMN = 0
"""Class weights are those of NAF rev. 2."""


def class_weights() -> dict[str, int]:
    """Filings per million by sub-class of NAF rev. 2, at least 1 each.

    Computed from the frequencies of 2.2 million real filings (Insee, test set of 2022).
    """
    table = resources.files("models") / "starter" / "class_weights.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    return {row["code"]: int(row["weight"]) for row in csv.DictReader(lines)}


class Mix:
    """Draws declarations: the class by its frequency, the text by its rank within the class.

    The text at rank r of its class weighs 1/r, as words and declarations do (Zipf). The rank goes
    by length, short ones first: what many people write is short ("VDI", "livraison de repas").

    Parameters
    ----------
    declarations
        Those of a class without weight are never drawn.
    weights
        By class; see `class_weights`.

    Raises
    ------
    TrainingError
        No declaration has a class with a weight.
    """

    def __init__(self, declarations: Sequence[Declaration], weights: Mapping[str, int]) -> None:
        by_class: dict[str, list[Declaration]] = {}
        for declaration in declarations:
            by_class.setdefault(declaration.codes[NOMENCLATURE_COLUMN], []).append(declaration)
        present = {code: weight for code, weight in weights.items() if weight > 0 and code in by_class}
        if not present:
            raise TrainingError("no declaration to simulate from has a class of the class weights")
        self._classes = [sorted(by_class[code], key=lambda d: len(d.text.split())) for code in present]
        self._class_bounds = list(accumulate(present.values()))
        longest = max(map(len, self._classes))
        self._rank_bounds = list(accumulate(1 / rank for rank in range(1, longest + 1)))

    def draw(self, chance: random.Random) -> tuple[Declaration, Sequence[Declaration]]:
        """A declaration, and all those of its class by rank."""
        # The last bound itself is out of `random`'s reach, so the index always is within.
        texts = self._classes[bisect(self._class_bounds, chance.random() * self._class_bounds[-1])]
        total = self._rank_bounds[len(texts) - 1]
        return texts[min(bisect(self._rank_bounds, chance.random() * total), len(texts) - 1)], texts
