"""Twenty thousand filings, three workers, kill -9, rebalances and a broker restart: none is lost."""

from __future__ import annotations

import os
import secrets
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.disorder import run_chaos
from tests.chaos.recount import recount
from tests.conftest import OwnKafka
from tests.contract.stage import Broker, Stage

pytestmark = [pytest.mark.chaos, pytest.mark.kafka]
FILINGS = int(os.environ.get("CODIFLUX_TEST_CHAOS_FILINGS", "20000"))


@pytest.fixture
def stage(own_kafka: OwnKafka, small_model: Path, tmp_path: Path) -> Iterator[Stage]:
    """Six partitions for three workers and one more."""
    broker = Broker("real", own_kafka.bootstrap, restart=own_kafka.restart)
    stage = Stage(broker, f"t{uuid.uuid4().hex[:8]}.", small_model, tmp_path, partitions=6)
    yield stage
    stage.close()


@pytest.mark.timeout(400)
def test_every_filing_is_on_exactly_one_lane_after_chaos(
    stage: Stage, own_kafka: OwnKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever was killed or put to sleep, each filing has one outcome once copies are folded."""
    seed = int(os.environ.get("CODIFLUX_TEST_CHAOS_SEED", secrets.randbelow(10**6)))
    with capsys.disabled():
        print(f"\nchaos seed {seed} (CODIFLUX_TEST_CHAOS_SEED)", flush=True)
    expected, done = run_chaos(stage, filings=FILINGS, seed=seed, restart_broker=own_kafka.restart)
    found = recount(stage, expected)
    with capsys.disabled():
        print(f"{len(expected)} filings, {dict(done)}, lanes {found.lanes}, doubles {found.doubles}", flush=True)
        print(f"lost {len(found.lost)}", flush=True)
    assert found.good, f"seed {seed}: {[(name, sorted(s)[:5]) for name, s in vars(found).items() if s]}"
