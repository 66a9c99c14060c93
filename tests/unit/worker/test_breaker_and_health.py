"""When the breaker opens, and what live means."""

from __future__ import annotations

import json
from pathlib import Path

from monitoring.catalogue import LIVE
from monitoring.instruments import Instruments
from stream.supervisor import RestartPolicy
from stream.worker.breaker import BreakerPolicy, BreakerState
from stream.worker.health import Health, Position, write_health_file


def test_a_good_message_begins_the_row_anew() -> None:
    """Consecutive means without one between, across batches."""
    state = BreakerState(BreakerPolicy(1.0, 3))
    assert state.observe([True, True]) is None
    assert state.observe([False, True, True]) is None
    assert state.observe([True]) == "3 dead letters in a row"


def test_the_share_counts_over_the_last_thousand_messages_only() -> None:
    """Old dead letters leave the window; under 500 messages the share says nothing."""
    flood = BreakerState(BreakerPolicy(0.5, 0))
    assert flood.observe([True] * 499) is None
    assert flood.observe([True]) == "100% dead letters in the last 500 messages"
    state = BreakerState(BreakerPolicy(0.5, 0))
    assert state.observe([False, True] * 500) is None
    assert state.observe([False] * 1_000) is None
    assert state.observe([True] * 500) is None
    assert state.observe([True]) == "50% dead letters in the last 1000 messages"


def test_limits_of_one_and_zero_never_open() -> None:
    """Both switched off: any flood passes."""
    assert BreakerState(BreakerPolicy(1.0, 0)).observe([True] * 5_000) is None


def test_live_means_that_commits_move_while_there_is_lag() -> None:
    """Lag with moving commits is live, lag that stands still is not, and no lag is."""
    health = Health(stall_seconds=10, now=0)
    health.observe({0: Position(0, 100)}, now=1)
    health.observe({0: Position(10, 100)}, now=9)
    assert health.live(now=18)
    health.observe({0: Position(10, 100)}, now=19.5)
    assert not health.live(now=19.5)
    for now in range(20, 1_000, 5):
        health.observe({0: Position(100, 100)}, now=now)
        assert health.live(now=now)


def test_a_worker_that_nobody_has_looked_at_for_the_stall_seconds_is_not_live() -> None:
    """Whoever looks is held up with the work: the last answer, no lag, does not count for ever."""
    health = Health(stall_seconds=10, now=0)
    health.observe({0: Position(5, 5)}, now=1)
    assert health.live(now=11)
    assert not health.live(now=11.5)
    health.observe({0: Position(5, 5)}, now=12)
    assert health.live(now=12)


def test_the_gauge_of_live_falls_although_nobody_sets_it() -> None:
    """A scrape asks, as a probe does."""
    clock = [1.0]
    health, instruments = Health(stall_seconds=10, now=0), Instruments([LIVE])
    instruments.ask(LIVE, lambda: health.live(clock[0]))
    health.observe({0: Position(5, 5)}, now=1)
    assert instruments.value(LIVE) == 1
    clock[0] = 12
    assert instruments.value(LIVE) == 0


def test_a_start_and_a_stop_may_take_their_time_and_no_longer() -> None:
    """Nobody looks meanwhile: live for the time expected and the stall seconds; the first look ends that."""
    health = Health(stall_seconds=10, now=0)
    assert not health.live(now=11)
    health.expect_nothing(90, now=0)
    assert health.live(now=100)
    assert not health.live(now=101)
    health.observe({0: Position(5, 5)}, now=20)
    assert not health.live(now=31)


def test_new_lag_after_a_quiet_hour_starts_its_own_clock() -> None:
    """A worker is not dead the moment the first filing of the day arrives."""
    health = Health(stall_seconds=10, now=0)
    health.observe({0: Position(5, 5)}, now=1)
    health.observe({0: Position(5, 6)}, now=3_600)
    assert health.live(now=3_605)
    assert not health.live(now=3_611)


def test_lag_counts_from_zero_where_the_group_has_no_commit_yet() -> None:
    """A first batch that never ends is a stall too."""
    health = Health(stall_seconds=10, now=0)
    health.observe({0: Position(None, 7)}, now=1)
    health.observe({0: Position(None, 7)}, now=12)
    assert not health.live(now=12)


def test_ready_means_partitions_assigned() -> None:
    """Without an assignment a worker is live and not ready."""
    health = Health(stall_seconds=10, now=0)
    health.observe({}, now=1)
    assert (health.live(now=2), health.ready()) == (True, False)
    health.observe({3: Position(None, None)}, now=3)
    assert health.ready()


def test_the_health_file_is_rewritten_in_one_step(tmp_path: Path) -> None:
    """Nothing is left beside it, and what a probe reads is whole."""
    path = tmp_path / "health.json"
    write_health_file(path, live=True, ready=False, now=1.0)
    write_health_file(path, live=False, ready=True, now=2.0)
    assert json.loads(path.read_text()) == {"live": False, "ready": True, "at": 2.0}
    assert list(tmp_path.iterdir()) == [path]


def test_restarts_wait_longer_each_time_up_to_a_bound() -> None:
    """Doubling from the first delay, never beyond the longest."""
    policy = RestartPolicy(first_seconds=1, longest_seconds=5)
    assert [policy.delay(failures) for failures in (1, 2, 3, 4, 50)] == [1, 2, 4, 5, 5]
