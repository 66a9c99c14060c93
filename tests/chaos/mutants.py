"""Workers with one safeguard taken away, for the proof that its absence is seen.

Run as a script: `python mutants.py NAME`. Nothing of this is in the product: each mutant patches the
process it runs in. `none` is the control: the same trouble, every safeguard in place.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

from stream.kafka import configuration
from stream.logs import configure_logs
from stream.settings import read_settings
from stream.worker import app, batching, run
from stream.worker.outbox import Outbox
from stream.worker.pipeline import Pipeline

SLOW_MILLISECONDS = 400
"""How long outputs stay with the producer: a broker that is slow to answer."""
FAULTY_BATCH = 6
DROPPED_RECORD = 200


def slow_deliveries() -> None:
    """Outputs reach the broker late; the trouble of `acknowledge_first`."""
    original = configuration.producer_configuration

    def slow(settings: Any) -> dict[str, Any]:
        return original(settings) | {"linger.ms": SLOW_MILLISECONDS}

    run.bootstrap.producer_configuration = slow


def failing_batches() -> None:
    """Now and then deciding a batch raises; the trouble of `exception_let_through`."""
    original, count = Pipeline.process, itertools.count(1)

    async def failing(self: Pipeline, records: Any) -> Any:
        if next(count) % FAULTY_BATCH == 0:
            raise RuntimeError("a defect of ours")
        return await original(self, records)

    Pipeline.process = failing


def exception_let_through() -> None:
    """The agent's guard is gone: Faust sees the exception."""
    failing_batches()

    async def unguarded(work: Any, fatal: Any) -> None:
        await work

    app._guarded = unguarded


def acknowledge_first() -> None:
    """A batch is acknowledged when its outputs are handed to the producer, not when they are written."""
    slow_deliveries()
    original = Outbox.post

    async def early(self: Outbox, outcomes: Any, acknowledge: Callable[[], object]) -> None:
        acknowledge()
        await original(self, outcomes, lambda: None)

    Outbox.post = early


def drop_silently() -> None:
    """One record in some hundred has no outcome."""
    original, count = Pipeline.process, itertools.count(1)

    async def dropping(self: Pipeline, records: Any) -> Any:
        return [outcome for outcome in await original(self, records) if next(count) % DROPPED_RECORD]

    Pipeline.process = dropping


def skip_first_offset() -> None:
    """The record at the committed offset is taken for one that was handled."""
    original = batching.BatchConsumer._hand_over

    async def skipping(self: Any, partition: Any, fetched: list[Any], generation: int) -> bool:
        position = self._read_offset[partition]
        return await original(self, partition, [r for r in fetched if r.offset != position], generation)

    batching.BatchConsumer._hand_over = skipping


def no_second_fetch() -> None:
    """What a rebalance made the consumer let go is not fetched again."""

    async def forget(self: Any) -> None:
        self._let_go.clear()

    batching.BatchConsumer._fetch_again = forget


MUTANTS: dict[str, Callable[[], None]] = {
    "none": lambda: None,
    "none with failing batches": failing_batches,
    "none with slow deliveries": slow_deliveries,
    "exception let through to Faust": exception_let_through,
    "acknowledged before delivery": acknowledge_first,
    "a message dropped silently": drop_silently,
    "the first offset skipped": skip_first_offset,
    "let go and not fetched again": no_second_fetch,
}

if __name__ == "__main__":
    MUTANTS[sys.argv[1]]()
    settings = read_settings()
    configure_logs(settings.log_level, as_json=settings.log_json)
    run.run_worker(settings)
