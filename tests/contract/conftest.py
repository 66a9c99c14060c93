"""The stages of the contract suite: every test once on the embedded broker, once on real Kafka."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stream.embedded import embedded_broker
from tests.contract.stage import Broker, Stage


@pytest.fixture(scope="session")
def embedded() -> Iterator[Broker]:
    """Librdkafka's broker inside this process."""
    with embedded_broker(()) as bootstrap:
        yield Broker("embedded", bootstrap)


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """The broker of this run of the test."""
    if request.param == "embedded":
        return request.getfixturevalue("embedded")
    kafka: Any = request.getfixturevalue("own_kafka")
    return Broker("real", kafka.bootstrap, restart=kafka.restart)


@pytest.fixture
def stage(broker: Broker, small_model: Path, tmp_path: Path) -> Iterator[Stage]:
    """Topics of the test's own on that broker."""
    stage = Stage(broker, f"t{uuid.uuid4().hex[:8]}.", small_model, tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def embedded_cannot(request: pytest.FixtureRequest, broker: Broker) -> Callable[[str], None]:
    """Say why a test must fail on the embedded broker; should it pass one day, that is news."""

    def declare(reason: str) -> None:
        if broker.kind == "embedded":
            request.applymarker(pytest.mark.xfail(strict=True, reason=reason))

    return declare
