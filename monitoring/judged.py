"""What is known about decisions for accuracy: how many were made, and which a human has judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.decision import Route
from schemas.label import LabelOrigin

HOUR_SECONDS = 3_600
MILLIONTHS = 1_000_000
"""Probabilities are added up as whole millionths: sums do not depend on the order."""
LANES = (Route.AUTO.value, Route.REVIEW.value)
JUDGES = {Route.AUTO.value: LabelOrigin.AUDIT.value, Route.REVIEW.value: LabelOrigin.REVIEW.value}
"""Whose labels say how a lane does. Who complains is no sample: claims are joined, and estimate nothing."""


class Made(NamedTuple):
    """Decisions of one hour that count alike; a key of `MadeCount`."""

    hour: int
    lane: str
    model_version: str
    policy_version: str


@dataclass(slots=True)
class MadeCount:
    """How many decisions, how many of them audited, and the sum of their first probabilities (millionths)."""

    decisions: int = 0
    audited: int = 0
    probability: int = 0

    def add(self, other: MadeCount) -> None:
        """Count the other's decisions as well."""
        self.decisions += other.decisions
        self.audited += other.audited
        self.probability += other.probability


@dataclass(frozen=True, slots=True)
class Judged:
    """One decision with the human's code that judges it.

    Parameters
    ----------
    labelled_at
        Seconds since the epoch.
    lane
        The decision's route: auto or review.
    section
        Of the code decided; empty when it is unknown.
    levels_right
        Down to which level the two codes agree: 0 not even the section, 5 the code itself.
    levels
        How deep the nomenclature is.
    """

    labelled_at: float
    lane: str
    stage: str
    section: str
    model_version: str
    policy_version: str
    levels_right: int
    levels: int


def hour_of(seconds: float) -> int:
    """The hour an instant falls into, counted from the epoch."""
    return int(seconds // HOUR_SECONDS)


def judges(*, lane: str, audit: bool, origin: str) -> bool:
    """Whether a label of that origin may judge the lane without bias.

    >>> judges(lane="auto", audit=True, origin="audit"), judges(lane="auto", audit=False, origin="claim")
    (True, False)
    """
    return JUDGES.get(lane) == origin and (audit or lane != Route.AUTO.value)


def levels_right(decided: Sequence[str], labelled: Sequence[str] | None) -> int:
    """How many levels two paths of the nomenclature share from the top; a label without code shares none.

    >>> levels_right(("F", "43", "4322A"), ("F", "43", "4322B"))
    2
    """
    if labelled is None:
        return 0
    right = 0
    for ours, theirs in zip(decided, labelled, strict=False):
        if ours != theirs:
            break
        right += 1
    return right
