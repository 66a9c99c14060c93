"""The processes of a replay: models are opened once, then one process is forked for each task.

    python -m stream.replay.member MODEL...     a task a line in, a line out for each unit decided

What is open before the fork is one copy in memory for all: models and libraries, 250 MB of it. Files and
connections are opened after it, by each process for itself; processes share nothing else but the
folder of parts, so that the number of them changes no byte.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from pydantic_core import to_json

from models.coding import CodingModel
from models.errors import ModelError
from stream.errors import StreamError, refused_by_the_system
from stream.garbage import collect_seldom
from stream.replay.opening import open_source
from stream.replay.work import Task, decide_units, open_models
from stream.settings import read_settings


def main() -> int:
    """The process that the others are forked from; returns its exit code."""
    try:
        models = open_models([Path(name) for name in sys.argv[1:]])
    except (StreamError, ModelError) as error:
        return _failed(error)
    tasks = [Task.model_validate_json(line) for line in sys.stdin.buffer]
    # What is frozen here no collection writes to, in any process: its memory stays shared.
    collect_seldom()
    processes = [_forked(task, models) for task in tasks]
    Thread(target=_end_when_alone, daemon=True).start()
    return _wait(processes)


def _forked(task: Task, models: Sequence[CodingModel]) -> int:
    """The id of a new process that does a task."""
    with warnings.catch_warnings():
        # The other threads are Arrow's and its allocator's, which both start anew in a forked process.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        # Whatever happens, nothing of the first process's own ending may run here.
        code = 1
        try:
            code = _ended(lambda: decide_units(task, models, open_source(task.request, read_settings()), _done))
        finally:
            os._exit(code)
    return process


def _ended(work: Callable[[], None]) -> int:
    try:
        work()
    except (StreamError, ModelError) as error:
        return _failed(error)
    except BrokenPipeError:
        # Nobody listens any longer: the replay was ended.
        return 1
    except OSError as error:
        refused = refused_by_the_system(error)
        if refused is not None:
            return _failed(refused)
        traceback.print_exc()
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _end_when_alone() -> None:
    """End the whole group once nobody can hear it: the replay was killed, and another may soon go on with it."""
    listener = select.poll()
    # For nothing but the end of who reads.
    listener.register(sys.stdout.fileno(), 0)
    listener.poll()
    os.killpg(0, signal.SIGKILL)


def _wait(processes: Sequence[int]) -> int:
    """0 when all ended well; else the code of the first that failed, after the others were ended."""
    running = set(processes)
    while running:
        process, status = os.wait()
        running.discard(process)
        code = os.waitstatus_to_exitcode(status)
        if code != 0:
            for other in running:
                with suppress(ProcessLookupError):
                    os.kill(other, signal.SIGKILL)
            return code if code > 0 else 1
    return 0


def _failed(error: Exception) -> int:
    code = error.exit_code if isinstance(error, StreamError) else 1
    _say({"error": str(error), "exit_code": code})
    return code


def _done(offsets: int) -> None:
    _say({"offsets": offsets})


def _say(message: dict[str, object]) -> None:
    # One write a line: several processes write to the same pipe.
    os.write(sys.stdout.fileno(), to_json(message) + b"\n")


if __name__ == "__main__":
    sys.exit(main())
