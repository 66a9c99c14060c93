"""Several processes under one roof: how they start, are started again, and end together."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.contract.stage import Stage, Worker, until

SESSION_SECONDS = 3
"""A killed process says nothing more: the least that infra/kafka allows, for the others to take over soon."""


@pytest.fixture
def supervisor(stage: Stage) -> Iterator[Worker]:
    """Two processes and the one above them; whatever a failing test leaves is killed."""
    command = ["-m", "stream.cli", "worker", "--processes", "2"]
    # Whoever runs the tests under `nohup` would have it outlive a closed terminal.
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    supervisor = stage.worker(command=command, session_timeout_seconds=SESSION_SECONDS)
    signal.signal(signal.SIGHUP, before)
    yield supervisor
    left = _children(supervisor) if supervisor.process.poll() is None else []
    supervisor.kill()
    for child in left:
        child.kill()


def _children(supervisor: Worker) -> list[psutil.Process]:
    return psutil.Process(supervisor.process.pid).children()


@pytest.mark.parametrize("broker", ["embedded"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_or_a_closed_terminal_ends_all_while_they_are_imported(
    number: signal.Signals, supervisor: Worker
) -> None:
    """The terminal's signal reaches the supervisor alone, which ends its workers: exit code 0 and no traceback."""
    started = until(lambda: len(found := _children(supervisor)) == 2 and found, "two processes are started")
    until(lambda: all(os.getpgid(child.pid) == child.pid for child in started), "each has a group of its own")
    supervisor.signal(number)
    assert supervisor.ended(10) == 0
    assert not any(child.is_running() for child in started)
    assert "Traceback" not in supervisor.text()


def test_a_killed_process_is_started_again_and_sigterm_ends_all(
    stage: Stage, supervisor: Worker, embedded_cannot: Callable[[str], None]
) -> None:
    """One of two is killed: a new one comes, every filing is decided, SIGTERM is exit code 0 within ten seconds."""
    embedded_cannot("the embedded broker refuses the SyncGroup of a second member (InvalidRequest)")
    assert stage.broker.kind == "real"
    until(lambda: supervisor.text().count("worker_started") == 2, "both work")
    before = _children(supervisor)
    identities = stage.send_filings(500)
    before[0].kill()
    until(lambda: supervisor.text().count("worker_started") == 3, "a new one works")
    identities += stage.send_filings(500, start=len(identities))
    stage.until_through()
    now = _children(supervisor)
    assert (len(before), len(now), before[1] in now, before[0] in now) == (2, 2, True, False), supervisor.text()
    assert {decision["formality_id"] for decision in stage.decisions()} == set(identities)
    assert supervisor.stop() == 0
    assert not any(child.is_running() for child in now)
