"""Headers: CloudEvents of a decision, what travels through, provenance of a dead letter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from schemas import headers as h
from schemas import topics
from schemas.codec import decode
from schemas.dead_letter import DeadLetter, attempt_of
from schemas.decision import Decision
from schemas.reasons import DeadLetterReason
from stream.worker.pipeline import cloud_event

GOLDEN = Path(__file__).resolve().parents[2] / "contract" / "golden" / "v1" / "decision.auto.json"


@pytest.fixture
def decision() -> Decision:
    return decode(Decision, GOLDEN.read_bytes())


def test_the_attributes_of_a_decision_follow_the_kafka_binding(decision: Decision) -> None:
    """Binary mode: `ce_` before each attribute, content-type for the value's media type."""
    headers = dict(cloud_event(decision, topics.AUTO_CODED))
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": decision.decision_id.encode(),
        "ce_source": b"/codiflux/worker",
        "ce_type": b"fr.codiflux.formality.auto-coded.v1",
        "ce_subject": decision.formality_id.encode(),
        "ce_time": headers["ce_time"],
        "content-type": b"application/json",
    }
    assert datetime.fromisoformat(str(headers["ce_time"], "ascii")) == decision.decided_at


def test_one_moment_at_two_offsets_keeps_both_spellings(decision: Decision) -> None:
    """Equal moments are one key of a cache, and must not be one header."""
    paris = decision.decided_at.astimezone(timezone(timedelta(hours=2)))
    later = decision.model_copy(update={"decided_at": paris})

    for one in (decision, later, decision):
        headers = dict(cloud_event(one, topics.AUTO_CODED))
        assert headers["ce_time"] == one.decided_at.isoformat().encode()


def test_the_cloudevents_library_reads_our_headers(decision: Decision) -> None:
    """The referee is CloudEvents' own Python SDK."""
    kafka = pytest.importorskip("cloudevents.core.bindings.kafka")
    formats = pytest.importorskip("cloudevents.core.formats.json")
    headers = dict(cloud_event(decision, topics.REVIEW))
    event = kafka.from_binary(
        kafka.KafkaMessage(headers=headers, key=decision.formality_id.encode(), value=GOLDEN.read_bytes()),
        formats.JSONFormat(),
    )
    assert event.get_id() == decision.decision_id
    assert event.get_type() == "fr.codiflux.formality.review.v1"
    assert event.get_time() == decision.decided_at
    assert event.get_data()["formality_id"] == decision.formality_id


def test_every_topic_of_decisions_has_an_event_type() -> None:
    """None would be a `KeyError` in the worker."""
    assert h.EVENT_TYPES.keys() == {topic.name for topic in topics.TOPICS if topic.payload == "Decision"}


def test_the_producers_headers_travel_but_what_describes_the_filing_stays() -> None:
    """Own headers in order, a name twice or without a value; `ce_*` in any case and provenance do not travel."""
    own = [("traceparent", b"00-ab"), ("tenant", b"a"), ("tenant", b"b"), ("empty", None)]
    about = [("CE_ID", b"1"), ("ce_myextension", b"x"), ("Content-Type", b"text/plain")]
    about += [(name, b"x") for name in sorted(h.PROVENANCE)]
    assert h.passed_through([*about, *own]) == own


@pytest.mark.parametrize("timestamp", [datetime(2026, 3, 2, 7, 15, 30, 250_000, tzinfo=UTC), None])
def test_provenance_survives_its_headers(timestamp: datetime | None) -> None:
    """What is read from the headers is what was written."""
    letter = DeadLetter(
        topic="formality.received",
        partition=3,
        offset=2**40,
        timestamp=timestamp,
        reason=DeadLetterReason.NOT_JSON,
        error="line 1, é",
        worker_version="0.1.0",
        attempt=2,
    )
    headers = letter.to_headers()
    assert {name for name, _ in headers} == h.PROVENANCE
    assert DeadLetter.from_headers(headers) == letter  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "attempt"), [(None, 1), (b"", 1), (b"1", 2), (b"12", 13), (b"-1", 1), (b"x", 1), (b"9" * 5_000, 1)]
)
def test_the_next_attempt_follows_from_the_header(written: bytes | None, attempt: int) -> None:
    """A header anyone may write does not end the worker."""
    assert attempt_of([("other", b"7"), (h.ATTEMPT, written)]) == attempt
