"""The demo's monitor: a real process, how far it has read, and what it says in the end."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitoring import catalogue as c
from monitoring.scraped import Scrape
from schemas import topics
from schemas.drift import DriftState
from schemas.signals import SIGNALS
from stream.demo.child import Child
from stream.watch.fetching import ask
from stream.watch.snapshot import STATES, Signal, snapshot

DECIDED = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED)
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 15.0
"""Longest the demo waits for a monitor that reads no further."""
ALARMING = frozenset(signal.name for signal in SIGNALS if signal.alarms)
STEP = 50
"""Windows are of so many filings, or a multiple."""


@dataclass(frozen=True, slots=True)
class MonitorReport:
    """What the monitor says of a demo's filings.

    Parameters
    ----------
    decisions
        It has read.
    states
        Signals by state: learning, quiet, suspected, drifted.
    moved
        Names of those that drifted.
    farthest
        The signal whose distance is largest beside its noise floor, of those that can alarm.
    alarms
        Detections published to drift.detected.
    """

    decisions: int
    states: Mapping[str, int]
    moved: tuple[str, ...]
    farthest: Signal | None
    alarms: int

    def as_json(self) -> dict[str, Any]:
        """Part of what `--json` prints."""
        return {"decisions": self.decisions, "signals": dict(self.states), "drifted": self.moved, "alarms": self.alarms}


class Monitor:
    """`codiflux monitor` on the demo's broker, with windows short enough to fill.

    Parameters
    ----------
    filings
        How many are to come.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path, filings: int) -> None:
        port = _free_port()
        self._address = f"127.0.0.1:{port}"
        self._known, self._looked, self._moved = 0, 0.0, 0.0
        long = _steps(filings // 6, most=5_000)
        windows = {"SHORT_WINDOW": min(long, 500), "LONG_WINDOW": long, "BASELINE": _steps(filings // 3, most=20_000)}
        self._child = Child(
            "monitor",
            {
                **environment,
                "CODIFLUX_METRICS_PORT": str(port),
                "CODIFLUX_MONITOR_EXPORT_SECONDS": str(LOOK_SECONDS),
                **{f"CODIFLUX_MONITOR_{name}_FILINGS": str(count) for name, count in windows.items()},
            },
            folder,
        )

    def wait_until_ready(self) -> None:
        """Wait until it has read to the end of the topics."""
        self._child.wait_until_ready()

    def stop(self) -> None:
        """End it as an orchestrator would."""
        self._child.stop()

    def keep_alive(self) -> None:
        """Start it again if it has ended; it reads what it had not kept once more."""
        self._child.keep_alive()

    def has_read(self, written: int, *, but: int, now: float) -> bool:
        """Whether it has read all of so many decisions but a few; looks no more than twice a second.

        One that does not move, or was killed and counts anew, holds nobody up for long.
        """
        if self._known >= written - but:
            self._moved = now
            return True
        if now - self._looked >= LOOK_SECONDS:
            self._looked, before = now, self._known
            self._known = _read(Scrape([ask(self._address).samples]))
            if self._known != before:
                self._moved = now
        return self._known >= written - but or now - self._moved > PATIENCE_SECONDS

    def report(self, written: int, sleep: Callable[[float], object] = time.sleep) -> MonitorReport:
        """What it says once it has read so many decisions, or does not get any further."""
        self._moved = time.monotonic()
        while not self.has_read(written, but=0, now=time.monotonic()):
            sleep(LOOK_SECONDS / 5)
        # Its metrics are made anew in the meantime.
        sleep(2 * LOOK_SECONDS)
        answer = ask(self._address)
        return report_of(Scrape([answer.samples]), snapshot([], [answer], seconds=0.0, now=time.time()).signals)


def report_of(seen: Scrape, signals: list[Signal]) -> MonitorReport:
    """Put what it exposes into figures."""
    known = [signal for signal in signals if signal.floor and signal.signal in ALARMING]
    states = Counter(signal.state for signal in signals)
    return MonitorReport(
        decisions=_read(seen),
        states={name: states[name] for name in STATES.values()},
        moved=tuple(sorted({signal.signal for signal in signals if signal.state == "drifted"})),
        farthest=max(known, key=lambda signal: (signal.distance or 0.0) / (signal.floor or 1.0), default=None),
        alarms=int(seen.total(c.DRIFT_EVENTS, state=DriftState.DETECTED.value)),
    )


def _read(seen: Scrape) -> int:
    return int(sum(seen.total(c.MONITOR_MESSAGES, topic=name) for name in DECIDED))


def _steps(filings: int, *, most: int) -> int:
    return min(most, max(2 * STEP, filings // STEP * STEP))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
