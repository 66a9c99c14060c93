"""Seeds shared out over processes: a job is a function of the world and of one item, and knows nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Any

from tests.bench.drift.worlds import World

Job = Callable[[World, Any], Any]
_world: list[World] = []


@dataclass
class Workers:
    """Runs jobs in processes forked once, so that all share the world's memory.

    Parameters
    ----------
    world
        What every job is given.
    processes
        How many; the figures are the same whatever it is.
    """

    world: World
    processes: int
    processor_seconds: float = 0.0
    """Of all jobs together."""
    advance: Callable[[], None] = lambda: None
    """Called after each job."""
    _pool: Pool | None = field(default=None, repr=False)

    def __enter__(self) -> Workers:
        _world[:] = [self.world]
        if self.processes > 1:
            self._pool = get_context("fork").Pool(self.processes)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool.join()

    def each(self, job: Job, items: Iterable[Any]) -> list[Any]:
        """What the job gives for each item, in the items' order.

        Parameters
        ----------
        job
            A function of a module, or a `partial` of one: it goes to another process by name.
        """
        work = [(job, item) for item in items]
        done = self._pool.imap(_run, work) if self._pool is not None else map(_run, work)
        found = []
        for result, seconds in done:
            found.append(result)
            self.processor_seconds += seconds
            self.advance()
        return found


def _run(work: tuple[Job, Any]) -> tuple[Any, float]:
    job, item = work
    began = time.process_time()
    result = job(_world[0], item)
    return result, time.process_time() - began
