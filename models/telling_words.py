"""The words that speak loudest for a code, or for a whole branch: the model seen from above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from models.coding import CodingModel
from models.contributions import Contributions, fasttext_of
from models.errors import NomenclatureError
from models.nomenclature import Nomenclature

MIN_TIMES = 3
"""Times a word must have been in the training lines: below, its weight is chance."""
_PRIVATE_USE = "\ue000"
"""From here on: the variables' tokens (models/features.py)."""


@dataclass(frozen=True, slots=True)
class TellingWord:
    """A word of the model's dictionary, by its stem.

    Parameters
    ----------
    times
        How often it was in the training lines.
    log_odds
        Of the branch against all other codes, for a line of this word alone.
    """

    word: str
    times: int
    log_odds: float


def codes_under(branch: str, nomenclature: Nomenclature) -> tuple[str, ...]:
    """The codes of a branch of any level; of a code, itself.

    Raises
    ------
    NomenclatureError
        Nothing of that name at any level.
    """
    code = nomenclature.canonical(branch)
    if code is not None:
        return (code,)
    under = tuple(code for code in nomenclature.codes if branch.upper() in nomenclature.paths[code])
    if not under:
        raise NomenclatureError(f"{branch}: neither a code of {nomenclature.name} nor a branch of it")
    return under


def telling_words(branch: str, *, model: CodingModel, count: int, min_times: int = MIN_TIMES) -> list[TellingWord]:
    """The words that speak loudest for a branch, loudest first.

    Parameters
    ----------
    branch
        A code, or a branch above it: a section, a division.
    min_times
        Leaves out the words seen more rarely; a lower one shows more of a rare class, and more chance.
    """
    classifier = fasttext_of(model)
    inside = set(codes_under(branch, model.nomenclature))
    columns = np.array([code in inside for code in classifier.codes])
    if not columns.any() or columns.all():
        raise NomenclatureError(f"{branch}: the model knows none of its codes, or no others")
    seen = {w: n for w, n in classifier.words.items() if n >= min_times and w[0] < _PRIVATE_USE and w != "</s>"}
    if not seen:
        return []
    scores = Contributions(classifier).vectors(list(seen)) @ classifier.output_vectors().T
    odds = logsumexp(scores[:, columns], axis=1) - logsumexp(scores[:, ~columns], axis=1)
    order = np.argsort(-odds, kind="stable")[:count].tolist()
    words = list(seen.items())
    return [TellingWord(words[at][0], words[at][1], float(odds[at])) for at in order]
