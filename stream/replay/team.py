"""Several processes that decide at once, and how they are told what to do.

They are started before it is known what there is to do, so that opening the models takes no time of
its own: nothing heavy is imported here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from stream.errors import StreamError

ENVIRONMENT = {
    # Each process does its work on one core; pools of threads in each would fight over them.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # The C library would keep what threads have freed, once for each thread.
    "MALLOC_ARENA_MAX": "1",
    # And, once a large block was freed, keep all such: a unit's columns, 30 MB of them in each process.
    "MALLOC_MMAP_THRESHOLD_": "1000000",
}


class PartFailed(StreamError):
    """A process of a replay failed; the line and the exit code are those it would have ended with alone."""

    def __init__(self, line: str, exit_code: int) -> None:
        super().__init__(line)
        self.exit_code = exit_code


class Team:
    """Processes that decide, all of them gone at the end of the `with`.

    Parameters
    ----------
    models
        Directories; opened once, by `stream.replay.member`, for all processes.
    processes
        How many decide at once.
    """

    def __init__(self, models: Sequence[Path], processes: int) -> None:
        self.processes = processes
        self._process = subprocess.Popen(
            [sys.executable, "-m", "stream.replay.member", *map(str, models)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT},
            # A group of their own: one signal ends them all, and Ctrl-C is ours to answer.
            process_group=0,
        )

    def __enter__(self) -> Team:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def decide(self, tasks: Sequence[str], done: Callable[[int], None]) -> None:
        """Have each of several tasks decided by a process of its own.

        Parameters
        ----------
        tasks
            JSON of `stream.replay.work.Task`, one for each process.
        done
            Told the offsets of each unit that is done.

        Raises
        ------
        PartFailed
            The first process that failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # Where it has ended already, its last line says why.
        with suppress(BrokenPipeError):
            self._process.stdin.write("".join(f"{task}\n" for task in tasks).encode())
            self._process.stdin.close()
        failure: tuple[str, int] | None = None
        for line in self._process.stdout:
            said = json.loads(line)
            if "offsets" in said:
                done(said["offsets"])
            elif failure is None:
                failure = said["error"], said["exit_code"]
        code = self._process.wait()
        if code != 0:
            raise PartFailed(*(failure or (f"a process of the replay ended with code {code}; see above", 1)))
