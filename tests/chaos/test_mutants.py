"""The proof of the proof: take one safeguard away, and the chaos test sees filings lost."""

from __future__ import annotations

import random
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.disorder import MENDABLE, SESSION_SECONDS, mixed_filings
from tests.chaos.recount import Recount, recount
from tests.conftest import OwnKafka
from tests.contract.stage import Broker, Stage, until

pytestmark = [pytest.mark.chaos, pytest.mark.kafka, pytest.mark.timeout(180)]
RUNNER = Path(__file__).with_name("mutants.py")
FILINGS = 3_000
STUCK_SECONDS = 30
CONTROL_SECONDS = 120
"""A control must get through, however often it is started again; a mutant need not."""
ROUNDS = 4
TRICKLE_SECONDS = 0.05


@pytest.fixture
def stage(own_kafka: OwnKafka, small_model: Path, tmp_path: Path) -> Iterator[Stage]:
    """Topics of the mutant's own."""
    stage = Stage(Broker("real", own_kafka.bootstrap), f"t{uuid.uuid4().hex[:8]}.", small_model, tmp_path)
    yield stage
    stage.close()


def _killed_once(
    stage: Stage, name: str, capsys: pytest.CaptureFixture[str], *, seconds: float = STUCK_SECONDS
) -> Recount:
    """One kill -9 after the first commit; a worker that ends is started again, as a supervisor does."""
    messages = list(mixed_filings(FILINGS, random.Random(7)))
    stage.send((key, value) for key, value, _ in messages)
    expected = {identity for _, _, identities in messages for identity in identities}
    settings = {"command": [str(RUNNER), name], "batch_size": 200, "commit_interval_seconds": 0.05}
    settings |= {"session_timeout_seconds": SESSION_SECONDS}
    worker, killed, ends = stage.worker(**settings), False, 0

    def through() -> bool:
        nonlocal worker, killed, ends
        if worker.process.poll() is not None:
            assert worker.process.returncode in MENDABLE, worker.text()[-2000:]
            worker, ends = stage.worker(**settings), ends + 1
        elif not killed and sum(stage.committed().values()) > 0:
            worker.kill()
            worker, killed = stage.worker(**settings), True
        return killed and stage.through()

    stuck = _stuck(through, seconds)
    found = recount(stage, expected)
    with capsys.disabled():
        figures = f"{len(expected)} filings, 1 kill, {ends} other ends, doubles {found.doubles}, lost {len(found.lost)}"
        print(f"\n{name}: {figures}{stuck}", flush=True)
    return found


@pytest.mark.parametrize(
    "name",
    [
        "exception let through to Faust",
        "acknowledged before delivery",
        "a message dropped silently",
        "the first offset skipped",
    ],
)
def test_a_worker_without_a_safeguard_is_seen_to_lose_filings(
    stage: Stage, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recount of a mutant's outputs misses filings that it has committed."""
    assert _killed_once(stage, name, capsys).lost


@pytest.mark.parametrize("name", ["none with failing batches", "none with slow deliveries"])
def test_the_same_trouble_with_every_safeguard_loses_nothing(
    stage: Stage, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What kills the mutants is not the trouble they are put in."""
    assert _killed_once(stage, name, capsys, seconds=CONTROL_SECONDS).good


def _trickle(stage: Stage, sent: list[str]) -> None:
    """A few filings, and a moment in which fetches wait for more: no faster than a group at rest reads."""
    stage.feed(sent, 40, ahead=400)
    time.sleep(TRICKLE_SECONDS)


def _stuck(through: Callable[[], bool], seconds: float = STUCK_SECONDS) -> str:
    """Wait for the end. A mutant may stop moving as well as lose; the recount tells what it left undone."""
    try:
        until(through, "all is committed", seconds=seconds)
    except AssertionError:
        return ", stuck"
    return ""


def _joined_and_left(stage: Stage, name: str, capsys: pytest.CaptureFixture[str]) -> Recount:
    """A second worker comes and goes while filings trickle in: fetches are open when rebalances begin."""
    sent: list[str] = []
    settings = {"command": [str(RUNNER), name], "batch_size": 100, "threshold": 0.06}
    stage.worker(**settings).until_ready()
    for _ in range(ROUNDS):
        second = stage.worker(**settings)
        while "worker_started" not in second.text():
            _trickle(stage, sent)
        for _ in range(10):
            _trickle(stage, sent)
        second.signal(signal.SIGTERM)
        while second.process.poll() is None:
            _trickle(stage, sent)
    stuck = _stuck(stage.through)
    found = recount(stage, set(sent))
    with capsys.disabled():
        print(f"\n{name}: {len(sent)} filings, {2 * ROUNDS} rebalances, lost {len(found.lost)}{stuck}", flush=True)
    return found


def test_records_let_go_at_a_rebalance_and_not_fetched_again_are_seen_to_be_lost(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fetch that spans a rebalance has moved the client's position: without a second one, a gap."""
    assert _joined_and_left(stage, "let go and not fetched again", capsys).lost


def test_the_same_rebalances_lose_nothing(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """With the second fetch in place nothing is missing."""
    assert _joined_and_left(stage, "none", capsys).good
