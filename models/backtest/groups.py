"""Automation and error by section and by type of form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from models.backtest.columns import Codings, Floats, Ints, Lanes, Truth
from models.backtest.estimates import Estimate, of_sums, plain_share


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


def groups(names: Sequence[str], member: Ints, codings: Codings, lanes: Lanes, truth: Truth) -> tuple[Group, ...]:
    """The groups that occur, largest first.

    Parameters
    ----------
    member
        Position in `names` of each filing's group; -1 for none, shape (filings,).
    """
    size = len(names) + 1
    where = np.where(member < 0, len(names), member)
    weight = truth.weight
    right = codings.right(truth)
    filings = np.bincount(where, minlength=size)
    auto = np.bincount(where[lanes.auto], minlength=size)
    accuracy = _estimates(where, weight, right, size)
    auto_error = _estimates(where[lanes.auto], weight[lanes.auto], ~right[lanes.auto], size)
    found = [
        Group(
            name=(*names, "")[position],
            filings=int(filings[position]),
            automation=plain_share(int(auto[position]), int(filings[position])),
            accuracy=accuracy[position],
            auto_error=auto_error[position],
        )
        for position in range(size)
        if filings[position]
    ]
    return tuple(sorted(found, key=lambda group: (-group.filings, group.name)))


def _estimates(
    where: Ints, weight: Floats, hits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], size: int
) -> list[Estimate]:
    rows = np.bincount(where[weight > 0.0], minlength=size)
    total = np.bincount(where, weights=weight, minlength=size)
    hit = np.bincount(where, weights=weight * hits, minlength=size)
    squares = np.bincount(where, weights=weight * weight, minlength=size)
    return [
        of_sums(rows=int(rows[i]), total=float(total[i]), hit=float(hit[i]), squares=float(squares[i]))
        for i in range(size)
    ]
