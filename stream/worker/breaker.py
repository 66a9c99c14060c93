"""The circuit breaker on the dead-letter topic.

A bad deploy, or a producer gone wrong, would empty the source topic into the dead letters within
minutes. Beyond these limits the worker stops before it writes them, and nothing is committed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

WINDOW_MESSAGES = 1_000
MIN_MESSAGES = 500
"""The share means nothing over fewer."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When the circuit opens.

    Parameters
    ----------
    max_share
        Of dead letters in the last 1,000 messages; 1 never opens.
    max_consecutive
        Dead letters in a row; 0 never opens.
    """

    max_share: float
    max_consecutive: int


class BreakerState:
    """What the breaker remembers between batches."""

    def __init__(self, policy: BreakerPolicy) -> None:
        self._policy = policy
        self._window: deque[bool] = deque(maxlen=WINDOW_MESSAGES)
        self._dead = 0
        self._consecutive = 0

    def observe(self, outcomes: Iterable[bool]) -> str | None:
        """Note one batch, `True` for a dead letter; the limit passed, in words, or `None`.

        >>> state = BreakerState(BreakerPolicy(max_share=1.0, max_consecutive=3))
        >>> state.observe([False, True, True]), state.observe([True])
        (None, '3 dead letters in a row')
        """
        for dead in outcomes:
            if len(self._window) == WINDOW_MESSAGES:
                self._dead -= self._window[0]
            self._window.append(dead)
            self._dead += dead
            self._consecutive = self._consecutive + 1 if dead else 0
            if 0 < self._policy.max_consecutive <= self._consecutive:
                return f"{self._consecutive} dead letters in a row"
            if len(self._window) >= MIN_MESSAGES and self._policy.max_share < 1.0:
                share = self._dead / len(self._window)
                if share > self._policy.max_share:
                    return f"{share:.0%} dead letters in the last {len(self._window)} messages"
        return None
