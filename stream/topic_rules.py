"""What each topic should be on the broker; pure, `stream/topics.py` asks and makes.

| property | should be |
| --- | --- |
| partitions | 1 where order over the whole topic matters, else as many as the source has |
| cleanup.policy | as in schemas/topics.py |
| retention.ms | as in schemas/topics.py, or longer: consumers count on that span |
| max.message.bytes | what the source lets in, plus room: a Decision embeds its filing |
| min.insync.replicas | 2 with three replicas: an acknowledged message survives one broker |
"""

from __future__ import annotations

from collections.abc import Mapping

from schemas import topics
from schemas.topics import TopicSpec
from stream.kafka.admin import TopicShape

DEFAULT_PARTITIONS = 12
"""More than one machine needs today: adding some later moves keys to other partitions."""
DEFAULT_REPLICATION = 3
"""As many as there are brokers where there are fewer."""
SOURCE_MAX_BYTES = 1_048_588
"""Kafka's own default, a little above the largest filing we read."""
ROOM_BYTES = 131_072
"""What a Decision or the provenance of a dead letter adds to the message it comes from, at most.

A filing has three texts of 2,000 characters, six bytes each where JSON escapes them; an error text
has 1,000 characters.
"""
DERIVED = frozenset(topics.TOPIC_OF_ROUTE.values()) | {topics.AUDIT, topics.DEAD_LETTER}
"""Topics whose messages embed one of the source."""
FOREVER = -1

Configuration = Mapping[str, str]


def expected_configuration(spec: TopicSpec, *, replicas: int) -> dict[str, str]:
    """A topic's configuration in the broker's words.

    >>> expected_configuration(topics.TOPICS[0], replicas=3)["retention.ms"]
    '2592000000'
    """
    retention = FOREVER if spec.retention_seconds is None else spec.retention_seconds * 1000
    return {
        "cleanup.policy": "compact" if spec.compacted else "delete",
        "retention.ms": str(retention),
        "max.message.bytes": str(SOURCE_MAX_BYTES + (ROOM_BYTES if spec.name in DERIVED else 0)),
        "min.insync.replicas": "2" if replicas >= DEFAULT_REPLICATION else "1",
    }


def problems_of(
    spec: TopicSpec,
    shape: TopicShape,
    configuration: Configuration | None,
    *,
    partitions: int | None,
    source_max_bytes: int = SOURCE_MAX_BYTES,
) -> tuple[str, ...]:
    """What does not match about one topic, in words.

    Parameters
    ----------
    configuration
        `None`: the broker cannot say, and nothing of it is compared (its partitions need not be one).
    partitions
        What a topic keyed by filing must have; `None` when it is not known.
    source_max_bytes
        Largest message formality.received takes: what is made from one must fit as well.
    """
    found = list(breaking_problems_of(spec, shape, configuration, partitions=partitions))
    if configuration is not None:
        found += _configuration_problems(spec, shape, configuration, source_max_bytes)
    return tuple(found)


def breaking_problems_of(
    spec: TopicSpec, shape: TopicShape, configuration: Configuration | None, *, partitions: int | None
) -> tuple[str, ...]:
    """Of `problems_of`, what no worker may run on: filings would lose their partition, or vanish."""
    found = []
    if spec.single_partition:
        if shape.partitions != 1 and configuration is not None:
            found.append(f"{shape.partitions} partitions, it must have one")
    elif _keyed_by_filing(spec) and partitions is not None and shape.partitions != partitions:
        found.append(f"{shape.partitions} partitions, not {partitions} as {topics.RECEIVED}")
    wanted = "compact" if spec.compacted else "delete"
    if configuration is not None and configuration["cleanup.policy"] != wanted:
        found.append(f"cleanup.policy={configuration['cleanup.policy']}, not {wanted}")
    return tuple(found)


def _configuration_problems(
    spec: TopicSpec, shape: TopicShape, configuration: Configuration, source_max_bytes: int
) -> list[str]:
    wanted = expected_configuration(spec, replicas=shape.replicas)
    found = []
    if not spec.compacted and _span(configuration["retention.ms"]) < _span(wanted["retention.ms"]):
        found.append(f"retention.ms={configuration['retention.ms']}, less than {wanted['retention.ms']}")
    room = source_max_bytes + ROOM_BYTES if spec.name in DERIVED else int(wanted["max.message.bytes"])
    if int(configuration["max.message.bytes"]) < room:
        found.append(f"max.message.bytes={configuration['max.message.bytes']}, less than {room}")
    if int(configuration["min.insync.replicas"]) < int(wanted["min.insync.replicas"]):
        found.append(
            f"min.insync.replicas={configuration['min.insync.replicas']} with {shape.replicas} replicas, not 2"
        )
    if int(configuration["min.insync.replicas"]) > shape.replicas:
        found.append(
            f"min.insync.replicas={configuration['min.insync.replicas']}, more than its {shape.replicas} replicas"
        )
    return found


def _keyed_by_filing(spec: TopicSpec) -> bool:
    return spec.name.startswith("formality.") and not spec.single_partition


def _span(retention: str) -> float:
    return float("inf") if int(retention) == FOREVER else int(retention)
