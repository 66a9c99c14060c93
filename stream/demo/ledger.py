"""The independent recount: what was sent, against what stands on the output topics.

Knows messages, not the worker: a filing is accounted for when a decision or a dead letter names
the place where its message stood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas import topics
from schemas.codec import decode
from schemas.dead_letter import DeadLetter
from schemas.decision import Decision, Route
from stream.records import Record

Place = tuple[int, int]
"""Partition and offset on formality.received."""


@dataclass
class Ledger:
    """Counts what comes out, by the place it came from.

    Parameters
    ----------
    name_of_audit, name_of_dead_letter
        Those two topics' names on the broker; anything else holds decisions.
    """

    name_of_audit: str = topics.AUDIT
    name_of_dead_letter: str = topics.DEAD_LETTER
    decisions: dict[Place, dict[str, Route]] = field(default_factory=dict)
    """Place -> decision_id -> route: a message may hold several filings."""
    dead: dict[Place, str] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    """Seconds from the broker's timestamp of the filing to that of its decision."""
    routes: Counter[str] = field(default_factory=Counter)
    """Filings by route, copies folded."""
    copies: int = 0
    audited: int = 0
    conflicts: int = 0
    """Places in two outcomes at once, or one decision on two routes: must stay 0."""
    first_at: datetime | None = None
    last_at: datetime | None = None

    def note(self, record: Record) -> Decision | None:
        """Count one output message; returns its decision when it is one."""
        if record.topic == self.name_of_dead_letter:
            letter = DeadLetter.from_headers(record.headers)
            self._dead((letter.partition, letter.offset), letter.reason.value, record)
            return None
        decision = decode(Decision, record.value or b"")
        if decision.source is None:
            return None
        if record.topic == self.name_of_audit:
            self.audited += 1
            return None
        self._decided((decision.source.partition, decision.source.offset), decision, record)
        return decision

    def _dead(self, place: Place, reason: str, record: Record) -> None:
        if place in self.dead:
            self.copies += 1
            return
        self.conflicts += place in self.decisions
        self.dead[place] = reason
        self._stretch(record.timestamp)

    def _decided(self, place: Place, decision: Decision, record: Record) -> None:
        known = self.decisions.setdefault(place, {})
        if decision.decision_id in known:
            self.copies += 1
            self.conflicts += known[decision.decision_id] is not decision.route
            return
        self.conflicts += place in self.dead
        known[decision.decision_id] = decision.route
        self.routes[decision.route.value] += 1
        self._stretch(record.timestamp)
        if decision.source is not None and decision.source.timestamp is not None:
            self.latencies.append(max(0.0, (record.timestamp - decision.source.timestamp).total_seconds()))

    def _stretch(self, at: datetime) -> None:
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)

    def missing(self, sent: Sequence[Place]) -> list[Place]:
        """Places of sent messages that nothing on the output topics answers for."""
        return [place for place in sent if place not in self.decisions and place not in self.dead]


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie; 0 without values.

    >>> quantile([0.4, 0.1, 0.2, 0.3], 0.5)
    0.3
    """
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
