"""The demo from start to end: broker, Redis, worker, monitor, filings, recount."""

from __future__ import annotations

import contextlib
import gc
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schemas import topics
from schemas.decision import Decision, Route
from stream.demo.child import Child
from stream.demo.feed import Feed
from stream.demo.ledger import Ledger, Place
from stream.demo.report import DemoReport, report_of
from stream.demo.screen import Screen
from stream.demo.watching import Monitor
from stream.embedded import embedded_broker, private_redis
from stream.errors import StreamError
from stream.kafka.follower import Follower
from stream.kafka.sender import Heard, Sender, sender_of
from stream.settings import OwnSettings, Settings

PACED_FILINGS = 400
PACED_PER_SECOND = 100.0
"""Latency is measured at a rate the register knows; throughput at full speed after it."""
MAX_AHEAD = 4_000
"""Messages the broker may hold undecided: it forgets beyond 5 MB a partition."""
POLL_SECONDS = 0.02
SILENCE_SECONDS = 30.0
EXAMPLES = 10
OUTPUTS = (topics.AUTO_CODED, topics.REVIEW, topics.RETURNED, topics.AUDIT, topics.DEAD_LETTER)


@dataclass
class Demo:
    """A demo in progress.

    Parameters
    ----------
    filings
        Messages to send.
    screen
        Told of every decision; drawn by the caller.
    """

    filings: int
    seed: int
    model: Path
    model_version: str
    screen: Screen
    ledger: Ledger = field(default_factory=Ledger)
    sent: list[Place] = field(default_factory=list)
    shown: list[Decision] = field(default_factory=list)
    _worker: Child = field(init=False)
    _monitor: Monitor = field(init=False)

    def run(self) -> DemoReport:
        """Run it all; every process started here is ended here."""
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="codiflux-demo-")))
            broker = stack.enter_context(embedded_broker([spec.name for spec in topics.TOPICS]))
            redis = stack.enter_context(private_redis())
            environment = {
                "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": broker,
                "CODIFLUX_EMBEDDED_BROKER": "true",
                "CODIFLUX_REDIS_URL": redis or "",
                "CODIFLUX_MODEL": str(self.model),
            }
            settings = OwnSettings(kafka_bootstrap_servers=broker, embedded_broker=True)
            self.screen.phase = "starting a worker and a monitor"
            self._worker = Child("worker", environment, folder)
            stack.callback(self._worker.stop)
            self._monitor = Monitor(environment, folder, self.filings)
            stack.callback(self._monitor.stop)
            self._worker.wait_until_ready()
            self._monitor.wait_until_ready()
            report = self._stream(settings)
            # A producer and its callback hold each other, and would go on calling for a broker that is gone.
            gc.collect()
            return report

    def _stream(self, settings: Settings) -> DemoReport:
        with contextlib.ExitStack() as stack:
            follower = stack.enter_context(contextlib.closing(Follower(settings, OUTPUTS)))

            def connect(heard: Heard, linger: int) -> Sender:
                return stack.enter_context(sender_of(settings, heard, linger_milliseconds=linger))

            feed = Feed(settings, seed=self.seed, connect=connect)
            paced = min(PACED_FILINGS, self.filings // 4)
            self.screen.phase = f"{PACED_PER_SECOND:.0f} filings a second"
            self._follow(feed.paced(paced, PACED_PER_SECOND), feed, follower)
            paced_latencies = list(self.ledger.latencies)
            self.ledger.first_at = self.ledger.last_at = None
            before = len(self.ledger.decisions) + len(self.ledger.dead)
            self.screen.phase = "as fast as it goes"
            self._follow(feed.fast(self.filings - paced, self._has_room), feed, follower)
            seconds = self._seconds()
            self.screen.phase = "asking the monitor"
            return report_of(
                self.ledger,
                self.sent,
                paced_latencies=paced_latencies,
                throughput_per_second=(self._accounted() - before) / seconds if seconds else 0.0,
                worker_restarts=self._worker.restarts,
                monitor=self._monitor.report(self._written()),
                model_version=self.model_version,
                seed=self.seed,
            )

    def _follow(self, steps: Iterator[None], feed: Feed, follower: Follower) -> None:
        """Send and watch in turns until everything sent is accounted for, or nothing more comes."""
        sending = True
        heard = time.monotonic()
        while sending or self._accounted() < len(self.sent):
            sending = next(steps, False) is None
            self.sent += feed.acknowledged()
            records = follower.poll(2_000, 0.0 if sending else POLL_SECONDS)
            for record in records:
                self._note(self.ledger.note(record))
            self._worker.keep_alive()
            self._monitor.keep_alive()
            self._count()
            if records or sending:
                heard = time.monotonic()
            elif time.monotonic() - heard > SILENCE_SECONDS:
                return

    def _note(self, decision: Decision | None) -> None:
        if decision is None:
            return
        self.screen.show(decision)
        kept = sum(d.route is decision.route for d in self.shown)
        wanted = {Route.AUTO: 5, Route.REVIEW: 4, Route.RETURNED: 1}[decision.route]
        if kept < wanted:
            self.shown.append(decision)

    def _count(self) -> None:
        self.screen.counts = {route.value: self.ledger.routes[route.value] for route in Route}
        self.screen.counts["dead letters"] = len(self.ledger.dead)

    def _has_room(self) -> bool:
        """Whether neither the worker nor the monitor is so far behind that the broker might forget."""
        undecided = len(self.sent) - self._accounted()
        return undecided < MAX_AHEAD and self._monitor.has_read(self._written(), but=MAX_AHEAD, now=time.monotonic())

    def _written(self) -> int:
        """Decisions on the three lanes, copies among them."""
        return self.ledger.routes.total() + self.ledger.copies

    def _accounted(self) -> int:
        return len(self.ledger.decisions) + len(self.ledger.dead)

    def _seconds(self) -> float:
        if self.ledger.first_at is None or self.ledger.last_at is None:
            return 0.0
        return (self.ledger.last_at - self.ledger.first_at).total_seconds()


def require_nothing_lost(report: DemoReport) -> None:
    """Raise when the recount finds a loss or two outcomes for one filing: a defect, not bad luck."""
    if report.lost or report.conflicts:
        found = f"{report.lost} filings lost and {report.conflicts} with two outcomes"
        raise StreamError(f"{found}: please report this seed")


def some(decisions: Sequence[Decision]) -> list[Decision]:
    """The examples to print, grouped by route."""
    return sorted(decisions, key=lambda decision: decision.route.value)[:EXAMPLES]
