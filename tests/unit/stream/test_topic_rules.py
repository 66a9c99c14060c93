"""What a topic must be on the broker, rule by rule."""

from __future__ import annotations

import pytest

from schemas import topics
from schemas.topics import TOPICS, TopicSpec
from stream.kafka.admin import TopicShape
from stream.topic_rules import ROOM_BYTES, SOURCE_MAX_BYTES, expected_configuration, problems_of

SPECS = {spec.name: spec for spec in TOPICS}
RECEIVED, AUTO, CONTROL = SPECS[topics.RECEIVED], SPECS[topics.AUTO_CODED], SPECS[topics.CONTROL]


@pytest.mark.parametrize("spec", TOPICS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("replicas", [1, 3])
def test_a_topic_made_as_expected_has_no_problem(spec: TopicSpec, replicas: int) -> None:
    """Create and check agree."""
    shape = TopicShape(1 if spec.single_partition else 6, replicas)
    assert problems_of(spec, shape, expected_configuration(spec, replicas=replicas), partitions=6) == ()


@pytest.mark.parametrize(
    ("spec", "changed", "problem"),
    [
        (RECEIVED, {"cleanup.policy": "compact"}, "cleanup.policy=compact, not delete"),
        (CONTROL, {"cleanup.policy": "delete"}, "cleanup.policy=delete, not compact"),
        (RECEIVED, {"retention.ms": "3600000"}, "retention.ms=3600000, less than 2592000000"),
        (SPECS[topics.LABELLED], {"retention.ms": "3600000"}, "retention.ms=3600000, less than -1"),
        (AUTO, {"max.message.bytes": str(SOURCE_MAX_BYTES)}, "max.message.bytes=1048588, less than 1179660"),
        (RECEIVED, {"min.insync.replicas": "1"}, "min.insync.replicas=1 with 3 replicas, not 2"),
        (RECEIVED, {"min.insync.replicas": "4"}, "min.insync.replicas=4, more than its 3 replicas"),
    ],
)
def test_each_setting_that_loses_messages_is_a_problem(spec: TopicSpec, changed: dict[str, str], problem: str) -> None:
    """One setting wrong, one line in words."""
    shape = TopicShape(1 if spec.single_partition else 6, 3)
    assert problems_of(spec, shape, expected_configuration(spec, replicas=3) | changed, partitions=6) == (problem,)


def test_more_than_needed_is_no_problem() -> None:
    """Longer retention and larger messages are the operator's to choose."""
    changed = {"retention.ms": "-1", "max.message.bytes": "9000000"}
    wanted = expected_configuration(RECEIVED, replicas=1) | changed
    assert problems_of(RECEIVED, TopicShape(6, 1), wanted, partitions=6) == ()


def test_outputs_must_take_what_a_larger_source_takes() -> None:
    """A source raised by hand needs its outputs raised too."""
    wanted = expected_configuration(AUTO, replicas=1)
    found = problems_of(AUTO, TopicShape(6, 1), wanted, partitions=6, source_max_bytes=5_000_000)
    assert found == (f"max.message.bytes={SOURCE_MAX_BYTES + ROOM_BYTES}, less than {5_000_000 + ROOM_BYTES}",)


def test_filings_meet_in_one_partition_or_not_at_all() -> None:
    """Another partition count than the source's is a problem; so is order lost over several."""
    assert problems_of(AUTO, TopicShape(4, 1), None, partitions=6) == ("4 partitions, not 6 as formality.received",)
    wanted = expected_configuration(CONTROL, replicas=1)
    assert problems_of(CONTROL, TopicShape(4, 1), wanted, partitions=6) == ("4 partitions, it must have one",)
