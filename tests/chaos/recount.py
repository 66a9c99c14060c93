"""The independent recount: what became of every filing that was sent.

Reads with a plain consumer (tests/contract/stage.py) and parses with the standard library only;
nothing of the product's codec, reader or models has a say in it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

from tests.contract.stage import AUDIT, AUTO, DEAD, RETURNED, REVIEW, Stage


@dataclass(frozen=True)
class Recount:
    """Sets of what was found wrong, and how many copies there were beyond the first."""

    lost: frozenset[str]
    on_two_lanes: frozenset[str]
    strangers: frozenset[str]
    disagreeing: frozenset[str]
    audited_without_auto: frozenset[str]
    doubles: int
    lanes: dict[str, int]

    @property
    def good(self) -> bool:
        """Every filing is on exactly one lane, copies folded, and they agree."""
        return not (self.lost or self.on_two_lanes or self.strangers or self.disagreeing or self.audited_without_auto)


def recount(stage: Stage, expected: set[str]) -> Recount:
    """Fold the copies of every outcome by identity.

    Parameters
    ----------
    expected
        Identity of every filing sent; of a message that is no filing, its key.
    """
    lanes: dict[str, set[str]] = defaultdict(set)
    decision_ids: dict[str, set[str]] = defaultdict(set)
    copies = 0
    for topic in (AUTO, REVIEW, RETURNED):
        for message in stage.read(topic):
            body = json.loads(message.value())
            identity = body["formality_id"]
            copies += 1
            lanes[identity].add(topic)
            decision_ids[identity].add(body["decision_id"])
            assert dict(message.headers())["ce_id"].decode() == body["decision_id"]
    for message in stage.read(DEAD):
        copies += 1
        lanes[message.key().decode()].add(DEAD)
    auto = {message.value() for message in stage.read(AUTO)}
    audited = {json.loads(m.value())["decision_id"] for m in stage.read(AUDIT)}
    automatic = {json.loads(value)["decision_id"] for value in auto}
    return Recount(
        lost=frozenset(expected - lanes.keys()),
        on_two_lanes=frozenset(identity for identity, found in lanes.items() if len(found) > 1),
        strangers=frozenset(lanes.keys() - expected),
        disagreeing=frozenset(identity for identity, ids in decision_ids.items() if len(ids) > 1),
        audited_without_auto=frozenset(audited - automatic),
        doubles=copies - len(lanes),
        lanes={topic: sum(topic in found for found in lanes.values()) for topic in (AUTO, REVIEW, RETURNED, DEAD)},
    )
