"""One worker process from start to stop.

Ends with exit code 0 after SIGTERM or SIGINT, when what was in flight is written and committed;
ends at once and without commit when the world is wrong, for the supervisor to restart it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

import structlog
import uvloop

from monitoring import catalogue
from monitoring.instruments import Instruments
from stream import bootstrap
from stream.errors import BrokerUnavailable, CircuitOpen, StreamError
from stream.exposition import HealthServer
from stream.garbage import collect_seldom
from stream.kafka.producer import AwaitableProducer
from stream.redis_store import RedisStore
from stream.settings import Settings
from stream.worker.app import App, consumer_of, create_app
from stream.worker.breaker import BreakerPolicy, BreakerState
from stream.worker.explaining import Explaining
from stream.worker.health import Health, Position, write_health_file
from stream.worker.metrics import WorkerMetrics
from stream.worker.outbox import Outbox
from stream.worker.pipeline import Outcome, Pipeline, nothing_remembered, unexplained

OBSERVE_SECONDS = 0.5
STOP_SECONDS = 9.0
"""Faust's stop is bounded: an orchestrator's patience is ten seconds by our promise."""
START_SECONDS = 90.0
"""Joining the group can hang for ever: aiokafka only logs a refusal that no retry mends."""
UNEXPECTED = 70

log = structlog.get_logger(__name__)


def run_worker(settings: Settings) -> None:
    """Run until a signal comes; returns after a clean stop."""
    deciding = bootstrap.open_deciding(settings)
    collect_seldom()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_Worker(settings, deciding).run())


def fatal(error: BaseException) -> NoReturn:
    """End the process without commit: nothing after this line may acknowledge anything."""
    known = isinstance(error, StreamError)
    log.error("worker_ends_without_commit", error=str(error) if known else repr(error), exc_info=not known and error)
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(error.exit_code if isinstance(error, StreamError) else UNEXPECTED)


class _Worker:
    """Everything one worker process owns, wired once."""

    def __init__(self, settings: Settings, deciding: bootstrap.Deciding) -> None:
        self._settings = settings
        self._deciding = deciding
        self._instruments: Instruments = bootstrap.worker_instruments(deciding)
        self._metrics = WorkerMetrics(self._instruments, deciding.model.cache)  # type: ignore[arg-type]
        self._health = Health(settings.stall_seconds, time.monotonic())
        self._remembering: set[asyncio.Task[None]] = set()
        self._redis: RedisStore | None = None

    async def run(self) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        self._redis = bootstrap.make_redis(self._settings, self._instruments)
        producer = bootstrap.make_producer(self._settings)
        app, outbox = self._wire(producer)
        server = self._serve()
        observing: asyncio.Task[None] | None = None
        if self._redis is not None:
            await self._redis.connect()
        self._health.expect_nothing(START_SECONDS, time.monotonic())
        await _started(app, stop)
        try:
            observing = asyncio.create_task(self._observe(app, outbox))
            log.info(
                "worker_started",
                model=self._deciding.model.version,
                policy=self._deciding.policy.version,
                threshold=self._deciding.policy.threshold,
                topic=self._settings.topic("formality.received"),
                group=self._settings.group,
            )
            await _first(stop.wait(), _crash(app))
            if not stop.is_set():
                fatal(app.crash_reason or RuntimeError("Faust stopped by itself"))
        finally:
            if observing is not None:
                observing.cancel()
        await self._stop(app, producer, server)

    def _wire(self, producer: AwaitableProducer) -> tuple[App, Outbox]:
        settings = self._settings
        pipeline = Pipeline(
            model=self._deciding.model,
            policy=self._deciding.policy,
            name_of=settings.topic,
            now=bootstrap.utc_now,
            already_decided=self._redis.already_decided if self._redis else nothing_remembered,
            decided=self._metrics.decided,
            explain=Explaining(self._deciding.model) if self._settings.explain else unexplained,
        )
        outbox = Outbox(
            producer,
            breaker=BreakerState(BreakerPolicy(settings.dead_letter_max_share, settings.dead_letter_max_consecutive)),
            name_of=settings.topic,
            in_flight=settings.in_flight_batches,
            acknowledged=self._acknowledged,
        )
        return create_app(settings, pipeline=pipeline, outbox=outbox, fatal=self._fatal), outbox

    def _fatal(self, error: BaseException) -> NoReturn:
        """End the process; an open breaker first lets itself be seen, for no restart will follow.

        The loop is held up on purpose: nothing more is read, decided or committed.
        """
        if isinstance(error, CircuitOpen) and self._settings.metrics_port:
            self._instruments.set(catalogue.BREAKER_OPEN, 1)
            log.error("circuit_breaker_open", error=str(error), ends_in_seconds=self._settings.breaker_linger_seconds)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            time.sleep(self._settings.breaker_linger_seconds)
        fatal(error)

    def _acknowledged(self, outcomes: Sequence[Outcome]) -> None:
        self._metrics.acknowledged(outcomes, bootstrap.utc_now())
        if self._redis is not None:
            decisions = [decision for outcome in outcomes for decision in outcome.decisions]
            task = asyncio.create_task(self._redis.remember(decisions))
            self._remembering.add(task)
            task.add_done_callback(self._remembering.discard)

    def _live(self) -> bool:
        return self._health.live(time.monotonic())

    def _serve(self) -> HealthServer | None:
        self._instruments.ask(catalogue.LIVE, self._live)
        return HealthServer.as_set(
            self._settings,
            metrics=self._instruments.wsgi_app(),
            live=self._live,
            ready=self._health.ready,
        )

    async def _observe(self, app: App, outbox: Outbox) -> None:
        """Twice a second: lag, health, and the gauges made of them."""
        while True:
            positions = consumer_of(app).positions()
            self._health.observe(positions, time.monotonic())
            self._export(positions, outbox, consumer_of(app).last_commit_at)
            await asyncio.sleep(OBSERVE_SECONDS)

    def _export(self, positions: dict[int, Position], outbox: Outbox, last_commit_at: float | None) -> None:
        live, ready = self._live(), self._health.ready()
        gauges = self._instruments
        gauges.forget(catalogue.LAG_MESSAGES)
        for partition, position in positions.items():
            gauges.set(catalogue.LAG_MESSAGES, position.lag, partition=str(partition))
        oldest = outbox.oldest_waiting()
        age = (bootstrap.utc_now() - oldest).total_seconds() if oldest is not None else 0.0
        gauges.set(catalogue.LAG_SECONDS, max(0.0, age))
        gauges.set(catalogue.IN_FLIGHT, outbox.waiting)
        gauges.set(catalogue.READY, ready)
        if last_commit_at is not None:
            gauges.set(catalogue.LAST_COMMIT, last_commit_at)
        if self._settings.health_file is not None:
            write_health_file(self._settings.health_file, live=live, ready=ready, now=time.time())

    async def _stop(self, app: App, producer: AwaitableProducer, server: HealthServer | None) -> None:
        log.info("worker_stopping")
        self._health.expect_nothing(STOP_SECONDS, time.monotonic())
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await app.stop()
        except TimeoutError:
            fatal(RuntimeError(f"not stopped within {STOP_SECONDS:g} s; what was in flight is decided again"))
        producer.close(timeout_seconds=0.5)
        if self._redis is not None:
            await asyncio.gather(*self._remembering, return_exceptions=True)
            await self._redis.close()
        if server is not None:
            server.close()
        log.info("worker_stopped")


async def _started(app: App, stop: asyncio.Event) -> None:
    """Start Faust, or end the process: nothing was handed to us yet that could be lost."""
    starting = asyncio.ensure_future(app.start())
    await _first(stop.wait(), _crash(app), asyncio.wait([starting], timeout=START_SECONDS))
    if starting.done() and (error := starting.exception()) is not None:
        fatal(error)
    if starting.done():
        return
    if stop.is_set():
        log.info("worker_stopped", before="it had joined its group")
        os._exit(0)
    if app.crashed:
        fatal(app.crash_reason or RuntimeError("Faust ended while starting"))
    fatal(BrokerUnavailable(f"no place in the consumer group within {START_SECONDS:g} s: see the errors logged above"))


async def _crash(app: App) -> None:
    """Returns when Faust has crashed or stopped by itself."""
    while not (app.crashed or app.should_stop):
        await asyncio.sleep(OBSERVE_SECONDS)


async def _first(*waits: object) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]  # type: ignore[call-overload]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
