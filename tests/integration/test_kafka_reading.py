"""Bounded reading and the first answer of a cluster, on a real Kafka."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from schemas import topics
from stream.errors import BrokerUnavailable, UsageError
from stream.kafka.admin import Cluster, ping
from stream.kafka.reader import Span, read, read_topics, spans_of
from stream.kafka.sender import sender_of
from stream.records import Outgoing
from stream.settings import SecurityProtocol, Settings
from stream.topics import create_topics

pytestmark = pytest.mark.kafka


@pytest.fixture
def settings(kafka_settings: Settings) -> Settings:
    """Topics are made, nothing is on them."""
    create_topics(kafka_settings, partitions=3)
    return kafka_settings


def write(settings: Settings, first: int, number: int) -> None:
    with sender_of(settings, lambda _, fate: None) as sender:
        for n in range(first, first + number):
            sender.post(Outgoing(settings.topic(topics.RECEIVED), b"k%d" % n, b"v%d" % n, [("n", b"%d" % n)]))


def test_a_reading_ends_at_its_bounds_while_the_topic_grows(settings: Settings) -> None:
    """Messages written after the bounds were taken are not in it, and it does not wait for more."""
    write(settings, 0, 5_000)
    spans = spans_of(Cluster(settings), [settings.topic(topics.RECEIVED)])
    write(settings, 5_000, 500)
    found = list(read(settings, spans))
    assert sorted(int(r.value[1:]) for r in found if r.value) == list(range(5_000))
    for partition in range(3):
        offsets = [r.offset for r in found if r.partition == partition]
        assert offsets == list(range(len(offsets)))


def test_a_reading_commits_nothing_and_can_be_repeated(settings: Settings) -> None:
    """Two readings of the same bounds give the same messages."""
    write(settings, 0, 50)
    spans = spans_of(Cluster(settings), [settings.topic(topics.RECEIVED)])
    first, second = list(read(settings, spans)), list(read(settings, spans))
    assert sorted(first, key=lambda r: (r.partition, r.offset)) == sorted(second, key=lambda r: (r.partition, r.offset))


def test_a_reading_by_time_begins_and_ends_there(settings: Settings) -> None:
    """`since` is within, `until` is not."""
    write(settings, 0, 5)
    latest = max(r.timestamp for r in read_topics(settings, [settings.topic(topics.RECEIVED)]))
    edge = latest + timedelta(milliseconds=2)
    deadline = time.monotonic() + 5
    while time.time() <= edge.timestamp() and time.monotonic() < deadline:
        time.sleep(0.001)
    write(settings, 5, 5)
    name = settings.topic(topics.RECEIVED)
    assert {r.value for r in read_topics(settings, [name], since=edge)} == {b"v%d" % n for n in range(5, 10)}
    assert {r.value for r in read_topics(settings, [name], until=edge)} == {b"v%d" % n for n in range(5)}
    assert list(read_topics(settings, [name], since=edge + timedelta(days=1))) == []


def test_an_empty_or_missing_topic_ends_at_once(settings: Settings) -> None:
    """Nothing to read is nothing, not a wait; a topic that is not there is one line."""
    assert list(read_topics(settings, [settings.topic(topics.AUDIT)])) == []
    assert list(read(settings, [Span("x", 0, 5, 5)])) == []
    with pytest.raises(BrokerUnavailable, match="no topic nowhere"):
        list(read_topics(settings, ["nowhere"]))


def test_a_broker_that_is_not_there_is_one_line_within_ten_seconds() -> None:
    """The command says where it looked and which variable says so; no traceback, exit code 69."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "stream.cli", "topics", "check"],
        env={"CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 69
    [line] = done.stderr.strip().splitlines()
    assert line.startswith("codiflux: error: Kafka at 127.0.0.1:1 does not answer within 5 s (Connection refused)")
    assert "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS" in line
    assert time.monotonic() - begun < 30


def test_a_broker_without_tls_and_a_missing_certificate_are_told_apart(settings: Settings, tmp_path: Path) -> None:
    """Each names the variable to look at."""
    tls = settings.model_copy(update={"kafka_security_protocol": SecurityProtocol.SSL})
    with pytest.raises(BrokerUnavailable, match="does not speak TLS there: look at CODIFLUX_KAFKA_SECURITY_PROTOCOL"):
        ping(tls)
    with pytest.raises(UsageError, match=r"ssl\.ca\.location"):
        ping(tls.model_copy(update={"kafka_ssl_ca_file": tmp_path / "none.pem"}))
    sasl = {"kafka_sasl_username": "x", "kafka_sasl_password": SecretStr("y")}
    with pytest.raises(BrokerUnavailable, match="does not let us in"):
        ping(settings.model_copy(update=sasl | {"kafka_security_protocol": SecurityProtocol.SASL_PLAINTEXT}))
