"""What the join keeps of decisions and labels: ids, codes and instants, never a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from monitoring.judged import Judged, Made, MadeCount

PathOf = Callable[[str, str], tuple[str, ...] | None]
"""(nomenclature, code) -> one branch a level, the code last; `None` for a code that is not in it."""


class DecisionRow(NamedTuple):
    """A decision that a human may judge: one for review, or an audited one."""

    decision_id: str
    formality_id: str
    decided_at: float
    lane: str
    stage: str
    code: str
    nomenclature: str
    model_version: str
    policy_version: str
    audit: bool


class LabelRow(NamedTuple):
    """A human's code; copies have every field alike."""

    formality_id: str
    origin: str
    labelled_at: float
    code: str
    nomenclature: str
    decision_id: str


@dataclass(slots=True)
class Batch:
    """What one batch of messages brings to the join, and where reading goes on after it."""

    decisions: list[DecisionRow] = field(default_factory=list)
    labels: list[LabelRow] = field(default_factory=list)
    made: dict[Made, MadeCount] = field(default_factory=dict)
    offsets: dict[tuple[str, int], int] = field(default_factory=dict)


@dataclass(slots=True)
class Joined:
    """What a batch changed.

    Parameters
    ----------
    added, replaced
        Judged decisions that are new, and those a later label took the place of.
    origins
        Of the labels that met their decision.
    delays
        From decision to label, seconds.
    unknown_codes
        Labels or decisions whose code is in no nomenclature we know.
    """

    added: list[Judged] = field(default_factory=list)
    replaced: list[Judged] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    unknown_codes: int = 0


@dataclass(frozen=True, slots=True)
class JoinSizes:
    """How much the join keeps.

    Parameters
    ----------
    labels_waiting
        Whose decision has not come; claims are left out, since most are about decisions not kept.
    reviews_waiting
        Decisions for review without a label, and when the oldest was made (seconds; 0: none).
    size_bytes
        On disk.
    """

    decisions: int
    labels_waiting: int
    reviews_waiting: int
    oldest_review: float
    size_bytes: int
