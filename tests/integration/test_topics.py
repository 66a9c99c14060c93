"""`codiflux topics` and `codiflux simulate` on a real Kafka, and the check on the embedded broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from schemas import topics
from schemas.topics import TOPICS
from stream.embedded import embedded_broker
from stream.errors import BrokerUnavailable, UsageError
from stream.kafka.admin import Cluster, TopicToMake
from stream.kafka.reader import read_topics
from stream.settings import Settings
from stream.topics import check_topics, create_topics, refusal_of, require_topics


def codiflux(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CODIFLUX_")} | {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": settings.topic_prefix,
    }
    command = [sys.executable, "-m", "stream.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.kafka
def test_topics_are_made_once_and_then_match(kafka_settings: Settings) -> None:
    """A second create makes nothing and a check finds nothing wrong."""
    made = create_topics(kafka_settings, partitions=5)
    again = create_topics(kafka_settings)
    assert [state.made for state in made] == [True] * len(TOPICS)
    assert not any(state.made or state.problems for state in again)
    assert {state.shape.partitions for state in again if state.shape} == {1, 5}
    require_topics(kafka_settings)


@pytest.mark.kafka
def test_a_topic_that_differs_is_refused_and_never_changed(kafka_settings: Settings) -> None:
    """Create leaves it as it is; check and the worker's start say what is wrong with it."""
    name = kafka_settings.topic(topics.REVIEW)
    Cluster(kafka_settings).create([TopicToMake(name, 2, 1, {"retention.ms": "1000"})])
    states = create_topics(kafka_settings, partitions=4)
    refusal = refusal_of(states)
    assert refusal is not None
    assert f"{name}: 2 partitions, not 4 as formality.received" in refusal
    assert Cluster(kafka_settings).topics()[name].partitions == 2
    with pytest.raises(BrokerUnavailable, match=f"{name}: 2 partitions, not 4"):
        require_topics(kafka_settings)
    with pytest.raises(UsageError, match="has 4 partitions"):
        create_topics(kafka_settings, partitions=8)


@pytest.mark.kafka
def test_a_worker_starts_on_a_shorter_retention_with_a_warning(kafka_settings: Settings) -> None:
    """How long messages are kept is the operator's affair; that they are lost is not."""
    name = kafka_settings.topic(topics.REVIEW)
    Cluster(kafka_settings).create([TopicToMake(name, 4, 1, {"retention.ms": "1000"})])
    create_topics(kafka_settings, partitions=4)
    assert any("retention.ms=1000, less than" in warning for warning in require_topics(kafka_settings))


@pytest.mark.kafka
def test_missing_topics_are_refused_with_the_command_that_makes_them(kafka_settings: Settings) -> None:
    """By the command: a line on standard error, the list on standard output, exit code 69."""
    done = codiflux(kafka_settings, "topics", "check", "--json")
    assert done.returncode == 69
    assert "make them with `codiflux topics create`" in done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["match"] is False


@pytest.mark.kafka
def test_simulated_messages_arrive_with_the_reported_counts(kafka_settings: Settings) -> None:
    """What the summary says is on the topic; a second run with --start writes the same bytes."""
    create_topics(kafka_settings, partitions=2)
    flags = ["--rate", "max", "--count", "400", "--seed", "9", "--malformed", "0.1", "--start", "2026-01-02", "--json"]
    first = json.loads(codiflux(kafka_settings, "simulate", *flags).stdout.splitlines()[-1])
    codiflux(kafka_settings, "simulate", *flags)
    found = Counter((r.key, r.value) for r in read_topics(kafka_settings, [kafka_settings.topic(topics.RECEIVED)]))
    assert first["sent"] == 400
    assert first["malformed"] == sum(first["by_kind"].values()) - first["by_kind"]["codable"] - first["uncodable"]
    assert len(found) == 400
    assert set(found.values()) == {2}


@pytest.mark.kafka
def test_redrive_asks_before_it_sends(kafka_settings: Settings) -> None:
    """Without a terminal it lists by reason and refuses, unless told --yes."""
    create_topics(kafka_settings, partitions=1)
    listed = codiflux(kafka_settings, "dead-letters", "list", "--json")
    assert json.loads(listed.stdout.splitlines()[-1]) == {"total": 0, "by_reason": {}, "letters": []}
    nothing = codiflux(kafka_settings, "dead-letters", "redrive")
    assert (nothing.returncode, nothing.stdout.splitlines()[0]) == (0, "0 would be sent")
    wrong = codiflux(kafka_settings, "dead-letters", "list", "--since", "yesterday")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


@pytest.fixture
def embedded() -> Iterator[Settings]:
    """Settings of librdkafka's own broker."""
    with embedded_broker([]) as address:
        yield Settings(kafka_bootstrap_servers=address, topic_prefix="e.")


def test_a_broker_that_cannot_describe_topics_is_refused_unless_it_is_known(embedded: Settings) -> None:
    """The half check needs its flag; with it, partitions are still compared."""
    with pytest.raises(BrokerUnavailable, match="cannot describe topics"):
        require_topics(embedded)
    require_topics(embedded, embedded=True)
    assert all(state.configuration is None for state in check_topics(embedded, embedded=True))
