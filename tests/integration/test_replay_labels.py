"""Labels for a backtest from the live topic, on a real Kafka."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from models import nomenclature
from schemas import topics
from schemas.codec import encode
from schemas.label import Label, LabelOrigin
from stream.errors import UsageError
from stream.kafka.sender import sender_of
from stream.records import Outgoing
from stream.replay.label_sources import KAFKA, read_labels
from stream.settings import Settings
from stream.topics import create_topics

pytestmark = pytest.mark.kafka
NAF = nomenclature.load("naf-rev2")


@pytest.fixture
def settings(kafka_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Topics are made, and the environment names them as it does for the command."""
    create_topics(kafka_settings, partitions=2)
    monkeypatch.setenv("CODIFLUX_KAFKA_BOOTSTRAP_SERVERS", kafka_settings.kafka_bootstrap_servers)
    monkeypatch.setenv("CODIFLUX_TOPIC_PREFIX", kafka_settings.topic_prefix)
    return kafka_settings


def test_labels_are_read_from_the_live_topic_without_a_group(settings: Settings) -> None:
    """All that stand there when it begins, garbage counted; a second reading gives the same."""
    with pytest.raises(UsageError, match="no labels in it"):
        read_labels(KAFKA, NAF)
    with sender_of(settings, lambda _, fate: None) as sender:
        for number in range(40):
            label = Label(
                formality_id=f"J{number}",
                code="4322A",
                nomenclature="naf-rev2",
                origin=LabelOrigin.REVIEW,
                labelled_by="a1",
                labelled_at=datetime(2026, 3, 1, tzinfo=UTC),
            )
            sender.post(Outgoing(settings.topic(topics.LABELLED), b"J%d" % number, encode(label), []))
        sender.post(Outgoing(settings.topic(topics.LABELLED), b"x", b"no label", []))
    for found in (read_labels(KAFKA, NAF), read_labels(KAFKA, NAF)):
        assert sorted(found.formality_ids.to_pylist()) == sorted(f"J{number}" for number in range(40))
        assert found.unreadable == 1
