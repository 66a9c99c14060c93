"""Deciding units: in this process, or in several, each with its own models and its own reading.

    python -m stream.replay.work        one of several: a task on standard input, a line a unit out

Processes share nothing but the folder of parts, so that the number of them changes no byte.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Queue
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json, to_json

from models import artefact
from models.errors import ModelError
from models.policy import Policy
from stream.errors import StreamError
from stream.replay.codings import REMEMBERED
from stream.replay.deciding import Decider
from stream.replay.opening import open_source
from stream.replay.parts import write_part
from stream.replay.plan import SourceRequest
from stream.replay.sources import Source
from stream.replay.units import Unit, parts
from stream.settings import Settings, read_settings

Done = Callable[[int], None]
"""Told the offsets of each unit that is done."""

CHILD = {
    # Each process does its work on one core; pools of threads in each would fight over them.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # The C library keeps what threads have freed, and columns in pieces: 40 MB a process less, in the same time.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
"""Environment of a process that decides."""


class Task(BaseModel):
    """What one process decides.

    Parameters
    ----------
    remembered
        Contents whose codings it keeps.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    request: SourceRequest
    models: tuple[Path, ...]
    policies: tuple[Policy, ...]
    all_ids: bool
    units: tuple[tuple[int, int, int], ...]
    folder: Path
    remembered: int = REMEMBERED


class PartFailed(StreamError):
    """A process of a replay failed; the line and the exit code are those it would have ended with alone."""

    def __init__(self, line: str, exit_code: int) -> None:
        super().__init__(line)
        self.exit_code = exit_code


def decide_units(task: Task, source: Source, done: Done) -> None:
    """Decide the units of a task here, one file each."""
    # Arrow's own allocator keeps what is freed for a while, 50 MB of it, and is no faster here.
    pa.set_memory_pool(pa.system_memory_pool())
    models = [artefact.open_model(folder, cache_entries=0)[1] for folder in task.models]
    decider = Decider(models, task.policies, all_ids=task.all_ids, remembered=task.remembered)
    for unit, filings in source.read([Unit(*unit) for unit in task.units]):
        batch, outcomes = decider.decide(filings)
        write_part(task.folder / unit.file_name, batch, filings.tally, outcomes)
        done(unit.offsets)


def decide_in_processes(task: Task, processes: int, settings: Settings, done: Done) -> None:
    """Decide the units of a task in several processes of about as many offsets each.

    Raises
    ------
    PartFailed
        The first of them that failed; the others are ended.
    """
    shares = [share for share in parts([Unit(*unit) for unit in task.units], processes) if share]
    # Together they remember as much as one would.
    task = task.model_copy(update={"remembered": task.remembered // len(shares)})
    heard: Queue[dict[str, Any]] = Queue()
    children = [_start(task, share, settings) for share in shares]
    listeners = [threading.Thread(target=_listen, args=(child, heard), daemon=True) for child in children]
    try:
        for listener in listeners:
            listener.start()
        running = len(children)
        while running:
            message = heard.get()
            if "offsets" in message:
                done(message["offsets"])
                continue
            running -= 1
            if message.get("exit_code", 0) != 0:
                raise PartFailed(message["error"], message["exit_code"])
    finally:
        for child in children:
            child.kill()
        for listener in listeners:
            listener.join()


def _start(task: Task, share: Sequence[Unit], settings: Settings) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-m", "stream.replay.work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **CHILD},
    )
    units = tuple((unit.partition, unit.start, unit.end) for unit in share)
    assert child.stdin is not None
    child.stdin.write(task.model_copy(update={"units": units}).model_dump_json().encode())
    child.stdin.close()
    return child


def _listen(child: subprocess.Popen[bytes], heard: Queue[dict[str, Any]]) -> None:
    assert child.stdout is not None
    last: dict[str, Any] = {}
    with child.stdout:
        for line in child.stdout:
            last = from_json(line)
            if "offsets" in last:
                heard.put(last)
    code = child.wait()
    if code != 0 and "error" not in last:
        last = {"error": f"a process of the replay ended with code {code}; see above", "exit_code": 1}
    heard.put({"exit_code": 0} if code == 0 else last)


def main() -> None:
    """One of several processes."""
    task = Task.model_validate_json(sys.stdin.buffer.read())
    try:
        decide_units(task, open_source(task.request, read_settings()), lambda offsets: _say({"offsets": offsets}))
    except KeyboardInterrupt:
        sys.exit(130)
    except (StreamError, ModelError) as error:
        code = error.exit_code if isinstance(error, StreamError) else 1
        _say({"error": str(error), "exit_code": code})
        sys.exit(code)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.buffer.write(to_json(message) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
