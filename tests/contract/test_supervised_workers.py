"""Several processes under one roof: how they start, are started again, and end together."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.contract.stage import Stage, Worker, until

SESSION_SECONDS = 3
"""A killed process says nothing more: the least that infra/kafka allows, for the others to take over soon."""


@pytest.fixture
def supervisor(stage: Stage) -> Iterator[Worker]:
    """Two processes and the one above them; whatever a failing test leaves is killed."""
    command = ["-m", "stream.cli", "worker", "--processes", "2"]
    supervisor = stage.worker(command=command, session_timeout_seconds=SESSION_SECONDS)
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
