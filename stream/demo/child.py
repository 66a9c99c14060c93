"""Real processes for the demo, started again should somebody kill them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from stream.errors import StreamError
from stream.settings import without_settings

READY_SECONDS = 60.0
STOP_SECONDS = 12.0
LOG_TAIL_CHARACTERS = 2_000


class Child:
    """A `codiflux` command as a child, with its log in a file.

    Parameters
    ----------
    command
        worker or monitor.
    environment
        All of its `CODIFLUX_*` settings: the user's own, of other topics and files, are not handed on.
    folder
        For the log and the health file.
    """

    def __init__(self, command: str, environment: Mapping[str, str], folder: Path) -> None:
        self._command = command
        self._health = folder / f"{command}-health.json"
        self._log = folder / f"{command}.log"
        own = {**environment, "CODIFLUX_HEALTH_FILE": str(self._health)}
        self._environment = {**without_settings(os.environ), **own}
        self.restarts = 0
        self._start()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "stream.cli", self._command], env=self._environment, stderr=log, stdout=log
            )

    def wait_until_ready(self) -> None:
        """Wait until it says that it is ready.

        Raises
        ------
        StreamError
            With the end of its log, when it ends or takes too long.
        """
        deadline = time.monotonic() + READY_SECONDS
        while not self._ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StreamError(f"the {self._command} did not become ready:\n{self._log_tail()}")
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            return bool(json.loads(self._health.read_text())["ready"])
        except (OSError, ValueError):
            return False

    def keep_alive(self) -> None:
        """Start it again if it has ended: nothing it had not committed is lost."""
        if self._process.poll() is not None:
            self.restarts += 1
            self._start()

    def stop(self) -> None:
        """End it as an orchestrator would."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]
