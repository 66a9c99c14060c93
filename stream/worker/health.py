"""Live means progress; ready means able to work.

A worker that is up and stuck is worse than one that is down: liveness is not "the process answers"
but "the committed offset moves while there is lag". Probes are answered by another thread than the
one that works, so what was seen last counts for a while only. Time is an argument.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Position:
    """One partition: where the group stands and where the topic ends.

    Parameters
    ----------
    read_to_the_end
        Everything there was has been read and settled, though the committed offset may stand before
        the end: transactions leave markers that are no messages.
    """

    committed: int | None
    end: int | None
    read_to_the_end: bool = False

    @property
    def lag(self) -> int:
        """Messages after the committed offset; 0 while either is unknown."""
        if self.end is None or self.read_to_the_end:
            return 0
        return max(0, self.end - (self.committed or 0))


class Health:
    """What the worker knows of its own progress.

    Parameters
    ----------
    stall_seconds
        Without a moved commit for this long while there is lag, the worker is not live; nor is it
        when nobody has looked for this long, since whoever looks is held up with all the rest.

    Examples
    --------
    >>> health = Health(stall_seconds=60.0, now=0.0)
    >>> health.observe({0: Position(5, 10)}, now=1.0); health.live(now=50.0), health.live(now=62.0)
    (True, False)
    >>> health.observe({0: Position(7, 10)}, now=63.0); health.live(now=64.0)
    True
    """

    def __init__(self, stall_seconds: float, now: float) -> None:
        self._stall_seconds = stall_seconds
        self._committed: dict[int, int | None] = {}
        self._moved_at = now
        self._observed_at = now
        self._lag = 0
        self.assigned = False
        self.last_commit_at: float | None = None

    def observe(self, positions: Mapping[int, Position], now: float) -> None:
        """Note where every assigned partition stands."""
        committed = {partition: position.committed for partition, position in positions.items()}
        lag = sum(position.lag for position in positions.values())
        if committed != self._committed or lag == 0 or self._lag == 0:
            # New lag starts its clock now; a changed assignment counts as movement.
            self._moved_at = now
        self._committed, self._lag, self._observed_at = committed, lag, now
        self.assigned = bool(positions)

    def expect_nothing(self, seconds: float, now: float) -> None:
        """Nobody looks for so long: a start or a stop, which is bounded by itself."""
        self._observed_at = now + seconds

    def live(self, now: float) -> bool:
        """Whether commits move, or there is nothing to move for, and this was seen lately."""
        moves = self._lag == 0 or now - self._moved_at <= self._stall_seconds
        return moves and now - self._observed_at <= self._stall_seconds

    def ready(self) -> bool:
        """Whether partitions are assigned (the model is loaded before the worker starts)."""
        return self.assigned


def write_health_file(path: Path, *, live: bool, ready: bool, now: float) -> None:
    """Rewrite the health file in one step; a probe reads either the old or the new one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"live": live, "ready": ready, "at": round(now, 3)}) + "\n")
    temporary.replace(path)
