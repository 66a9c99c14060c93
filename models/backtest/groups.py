"""Automation and error by section and by type of form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import Codings, Ints, Lanes, Truth
from models.backtest.estimates import Estimate, Sums, plain_share


class Group(BaseModel):
    """Filings that have something in common.

    Parameters
    ----------
    name
        Section of the code given, or type of form; empty where there is none.
    filings
        In all, labelled or not.
    automation
        Share without a human.
    accuracy
        Share of right first codes, whatever the route.
    auto_error
        Share of wrong codes among those without a human.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    filings: int = Field(ge=0)
    automation: Estimate
    accuracy: Estimate
    auto_error: Estimate


class Groups:
    """Counts filings by group.

    Parameters
    ----------
    names
        Of the groups.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = (*names, "")
        self._filings, self._auto = (np.zeros(len(self._names), dtype=np.int64) for _ in range(2))
        self._accuracy, self._auto_error = (Sums(len(self._names)) for _ in range(2))

    def add(self, member: Ints, codings: Codings, lanes: Lanes, truth: Truth) -> None:
        """Take in filings.

        Parameters
        ----------
        member
            Position in the names of each filing's group; -1 for none, shape (filings,).
        """
        size = len(self._names)
        where = np.where(member < 0, size - 1, member)
        right = codings.right(truth)
        self._filings += np.bincount(where, minlength=size)
        self._auto += np.bincount(where[lanes.auto], minlength=size)
        self._accuracy.add(right, truth.weight, where)
        self._auto_error.add(~right, np.where(lanes.auto, truth.weight, 0.0), where)

    def figures(self) -> tuple[Group, ...]:
        """The groups that occur, largest first."""
        found = [
            Group(
                name=name,
                filings=int(self._filings[position]),
                automation=plain_share(int(self._auto[position]), int(self._filings[position])),
                accuracy=self._accuracy.estimate(position),
                auto_error=self._auto_error.estimate(position),
            )
            for position, name in enumerate(self._names)
            if self._filings[position]
        ]
        return tuple(sorted(found, key=lambda group: (-group.filings, group.name)))
