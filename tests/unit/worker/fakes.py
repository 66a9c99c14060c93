"""Fakes of ten lines for the worker's parts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from models.coding import CodingModel
from models.lru import BoundedCache
from models.nomenclature import load
from models.policy import Policy
from models.rules import RuleTable
from stream.records import Outgoing, Record
from stream.worker.pipeline import Pipeline

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeDelivery:
    """Acknowledged when the test says so."""

    def __init__(self, messages: Sequence[Outgoing]) -> None:
        self.messages = list(messages)
        self.outcome: asyncio.Future[list[Outgoing]] = asyncio.get_running_loop().create_future()

    async def wait(self) -> list[Outgoing]:
        return await self.outcome


class FakeProducer:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.deliveries: list[FakeDelivery] = []

    async def send(self, messages: Sequence[Outgoing]) -> FakeDelivery:
        self.deliveries.append(FakeDelivery(messages))
        return self.deliveries[-1]


class FakeClassifier:
    """Two codes, 0.9 and 0.1; raises on a line with the word it dislikes."""

    codes = ("43.22A", "96.02A")
    independent_labels = False

    def __init__(self, dislikes: str = "") -> None:
        self._dislikes = dislikes

    def __call__(self, lines: Sequence[str]) -> list[tuple[tuple[str, float], ...]]:
        if self._dislikes and any(self._dislikes in line for line in lines):
            raise ValueError(self._dislikes)
        return [(("43.22A", 0.9), ("96.02A", 0.1)) for _ in lines]

    predict = __call__


def record(offset: int, value: bytes | None, *, key: bytes | None = None, headers: Any = ()) -> Record:
    """A record of partition 0."""
    return Record("formality.received", 0, offset, NOW, key, value, headers)


__all__ = ["NOW", "BoundedCache", "CodingModel", "FakeClassifier", "FakeProducer", "Pipeline", "Policy", "RuleTable",
           "load", "np", "record"]
