"""What is known of each filing, each coding and each label, as arrays of one length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.nomenclature import Nomenclature
from models.policy import Policy

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

NO_CODE = -1
"""Code of a filing that was returned, or that nobody has labelled."""
UNCODABLE = -2
"""Code of a label by which a human found the filing uncodable: no model's code equals it."""


@dataclass(frozen=True)
class Filings:
    """What does not depend on a model; shape (filings,).

    Parameters
    ----------
    first_day
        Day 0 of the history, as days since 1970-01-01 (UTC).
    days
        How many days it spans.
    day
        Of each filing, from 0.
    type_form
        Position in `type_forms`.
    """

    first_day: int
    days: int
    day: Ints
    type_form: Ints
    type_forms: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True)
class Truth:
    """What humans said, by the end of the history or by some day in it; shape (filings,).

    Parameters
    ----------
    code
        Position in the nomenclature's codes; `NO_CODE` without label, `UNCODABLE` where a human
        found nothing to code.
    weight
        One over the probability that the filing would be labelled: 1 for a review, 1 / audit share
        for an audit. 0 where there is no label, or only a claim, which is no sample of anything.
    arrival
        Day on which the label arrived, from 0 as `Filings.day`.
    """

    code: Ints
    weight: Floats
    arrival: Ints

    @property
    def counts(self) -> Bools:
        """Filings that estimates rest on."""
        return self.weight > 0.0

    def agrees(self, code: Ints) -> Bools:
        """Codes that are the label's; `NO_CODE` agrees with `UNCODABLE`."""
        hits: Bools = (code == self.code) | ((code == NO_CODE) & (self.code == UNCODABLE))
        return hits


@dataclass(frozen=True)
class Codings:
    """What one model found; shape (filings,).

    Parameters
    ----------
    code
        Position in the nomenclature's codes, `NO_CODE` where nothing was coded.
    probability
        Of the first code.
    confidence
        Confidence index.
    settled
        No threshold decides these: returned, or a code typed as text.
    rank
        Where the true code stands among the candidates, from 1; 0 where it is not among them or
        there is no label.
    """

    version: str
    code: Ints
    probability: Floats
    confidence: Floats
    settled: Bools
    rank: Ints

    def right(self, truth: Truth) -> Bools:
        """The first code is the label's; a filing rightly returned is right, too."""
        return truth.agrees(self.code)


@dataclass(frozen=True)
class Lanes:
    """Where one policy sent each filing of one model; shape (filings,).

    Parameters
    ----------
    auto, review
        What is in neither was returned.
    audit
        The sample of auto that is copied for a blind second look.
    """

    auto: Bools
    review: Bools
    audit: Bools


@dataclass(frozen=True)
class Branches:
    """The branch of every code at every level, as positions.

    Parameters
    ----------
    names
        For each level, the branches in order.
    of_code
        For each level, the branch of each code; shape (codes,).
    """

    names: tuple[tuple[str, ...], ...]
    of_code: tuple[Ints, ...]

    def at(self, level: int, code: Ints) -> Ints:
        """Branch of each code at a level, from 1; what is no code stays what it is."""
        return np.where(code >= 0, self.of_code[level - 1][np.maximum(code, 0)], code).astype(np.int32)


@dataclass(frozen=True)
class Setting:
    """What is the same for all filings of a history.

    Parameters
    ----------
    policies
        Each is held against every model.
    codes
        The nomenclature's, as positions refer to them.
    level_names
        From the broadest to the code.
    first_day, days, type_forms
        As in `Filings`.
    """

    models: tuple[str, ...]
    policies: tuple[Policy, ...]
    codes: tuple[str, ...]
    level_names: tuple[str, ...]
    branches: Branches
    first_day: int
    days: int
    type_forms: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Filings that follow each other, and what was said of them: as many as are held at once.

    Parameters
    ----------
    codings
        One a model.
    lanes
        By model and policy, numbered from 1: those that were asked for.
    known, truth
        First and last label of each filing.
    """

    filings: Filings
    codings: tuple[Codings, ...]
    lanes: Mapping[tuple[int, int], Lanes]
    known: Truth
    truth: Truth


def branches(nomenclature: Nomenclature) -> Branches:
    """The branches of a nomenclature; the last level is the code itself."""
    names: list[tuple[str, ...]] = []
    of_code: list[Ints] = []
    for level in range(1, nomenclature.depth + 1):
        path = [nomenclature.ancestor(code, level) for code in nomenclature.codes]
        names.append(tuple(sorted(set(path))))
        of_code.append(positions(path, names[-1]))
    return Branches(tuple(names), tuple(of_code))


def positions(values: Sequence[str], vocabulary: Sequence[str]) -> Ints:
    """Position of each value in the vocabulary."""
    where = {name: position for position, name in enumerate(vocabulary)}
    return np.fromiter((where[value] for value in values), dtype=np.int32, count=len(values))
