"""Redis, which only ever helps: suppression of re-delivered filings, and the last decision by id.

Two kinds of keys, both with a time to live:

    {prefix}decided:{decision_id}      exists once the outputs of that decision are acknowledged
    {prefix}last:{formality_id}        the last decision as JSON, for look-ups

One pipelined round trip a batch, bounded in time; slow or gone costs a counted warning and a pause
before the next try, never a filing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from schemas.codec import encode
from schemas.decision import Decision
from stream.errors import UsageError

DECIDED = "decided:"
LAST = "last:"
CONNECT_SECONDS = 1.0
PAUSE_SECONDS = 5.0
"""After a failure Redis is left alone this long, so that an outage does not cost every batch."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class RedisStore:
    """The worker's and the look-ups' view of Redis.

    Parameters
    ----------
    failed
        Called with the name of the operation that went without Redis.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str,
        timeout_seconds: float,
        ttl_seconds: int,
        failed: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        try:
            self._client: Any = redis.asyncio.from_url(
                url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
            )
        except ValueError as error:
            raise UsageError(f"CODIFLUX_REDIS_URL: {error}") from error
        self._prefix = prefix
        self._timeout = timeout_seconds
        self._ttl = ttl_seconds
        self._failed = failed
        self._clock = clock
        self._paused_until = 0.0

    async def connect(self) -> None:
        """Make the first connection, which costs more than a batch may wait for; failing is no error."""
        await self._try("connect", self._client.ping, seconds=CONNECT_SECONDS)

    async def already_decided(self, decision_ids: Sequence[str]) -> frozenset[str]:
        """The ids whose outputs were acknowledged; none when Redis does not answer in time."""
        if not decision_ids:
            return frozenset()
        keys = [f"{self._prefix}{DECIDED}{decision_id}" for decision_id in decision_ids]
        found = await self._try("already_decided", self._client.mget, keys)
        if found is None:
            return frozenset()
        return frozenset(i for i, value in zip(decision_ids, found, strict=True) if value is not None)

    async def remember(self, decisions: Sequence[Decision]) -> None:
        """Record acknowledged decisions; called only after the broker has them."""
        if not decisions:
            return

        async def write() -> bool:
            pipeline = self._client.pipeline(transaction=False)
            for decision in decisions:
                pipeline.set(f"{self._prefix}{DECIDED}{decision.decision_id}", b"1", ex=self._ttl)
                pipeline.set(f"{self._prefix}{LAST}{decision.formality_id}", encode(decision), ex=self._ttl)
            await pipeline.execute()
            return True

        await self._try("remember", write)

    async def last_decision(self, formality_id: str) -> bytes | None:
        """The last decision about a filing as JSON, or `None` when it is not known."""
        value: bytes | None = await self._client.get(f"{self._prefix}{LAST}{formality_id}")
        return value

    async def _try(
        self, operation: str, call: Callable[..., Awaitable[T]], *arguments: Any, seconds: float | None = None
    ) -> T | None:
        if self._clock() < self._paused_until:
            return None
        # Waited for, not wrapped in a timeout: a client that is slow to give up (it closes its
        # connection, it tries again) must not hold the batch up beyond the bound.
        calling = asyncio.ensure_future(call(*arguments))
        calling.add_done_callback(_seen)
        try:
            done, _ = await asyncio.wait({calling}, timeout=seconds or self._timeout)
            if not done:
                raise TimeoutError
            return calling.result()
        except (RedisError, OSError, TimeoutError) as error:
            calling.cancel()
            self._paused_until = self._clock() + PAUSE_SECONDS
            self._failed(operation)
            log.warning("redis_unavailable", operation=operation, error=type(error).__name__)
            return None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


def _seen(call: asyncio.Future[Any]) -> None:
    """An abandoned call's error is nobody's any more; asyncio would report it as never retrieved."""
    if not call.cancelled():
        call.exception()
