"""Redis only helps: slow or gone, it costs a bounded wait, a count and a pause."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from stream.redis_store import PAUSE_SECONDS, RedisStore

SLACK_SECONDS = 2.0
"""Not a promise: only so far that a client which waits for ever is told from one that does not."""


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _store(url: str, failures: list[str], clock: Callable[[], float]) -> RedisStore:
    return RedisStore(url, prefix="t:", timeout_seconds=0.05, ttl_seconds=60, failed=failures.append, clock=clock)


def test_a_redis_that_never_answers_costs_one_bounded_wait_and_then_a_pause(tmp_path: Path) -> None:
    """Connected, and silent: nothing is known, it is counted once, and left alone for a while."""
    socket, failures, clock, asked = tmp_path / "s", list[str](), _Clock(), list[bytes]()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1_000):
            asked.append(data)
        writer.close()

    async def scenario() -> None:
        server = await asyncio.start_unix_server(silent, socket)
        store = _store(f"unix://{socket}", failures, clock)
        started = time.monotonic()
        assert await store.already_decided(["a"]) == frozenset()
        assert time.monotonic() - started < SLACK_SECONDS
        assert failures == ["already_decided"]
        before = len(asked)
        assert await store.already_decided(["b"]) == frozenset()
        assert (failures, len(asked)) == (["already_decided"], before)
        clock.now += PAUSE_SECONDS
        assert await store.already_decided(["c"]) == frozenset()
        assert failures == ["already_decided"] * 2
        await store.close()
        server.close()

    asyncio.run(scenario())


def test_a_redis_that_is_not_there_is_counted_and_nothing_is_known(tmp_path: Path) -> None:
    """No socket at all."""
    failures: list[str] = []

    async def scenario() -> None:
        store = _store(f"unix://{tmp_path / 'none'}", failures, _Clock())
        assert await store.already_decided(["a"]) == frozenset()
        await store.close()

    asyncio.run(scenario())
    assert failures == ["already_decided"]


def test_a_client_that_is_slow_to_give_up_does_not_hold_the_batch_up(tmp_path: Path) -> None:
    """A call that ignores its cancellation is left behind."""
    failures: list[str] = []

    async def scenario() -> None:
        store = _store(f"unix://{tmp_path / 'none'}", failures, _Clock())
        released = asyncio.Event()

        async def stubborn(_: object) -> list[None]:
            while not released.is_set():
                try:
                    await released.wait()
                except asyncio.CancelledError:
                    continue
            return [None]

        store._client.mget = stubborn
        async with asyncio.timeout(SLACK_SECONDS):
            assert await store.already_decided(["a"]) == frozenset()
        released.set()
        await asyncio.sleep(0)
        await store.close()

    asyncio.run(scenario())
    assert failures == ["already_decided"]
