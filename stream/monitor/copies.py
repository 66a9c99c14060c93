"""Which decisions have been counted: copies come after a crash of a worker, and count once."""

from __future__ import annotations

import hashlib
from array import array
from collections import deque
from collections.abc import Sequence

KEPT = 200_000
"""Decisions remembered; a worker's crash repeats those of a second or two, minutes later at most."""
DIGITS = 15
"""Of the id's hex digits: 60 bits, one false copy in 50 million million."""


class Copies:
    """Remembers the latest decisions by their ids.

    Examples
    --------
    >>> copies = Copies()
    >>> copies.is_copy("00ff" * 8), copies.is_copy("00ff" * 8)
    (False, True)
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._known: set[int] = set()
        self._order: deque[int] = deque()
        self._fresh = array("q")

    def is_copy(self, decision_id: str) -> bool:
        """Whether the decision was seen before; from now on it was. A `TypeError` for what is no text."""
        try:
            key = int(decision_id[:DIGITS], 16)
        except ValueError:
            key = int.from_bytes(hashlib.blake2b(decision_id.encode(), digest_size=7).digest(), "big")
        if key in self._known:
            return True
        self._remember(key)
        self._fresh.append(key)
        return False

    def are_copies(self, decision_ids: Sequence[str]) -> list[bool]:
        """The same for many in their order."""
        try:
            keys = [int(decision_id[:DIGITS], 16) for decision_id in decision_ids]
        except ValueError:
            return [*map(self.is_copy, decision_ids)]
        if len(set(keys)) < len(keys) or not self._known.isdisjoint(keys):
            return [*map(self.is_copy, decision_ids)]
        # The usual case: none of them is one.
        self._known.update(keys)
        self._order.extend(keys)
        self._fresh.extend(keys)
        while len(self._order) > self._kept:
            self._known.discard(self._order.popleft())
        return [False] * len(keys)

    def fresh(self) -> bytes:
        """Those since the last call, to be kept elsewhere."""
        found = self._fresh.tobytes()
        self._fresh = array("q")
        return found

    def restore(self, kept: bytes) -> None:
        """Take over what `fresh` gave."""
        for key in array("q", kept):
            self._remember(key)

    def _remember(self, key: int) -> None:
        self._known.add(key)
        self._order.append(key)
        if len(self._order) > self._kept:
            self._known.discard(self._order.popleft())
