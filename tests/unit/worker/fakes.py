"""Fakes of ten lines for the worker's parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from models.coding import CodingModel
from models.lru import BoundedCache
from models.nomenclature import load
from models.policy import Policy
from models.rules import RuleTable
from stream.records import Outgoing, Record
from stream.worker.pipeline import Pipeline

NAF = load("naf-rev2")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeDelivery:
    """Acknowledged when the test says so."""

    def __init__(self, messages: Sequence[Outgoing]) -> None:
        self.messages = list(messages)
        self.outcome: asyncio.Future[list[Outgoing]] = asyncio.get_running_loop().create_future()

    async def wait(self) -> list[Outgoing]:
        """The messages refused."""
        return await self.outcome


class FakeProducer:
    """Remembers what it was given."""

    def __init__(self) -> None:
        self.deliveries: list[FakeDelivery] = []

    async def send(self, messages: Sequence[Outgoing]) -> FakeDelivery:
        """A delivery that waits for the test."""
        self.deliveries.append(FakeDelivery(messages))
        return self.deliveries[-1]


class FakeClassifier:
    """Two codes at 0.9 and 0.1; raises on a line with the word it dislikes."""

    def __init__(self, dislikes: str = "") -> None:
        self._dislikes = dislikes

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """The same two codes for every line."""
        if self._dislikes and any(self._dislikes in line for line in lines):
            raise ValueError("what the declarant wrote")
        return [[("4322A", 0.9), ("9602A", 0.1)] for _ in lines]


def pipeline(*, dislikes: str = "", known: frozenset[str] | None = None, **policy: Any) -> Pipeline:
    """A pipeline on the fake classifier; `known` are decision ids that Redis would know."""

    async def already(decision_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(decision_ids) & (known or frozenset())

    model = CodingModel("model-1", NAF, RuleTable(()), FakeClassifier(dislikes), BoundedCache(0))
    settings = {"threshold": 0.5, "audit_share": 0.0} | policy
    suppression = {} if known is None else {"already_decided": already}
    return Pipeline(model, Policy(**settings), lambda topic: f"p.{topic}", lambda: NOW, **suppression)


def record(offset: int, value: bytes | None, *, key: bytes | None = None, headers: Any = ()) -> Record:
    """A record of partition 0."""
    return Record("formality.received", 0, offset, NOW, key, value, headers)


def filing(identity: str, text: str = "plombier chauffagiste") -> bytes:
    """A filing as JSON."""
    return json.dumps(
        {"formality_id": identity, "received_at": "2026-11-21T12:00:00Z", "description_activity": text}
    ).encode()


def counter_filing(identity: str, *texts: str | None) -> bytes:
    """A one-stop-counter filing with one activity a text."""
    activities = [{"activiteId": f"a{n}", "descriptionDetaillee": text} for n, text in enumerate(texts)]
    content = {"personnePhysique": {"etablissementPrincipal": {"activites": activities}}}
    return json.dumps({"formality": {"id": identity, "content": content}}).encode()
