"""The proof of the proof: take one safeguard away, and the chaos test sees filings lost."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.chaos.disorder import run_chaos
from tests.chaos.recount import Recount, recount
from tests.conftest import OwnKafka
from tests.contract.stage import Broker, Stage

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(180)]
RUNNER = Path(__file__).with_name("mutants.py")
KILLS = {"kill": 1}
REBALANCES = {"join": 1, "leave": 1}


@pytest.fixture
def stage(own_kafka: OwnKafka, small_model: Path, tmp_path: Path) -> Iterator[Stage]:
    """Topics of the mutant's own."""
    stage = Stage(Broker("real", own_kafka.bootstrap), f"t{uuid.uuid4().hex[:8]}.", small_model, tmp_path)
    yield stage
    stage.close()


def _suffered(
    stage: Stage, name: str, strikes: Mapping[str, int], filings: int, capsys: pytest.CaptureFixture[str]
) -> Recount:
    expected, done = run_chaos(
        stage,
        filings=filings,
        seed=7,
        workers=2,
        ahead=2_000,
        strikes=strikes,
        strike_every_seconds=0.7,
        command=[str(RUNNER), name],
    )
    found = recount(stage, expected)
    with capsys.disabled():
        print(f"\n{name}: {len(expected)} filings, {dict(done)}, doubles {found.doubles}, lost {len(found.lost)}")
    return found


@pytest.mark.parametrize(
    ("name", "strikes", "filings"),
    [
        ("exception let through to Faust", KILLS, 4_000),
        ("acknowledged before delivery", KILLS, 4_000),
        ("a message dropped silently", KILLS, 2_000),
        ("the first offset skipped", KILLS, 4_000),
        ("let go and not fetched again", REBALANCES, 20_000),
    ],
)
def test_a_worker_without_a_safeguard_is_seen_to_lose_filings(
    stage: Stage, name: str, strikes: Mapping[str, int], filings: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recount of a mutant's outputs misses filings that it has committed."""
    assert _suffered(stage, name, strikes, filings, capsys).lost


@pytest.mark.parametrize("name", ["none with failing batches", "none with slow deliveries"])
def test_the_same_trouble_with_every_safeguard_loses_nothing(
    stage: Stage, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What kills the mutants is not the trouble they are put in."""
    assert _suffered(stage, name, KILLS, 4_000, capsys).good
