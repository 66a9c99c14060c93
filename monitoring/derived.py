"""Signals of two cells that are read off the cells of others: is it missing, is it all capitals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from monitoring.categories import Categories
from schemas.signals import GIVEN, IN_CAPITALS, NO, PRESENCES, SIGNALS, TEXT_CAPITALS, YES

_VARIABLES = [SIGNALS.index(variable) for variable in PRESENCES]
_PRESENCES = [SIGNALS.index(presence) for presence in PRESENCES.values()]
_CAPITALS, _IN_CAPITALS = SIGNALS.index(TEXT_CAPITALS), SIGNALS.index(IN_CAPITALS)
_ALL = TEXT_CAPITALS.size - 1
"""Bin of the texts whose every letter is a capital."""


def derive(cells: npt.NDArray[np.int16], categories: Categories) -> None:
    """Fill the columns that other columns tell.

    Parameters
    ----------
    cells
        Cell of each decision in each signal of `SIGNALS`, -1 where it has none, shape (n, signals);
        written in place.
    """
    given = [categories.cell(presence.name, GIVEN) for presence in PRESENCES.values()]
    cells[:, _PRESENCES] = np.where(cells[:, _VARIABLES] == 0, 0, np.array(given, dtype=np.int16))
    yes, no = (categories.cell(IN_CAPITALS.name, said) for said in (YES, NO))
    bins = cells[:, _CAPITALS]
    cells[:, _IN_CAPITALS] = np.where(bins < 0, -1, np.where(bins == _ALL, yes, no))
