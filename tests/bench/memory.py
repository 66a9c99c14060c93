"""Resident memory of one worker over a long run of distinct filings: its peak, and whether it is flat."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from broker import Broker, RoundTopics
from contenders import Contender, Running
from texts import Filing, distinct, message

CHUNK = 10_000
BACKLOG = 40_000
"""Filings kept waiting, so that the worker is never idle and the driver never far ahead."""
SETTLED = 200_000
"""Filings after which the cache (30,000 codings) is long full: memory should stand still."""
LOOK_SECONDS = 0.5
SILENCE_SECONDS = 120.0
MEGABYTE = 1e6


@dataclass(frozen=True)
class Memory:
    """Megabytes (10^6 bytes) of resident memory; `curve` is (filings decided, megabytes)."""

    filings: int
    seconds: float
    settled: float
    at_end: float
    peak: float
    curve: list[tuple[int, float]]

    @property
    def drift(self) -> float:
        """Megabytes gained from `SETTLED` filings to the end."""
        return self.at_end - self.settled


def measure(
    contender: Contender, filings: int, *, broker: Broker, model: Path, folder: Path, progress: Callable[[str], None]
) -> Memory:
    """Feed and watch until all are decided."""
    prefix = f"memory.{contender.name}."
    with RoundTopics(broker, prefix) as topics, Running(contender, topics, model, folder / f"{prefix}log") as running:
        return _Watch(topics, running, filings, progress).until_decided()


class _Watch:
    """Keeps the backlog filled and notes memory beside the number decided."""

    def __init__(self, topics: RoundTopics, running: Running, filings: int, progress: Callable[[str], None]) -> None:
        self._topics = topics
        self._running = running
        self._filings = filings
        self._progress = progress
        self._waiting: Iterator[Filing] = (
            message(f"memory-{number:07d}", content) for number, content in enumerate(distinct())
        )
        self._sent = 0

    def until_decided(self) -> Memory:
        """Returns when the last decision is readable."""
        (process,) = self._running.family()[:1]
        curve: list[tuple[int, float]] = []
        begun = moved = time.monotonic()
        decided = 0
        while decided < self._filings:
            self._feed(decided)
            before, decided = decided, self._topics.decided()
            curve.append((decided, process.memory_info().rss / MEGABYTE))
            if decided // 100_000 > before // 100_000:
                self._progress(f"memory: {decided:,} filings, {curve[-1][1]:.0f} MB")
            self._running.require_alive()
            if decided > before:
                moved = time.monotonic()
            elif time.monotonic() - moved > SILENCE_SECONDS:
                raise RuntimeError(f"stands at {decided} of {self._filings}\n{self._running.log_tail()}")
            time.sleep(LOOK_SECONDS)
        settled = next(rss for count, rss in curve if count >= min(SETTLED, self._filings // 2))
        peak = max(_high_water(self._running.pid), *(rss for _, rss in curve))
        return Memory(self._filings, time.monotonic() - begun, settled, curve[-1][1], peak, curve)

    def _feed(self, decided: int) -> None:
        while self._sent < self._filings and self._sent - decided < BACKLOG:
            chunk = list(islice(self._waiting, min(CHUNK, self._filings - self._sent)))
            self._topics.fill(chunk)
            self._sent += len(chunk)


def _high_water(pid: int) -> float:
    """Peak of resident memory as the kernel kept it; 0 where it does not say."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / MEGABYTE for line in lines if line.startswith("VmHWM:")), 0.0)
