"""Dead letters on a real Kafka: listing, and sending back each once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas import headers as h
from schemas import topics
from schemas.codec import encode
from schemas.dead_letter import DeadLetter, attempt_of
from schemas.reasons import DeadLetterReason
from schemas.redrive import RedriveNote, RedriveState
from stream import redrive as module
from stream.dead_letters import Selection, letter_at, letters, summary_of
from stream.errors import StreamError, UsageError
from stream.kafka.admin import Cluster
from stream.kafka.reader import read_topics
from stream.kafka.sender import sender_of
from stream.kafka.sole import sole_member
from stream.records import Outgoing, Record
from stream.redrive import GROUP, copy_of, plan, redrive
from stream.redrive_journal import read_journal
from stream.settings import Settings
from stream.topics import create_topics

pytestmark = pytest.mark.kafka
EVERYTHING = Selection()
FAILED = DeadLetterReason.PREDICTION_FAILED
PARTITIONS = 3


@pytest.fixture
def settings(kafka_settings: Settings) -> Settings:
    """Topics are made, nothing is on them."""
    create_topics(kafka_settings, partitions=PARTITIONS)
    return kafka_settings


def write(settings: Settings, *messages: Outgoing) -> None:
    failures: list[str] = []
    with sender_of(settings, lambda _, fate: failures.append(fate.error) if fate.error else None) as sender:
        for message in messages:
            sender.post(message)
    assert not failures


def bury(
    settings: Settings, number: int, *, reason: DeadLetterReason = FAILED, start: int = 0, attempt: int = 1
) -> None:
    """Dead letters as the worker writes them, with bytes that are not UTF-8 among them."""
    provenance = DeadLetter(
        topic=settings.topic(topics.RECEIVED),
        partition=0,
        offset=0,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        reason=reason,
        error="it did not go",
        worker_version="0",
        attempt=attempt,
    )
    write(
        settings,
        *(
            Outgoing(
                settings.topic(topics.DEAD_LETTER),
                f"key-{n}".encode(),
                b"\xff\x00bytes-%d" % n,
                [
                    ("traceparent", b"00-t-01"),
                    ("mark", None),
                    (h.REDRIVEN_FROM, b"older/0/0"),
                    *provenance.to_headers(),
                ],
            )
            for n in range(start, start + number)
        ),
    )


def received(settings: Settings) -> list[Record]:
    return list(read_topics(settings, [settings.topic(topics.RECEIVED)]))


def test_a_dead_letter_goes_back_with_its_key_bytes_and_own_headers_and_the_attempt_counts_on(
    settings: Settings,
) -> None:
    """The copy is the original; a second failure of it is attempt 2."""
    bury(settings, 1)
    [letter] = letters(settings)

    report = redrive(settings, EVERYTHING)

    [copy] = received(settings)
    assert report.sent == {"prediction_failed": 1}
    assert (copy.key, copy.value) == (b"key-0", b"\xff\x00bytes-0")
    assert list(copy.headers) == [
        ("traceparent", b"00-t-01"),
        ("mark", None),
        (h.ATTEMPT, b"1"),
        (h.REDRIVEN_FROM, letter.position.encode()),
    ]
    assert attempt_of(copy.headers) == 2


def test_a_dead_letter_is_not_sent_back_twice_whatever_the_filter(settings: Settings) -> None:
    """Part by reason, part by limit, then all: each letter is copied once."""
    bury(settings, 20)
    bury(settings, 10, reason=DeadLetterReason.NOT_UTF8, start=20)

    first = redrive(settings, Selection(reason=DeadLetterReason.NOT_UTF8), limit=4)
    dry = plan(settings, EVERYTHING)
    second = redrive(settings, EVERYTHING)
    third = redrive(settings, EVERYTHING)

    assert (first.sent.total(), second.sent.total(), third.sent.total()) == (4, 26, 0)
    assert (dry.sent.total(), dry.already) == (26, 4)
    assert third.already == 30
    assert sorted(record.key or b"" for record in received(settings)) == sorted(f"key-{n}".encode() for n in range(30))


@pytest.mark.parametrize(
    "between", [None, Selection(reason=DeadLetterReason.NOT_UTF8)], ids=["at once", "after another"]
)
def test_a_redrive_killed_between_sending_and_noting_is_followed_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, between: Selection | None
) -> None:
    """Copies without a note are found by their header; a run with another filter finds them too."""
    bury(settings, 10)
    monkeypatch.setattr(module, "BATCH_LETTERS", 4)
    noted = module._Run._note

    def dies_before_noting(self: module._Run, state: str, **details: Any) -> None:
        if state == "sent":
            raise KeyboardInterrupt
        noted(self, RedriveState(state), **details)

    with monkeypatch.context() as patched:
        patched.setattr(module._Run, "_note", dies_before_noting)
        with pytest.raises(KeyboardInterrupt):
            redrive(settings, EVERYTHING)
    assert len(received(settings)) == 4

    if between is not None:
        assert redrive(settings, between).sent.total() == 0
    rest = redrive(settings, EVERYTHING)

    assert (rest.sent.total(), rest.already) == (6, 4)
    assert len({record.key for record in received(settings)}) == len(received(settings)) == 10
    assert read_journal(settings, Cluster(settings)).interrupted == {}


def test_a_dry_run_writes_nothing(settings: Settings) -> None:
    """Neither a copy nor a note."""
    bury(settings, 3)
    assert plan(settings, EVERYTHING, limit=2).sent.total() == 2
    assert received(settings) == []
    assert list(read_topics(settings, [settings.topic(topics.REDRIVEN)])) == []


def test_a_second_redrive_at_the_same_time_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is at work, no other begins."""
    bury(settings, 1)
    with (
        monkeypatch.context() as patched,
        sole_member(settings, group=GROUP, topic=settings.topic(topics.REDRIVEN)),
    ):
        patched.setattr("stream.kafka.sole.PATIENCE_SECONDS", 4.0)
        with pytest.raises(StreamError, match="another redrive is at work"):
            redrive(settings, EVERYTHING)
    assert received(settings) == []
    assert redrive(settings, EVERYTHING).sent.total() == 1


def test_a_message_without_provenance_is_listed_and_left_alone(settings: Settings) -> None:
    """Someone else's message on the topic, or one whose topic is gone, has nowhere to go."""
    write(settings, Outgoing(settings.topic(topics.DEAD_LETTER), b"k", None, [("x", b"1")]))
    report = redrive(settings, EVERYTHING)
    assert (report.sent.total(), report.foreign) == (0, 1)
    assert summary_of(letters(settings), most=5).by_reason == {"foreign": 1}


def test_letters_are_counted_by_reason_and_selected_by_time(settings: Settings) -> None:
    """The newest rows are bounded, the counts are not; since is within, until is not."""
    bury(settings, 30)
    bury(settings, 12, reason=DeadLetterReason.NOT_JSON, start=30)
    summary = summary_of(letters(settings), most=10)
    assert summary.by_reason == {"prediction_failed": 30, "not_json": 12}
    assert len(summary.newest) == 10
    last = summary.newest[-1].record.timestamp
    assert Selection(since=last).holds(summary.newest[-1])
    assert not Selection(until=last).holds(summary.newest[-1])
    assert not Selection(since=last + timedelta(milliseconds=1)).holds(summary.newest[-1])


def test_one_letter_is_found_by_its_position(settings: Settings) -> None:
    """And a position that holds none is one line saying what is there."""
    bury(settings, 1)
    [letter] = letters(settings)
    assert letter_at(settings, letter.record.partition, letter.record.offset) == letter
    assert copy_of(letter).value == letter.record.value
    with pytest.raises(UsageError, match="holds offsets 0 to 0"):
        letter_at(settings, letter.record.partition, 5)
    with pytest.raises(UsageError, match="no partition 99, only 0 to 2"):
        letter_at(settings, 99, 0)


def test_copies_that_retention_removed_make_the_letters_doubtful(settings: Settings) -> None:
    """Nothing tells whether an interrupted run sent them: they are left out until asked for."""
    bury(settings, 2)
    topic = settings.topic(topics.RECEIVED)
    now = datetime.now(UTC) + timedelta(seconds=5)
    # As if the run had begun before what the topic now begins with.
    begun = RedriveNote(run="r", state=RedriveState.BEGUN, at=now, ends={topic: dict.fromkeys(range(PARTITIONS), -1)})
    write(settings, Outgoing(settings.topic(topics.REDRIVEN), b"r", encode(begun)))

    assert Cluster(settings).beginnings([topic])[topic, 0] == 0
    assert redrive(settings, EVERYTHING).doubtful == 2
    assert redrive(settings, EVERYTHING, again=True).sent.total() == 2
    assert redrive(settings, EVERYTHING, again=True).already == 2
