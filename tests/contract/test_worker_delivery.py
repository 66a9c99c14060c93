"""The delivery promise, on real worker processes: decided once, committed after, in order, none lost."""

from __future__ import annotations

import json
import signal
from collections import Counter
from typing import Any

from tests.contract.stage import AUDIT, AUTO, DEAD, RECEIVED, RETURNED, REVIEW, Stage, until

LANES = (AUTO, REVIEW, RETURNED)
SESSION_SECONDS = 3
"""Of a worker that will say nothing more: the least that infra/kafka allows, for another to take over soon."""


def _written(stage: Stage) -> int:
    return sum(sum(stage.ends(topic).values()) for topic in (*LANES, DEAD))


def _identities(stage: Stage) -> Counter[str]:
    return Counter(decision["formality_id"] for decision in stage.decisions())


def _places(stage: Stage) -> dict[int, set[int]]:
    """Offsets of the source whose outcome can be read, by partition."""
    places: dict[int, set[int]] = {}
    for decision in stage.decisions():
        places.setdefault(decision["source"]["partition"], set()).add(decision["source"]["offset"])
    for letter in stage.read(DEAD):
        headers = dict(letter.headers())
        place = int(headers["codiflux-original-partition"])
        places.setdefault(place, set()).add(int(headers["codiflux-original-offset"]))
    return places


def test_every_filing_is_decided_once_and_all_is_committed(stage: Stage) -> None:
    """Without a crash there is one decision a filing, on one lane, and the group stands at the end."""
    identities = stage.send_filings(1_000)
    stage.worker().until_ready()
    stage.until_through()
    assert _identities(stage) == Counter(identities)
    assert not stage.read(DEAD)
    audited = [message.value() for message in stage.read(AUDIT)]
    assert set(audited) <= {message.value() for message in stage.read(AUTO)}


def test_a_committed_offset_never_stands_beyond_what_can_be_read_on_the_outputs(stage: Stage) -> None:
    """At every moment looked at, all before the committed offset has its outcome readable."""
    stage.send_filings(4_000)
    stage.worker(batch_size=50, commit_interval_seconds=0.05).until_ready()
    moments = 0

    def looked_at_to_the_end() -> bool:
        nonlocal moments
        committed = stage.committed()
        places = _places(stage)
        for partition, offset in committed.items():
            assert set(range(offset)) <= places.get(partition, set()), f"partition {partition}, committed {offset}"
        moments += sum(committed.values()) > 0
        return committed == stage.ends(RECEIVED)

    until(looked_at_to_the_end, "all is committed")
    assert moments > 0


def test_decisions_keep_the_order_of_their_partition(stage: Stage) -> None:
    """What one partition brought is written in that order, lane by lane, whatever the batches."""
    stage.send_filings(1_500, partition=1)
    stage.worker(batch_size=37, threshold=0.0).until_ready()
    stage.until_through()
    offsets = [decision["source"]["offset"] for decision in stage.decisions(AUTO)]
    by_key: dict[int, list[int]] = {}
    for message in stage.read(AUTO):
        by_key.setdefault(message.partition(), []).append(json.loads(message.value())["source"]["offset"])
    assert len(offsets) > 100
    assert all(written == sorted(written) for written in by_key.values())


def _each_has_one_decision_id(stage: Stage, filings: int) -> bool:
    ids: dict[str, set[str]] = {}
    for decision in stage.decisions():
        ids.setdefault(decision["formality_id"], set()).add(decision["decision_id"])
    return len(ids) == filings and all(len(copies) == 1 for copies in ids.values())


def test_a_filing_decided_by_two_groups_has_one_decision_id(stage: Stage) -> None:
    """Another group begins at the beginning and decides alike, to the decision id."""
    stage.send_filings(300)
    stage.worker().until_ready()
    stage.worker(consumer_group="codiflux-again").until_ready()
    until(lambda: len(stage.decisions()) >= 600, "all is decided twice")
    assert _each_has_one_decision_id(stage, 300)


def test_a_redelivered_filing_gets_the_same_decision_id(stage: Stage, embedded_cannot: Any) -> None:
    """A group set back decides again from there, and each copy bears the first one's decision id."""
    embedded_cannot("the embedded broker takes commits from members of the group only")
    stage.send_filings(400)
    first = stage.worker().until_ready()
    stage.until_through()
    assert first.stop() == 0
    ends = stage.committed()
    stage.commit({partition: end // 2 for partition, end in ends.items()})
    again = sum(end - end // 2 for end in ends.values())
    stage.worker().until_ready()
    stage.until_through()
    assert len(stage.decisions()) == 400 + again
    assert _each_has_one_decision_id(stage, 400)


def test_a_worker_that_joins_and_one_that_leaves_lose_nothing(stage: Stage, embedded_cannot: Any) -> None:
    """Filings keep coming while a second worker joins and leaves: every one is decided."""
    embedded_cannot("the embedded broker refuses the SyncGroup of a second member (InvalidRequest)")
    assert stage.broker.kind == "real"
    sent = stage.send_filings(500)
    settings: dict[str, Any] = {"batch_size": 25, "in_flight_batches": 2}
    stage.worker(**settings).until_ready()
    for _ in range(2):
        second = stage.worker(**settings)
        while "worker_started" not in second.text():
            assert second.process.poll() is None, second.text()
            stage.feed(sent, 250)
        for _ in range(4):
            stage.feed(sent, 250)
        assert second.stop() == 0
        for _ in range(4):
            stage.feed(sent, 250)
    stage.until_through()
    assert set(_identities(stage)) == set(sent)


def test_sigterm_in_the_middle_leaves_nothing_half_done(stage: Stage) -> None:
    """Exit 0 within ten seconds, what was in flight committed: the next worker repeats nothing."""
    identities = stage.send_filings(6_000)
    first = stage.worker(batch_size=50, commit_interval_seconds=5).until_ready()
    until(lambda: _written(stage) > 200, "it is in the middle")
    assert first.stop() == 0
    assert 0 < _written(stage) == sum(stage.committed().values())
    stage.worker().until_ready()
    stage.until_through()
    assert _identities(stage) == Counter(identities)


def test_kill_9_loses_nothing(stage: Stage) -> None:
    """A killed worker's filings are decided by the next; copies agree."""
    identities = stage.send_filings(6_000)
    first = stage.worker(batch_size=50, session_timeout_seconds=SESSION_SECONDS).until_ready()
    until(lambda: _written(stage) > 200, "it is in the middle")
    first.kill()
    stage.worker().until_ready()
    stage.until_through()
    assert set(_identities(stage)) == set(identities)
    pairs = {(d["formality_id"], d["decision_id"]) for d in stage.decisions()}
    assert len(pairs) == len(identities)


def test_a_worker_that_was_asleep_beyond_its_session_commits_nothing_of_others(stage: Stage) -> None:
    """SIGSTOP past the session timeout, another takes over, SIGCONT: all is decided, none lost."""
    identities = stage.send_filings(8_000)
    sleeper = stage.worker(batch_size=50, session_timeout_seconds=SESSION_SECONDS).until_ready()
    until(lambda: _written(stage) > 200, "it is in the middle")
    sleeper.signal(signal.SIGSTOP)
    stage.worker().until_ready()
    stage.until_through()
    sleeper.signal(signal.SIGCONT)
    more = stage.send_filings(500, start=len(identities))
    stage.until_through()
    assert set(_identities(stage)) == {*identities, *more}
    assert sleeper.stop() in {0, 75}


def test_a_broker_restart_loses_nothing(stage: Stage, embedded_cannot: Any) -> None:
    """The worker goes on, or ends without commit and is started again; all is decided."""
    embedded_cannot("the embedded broker is memory of this process: ended, it has forgotten everything")
    assert stage.broker.restart is not None
    identities = stage.send_filings(5_000)
    worker = stage.worker(batch_size=25).until_ready()
    until(lambda: _written(stage) > 100, "it is in the middle")
    stage.broker.restart()
    identities += stage.send_filings(1_000, start=len(identities))

    def through() -> bool:
        nonlocal worker
        if worker.process.poll() is not None:
            # As the supervisor does.
            assert worker.process.returncode in {69, 70, 75}, worker.text()[-2000:]
            worker = stage.worker().until_ready()
        return stage.through()

    until(through, "all is committed", seconds=60)
    assert set(_identities(stage)) == set(identities)
