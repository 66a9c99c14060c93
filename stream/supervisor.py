"""Several worker processes under one roof: started, watched, restarted with backoff, stopped.

Scale comes from processes, not from concurrency inside one: each is a plain `codiflux worker` in
the same consumer group.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import structlog

from stream.errors import CircuitOpen, StorageFailed, StreamError, UsageError
from stream.settings import PREFIX, Settings

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A worker that ran this long before it ended starts again with the first delay."""
STOP_SECONDS = 12.0
WATCH_SECONDS = 0.1
FINAL = frozenset({CircuitOpen.exit_code, UsageError.exit_code, StorageFailed.exit_code, 1})
"""Exit codes that a restart cannot mend: the breaker, a setting, a disk, a model."""

ENDS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
"""What ends the workers with the supervisor; a terminal that closes does not reach them by itself."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How long to wait before a worker starts again.

    Examples
    --------
    >>> policy = RestartPolicy()
    >>> [policy.delay(failures) for failures in (1, 2, 3, 10)]
    [0.5, 1.0, 2.0, 30.0]
    """

    first_seconds: float = FIRST_DELAY_SECONDS
    longest_seconds: float = MAX_DELAY_SECONDS

    def delay(self, failures: int) -> float:
        """Seconds before the restart after `failures` quick ends in a row; doubles, bounded."""
        return float(min(self.longest_seconds, self.first_seconds * 2 ** (failures - 1)))


class _Child:
    """One worker process and its history."""

    def __init__(self, number: int, settings: Settings) -> None:
        self.number = number
        self.failures = 0
        self.restart_at: float | None = None
        self._environment = environment_of(settings, number)
        self.start()

    def start(self) -> None:
        # Not in the terminal's group: Ctrl-C is the supervisor's, also while a worker is imported.
        command = [sys.executable, "-m", "stream.cli", "worker"]
        self.process = subprocess.Popen(command, env=self._environment, process_group=0)
        self.started_at = time.monotonic()
        self.restart_at = None

    def schedule(self, policy: RestartPolicy) -> float:
        """Plan the restart of an ended process; the delay in seconds."""
        steady = time.monotonic() - self.started_at >= STEADY_SECONDS
        self.failures = 1 if steady else self.failures + 1
        delay = policy.delay(self.failures)
        self.restart_at = time.monotonic() + delay
        return delay


def supervise(settings: Settings, processes: int, policy: RestartPolicy | None = None) -> None:
    """Run `processes` workers until a signal of `ENDS`, or until one ends for good.

    Raises
    ------
    StreamError
        With the exit code of the worker that a restart cannot mend.
    """
    policy = policy or RestartPolicy()
    stopping = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopping
        stopping = True

    previous = {number: signal.signal(number, stop) for number in ENDS if not _outlives(number)}
    children = [_Child(number, settings) for number in range(processes)]
    try:
        while not stopping:
            for child in children:
                _watch(child, policy)
            time.sleep(WATCH_SECONDS)
    finally:
        _stop_all(children)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _outlives(number: signal.Signals) -> bool:
    """Whether `nohup` asked to go on without the terminal."""
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


def _watch(child: _Child, policy: RestartPolicy) -> None:
    if child.restart_at is not None:
        if time.monotonic() >= child.restart_at:
            child.start()
        return
    code = child.process.poll()
    if code is None:
        return
    if code in FINAL:
        error = StreamError(f"worker {child.number} ended with exit code {code}, which a restart cannot mend")
        error.exit_code = code
        raise error
    log.warning("worker_ended", worker=child.number, exit_code=code, restart_in_seconds=child.schedule(policy))


def _stop_all(children: list[_Child]) -> None:
    for child in children:
        if child.process.poll() is None:
            child.process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def environment_of(settings: Settings, number: int) -> dict[str, str]:
    """Every setting as a variable; each worker its own metrics port and health file.

    Also those at their default, and none from outside: a flag may have put the default above a variable.
    """
    ours = {f"{PREFIX}{name.upper()}": value for name, value in settings.model_dump().items()}
    # Names of variables count in any case.
    environment = {name: value for name, value in os.environ.items() if name.upper() not in ours}
    for name, value in ours.items():
        revealed = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if revealed is not None:
            environment[name] = str(getattr(revealed, "value", revealed))
    if settings.metrics_port:
        environment[f"{PREFIX}METRICS_PORT"] = str(settings.metrics_port + number)
    if settings.health_file is not None:
        environment[f"{PREFIX}HEALTH_FILE"] = f"{settings.health_file}.{number}"
    return environment
