"""Whether the monitor moves: it reads, or there is nothing to read and the broker says so. Time is an argument."""

from __future__ import annotations

from collections.abc import Callable

ASK_SECONDS = 5.0


class Progress:
    """What the monitor knows of its own progress.

    Parameters
    ----------
    stall_seconds
        Without a message or a sign of the broker for so long, it is not live.
    now, wall
        Monotonic clock, and seconds since the epoch.

    Examples
    --------
    >>> progress = Progress(60.0, now=0.0, wall=1_000.0)
    >>> progress.turn(1.0, 1_001.0, read=False, at_end=True, answers=lambda: False)
    >>> progress.live(now=30.0), progress.live(now=61.5), progress.ready
    (True, False, True)
    """

    def __init__(self, stall_seconds: float, now: float, wall: float) -> None:
        self._stall_seconds = stall_seconds
        self._moved = now
        self._asked = now
        self.moved_at = wall
        self.ready = False

    def turn(self, now: float, wall: float, *, read: bool, at_end: bool, answers: Callable[[], bool]) -> None:
        """Note one turn of the loop.

        Parameters
        ----------
        read
            Messages came.
        at_end
            There is nothing more, as far as is known.
        answers
            Asks the broker; only when nothing came for a while.
        """
        self.ready = self.ready or at_end
        if not read:
            if now - self._asked < ASK_SECONDS:
                return
            self._asked = now
            if not answers():
                return
        self._moved, self._asked, self.moved_at = now, now, wall

    def live(self, now: float) -> bool:
        """Whether it moves."""
        return now - self._moved <= self._stall_seconds
