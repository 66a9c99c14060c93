"""The topics as they should be on the broker: making them, and comparing them with what is there.

| property | should be | why |
| --- | --- | --- |
| partitions | 1 where order over the whole topic matters, else the source's number | a filing's messages meet in one partition |
| cleanup.policy | as in schemas/topics.py | a compacted stream would lose decisions |
| retention.ms | as in schemas/topics.py, or longer | consumers count on that span |
| max.message.bytes | at least what the source lets in, plus room | a Decision embeds its filing, a dead letter adds headers |
| min.insync.replicas | 2 with three replicas or more | an acknowledged message survives one broker |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas import topics
from schemas.topics import TopicSpec
from stream.errors import BrokerUnavailable
from stream.kafka.admin import Cluster, TopicShape, TopicToMake
from stream.settings import Settings

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


@dataclass(frozen=True, slots=True)
class TopicState:
    """One topic of ours beside what the broker has.

    Parameters
    ----------
    name
        On the broker, with prefix.
    shape
        `None` when it is not there.
    configuration
        `None` when the broker cannot be asked.
    made
        Created just now.
    problems
        What does not match, in words; empty when all does.
    """

    spec: TopicSpec
    name: str
    shape: TopicShape | None
    configuration: Configuration | None
    made: bool
    problems: tuple[str, ...]


def create_topics(
    settings: Settings, *, partitions: int | None = None, replication: int | None = None
) -> list[TopicState]:
    """Make the topics that are not there; those that are stay as they are, and are compared.

    Parameters
    ----------
    partitions
        Of the topics with filings; by default as many as formality.received has, or 12.
    replication
        Copies of each partition; by default 3, or one a broker where there are fewer.

    Raises
    ------
    BrokerUnavailable
        Kafka does not answer, or refuses a topic.
    """
    cluster = Cluster(settings)
    _require_controller(cluster, settings)
    there = cluster.topics()
    received = there.get(settings.topic(topics.RECEIVED))
    count = partitions or (received.partitions if received else DEFAULT_PARTITIONS)
    copies = replication or min(DEFAULT_REPLICATION, cluster.brokers)
    wanted = [
        TopicToMake(
            settings.topic(spec.name),
            1 if spec.single_partition else count,
            copies,
            expected_configuration(spec, replicas=copies),
        )
        for spec in topics.TOPICS
        if settings.topic(spec.name) not in there
    ]
    refused = [f"{name}: {why}" for name, why in cluster.create(wanted).items() if why is not None]
    if refused:
        raise BrokerUnavailable(f"Kafka does not create {'; '.join(refused)}")
    return _states(cluster, settings, made={topic.name for topic in wanted}, partitions=partitions)


def check_topics(settings: Settings, *, embedded: bool = False) -> list[TopicState]:
    """Compare the broker's topics with what they should be.

    Parameters
    ----------
    embedded
        The broker is librdkafka's: it makes topics when they are named, four partitions each, and
        cannot tell their configuration. Only partitions are compared then. Without this flag such a
        broker is refused, so that no installation runs on a half check by accident.

    Raises
    ------
    BrokerUnavailable
    """
    cluster = Cluster(settings)
    if embedded:
        cluster.name_topics([settings.topic(spec.name) for spec in topics.TOPICS])
    else:
        _require_controller(cluster, settings)
    return _states(cluster, settings, described=not embedded)


def require_topics(settings: Settings, *, embedded: bool = False) -> None:
    """Refuse to start on topics that do not match; `embedded` as in `check_topics`.

    Raises
    ------
    BrokerUnavailable
        One line naming what does not match.
    """
    refusal = refusal_of(check_topics(settings, embedded=embedded))
    if refusal is not None:
        raise BrokerUnavailable(refusal)


def refusal_of(states: list[TopicState]) -> str | None:
    """The one line for topics that do not match, or `None` when all do."""
    missing = [state.name for state in states if state.shape is None]
    wrong = [f"{state.name}: {problem}" for state in states if state.shape for problem in state.problems]
    if missing:
        wrong.insert(0, f"{', '.join(missing)} not there, make them with `codiflux topics create`")
    return f"Kafka's topics do not match: {'; '.join(wrong)}" if wrong else None


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
    found = []
    if spec.single_partition:
        if shape.partitions != 1 and configuration is not None:
            found.append(f"{shape.partitions} partitions, it must have one")
    elif _keyed_by_filing(spec) and partitions is not None and shape.partitions != partitions:
        found.append(f"{shape.partitions} partitions, not {partitions} as {topics.RECEIVED}")
    if configuration is not None:
        found += _configuration_problems(spec, shape, configuration, source_max_bytes)
    return tuple(found)


def _configuration_problems(
    spec: TopicSpec, shape: TopicShape, configuration: Configuration, source_max_bytes: int
) -> list[str]:
    wanted = expected_configuration(spec, replicas=shape.replicas)
    found = []
    if configuration["cleanup.policy"] != wanted["cleanup.policy"]:
        found.append(f"cleanup.policy={configuration['cleanup.policy']}, not {wanted['cleanup.policy']}")
    elif not spec.compacted and _span(configuration["retention.ms"]) < _span(wanted["retention.ms"]):
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
            f"min.insync.replicas={configuration['min.insync.replicas']} with {shape.replicas} replicas: no write succeeds"
        )
    return found


def _states(
    cluster: Cluster,
    settings: Settings,
    *,
    made: frozenset[str] | set[str] = frozenset(),
    partitions: int | None = None,
    described: bool = True,
) -> list[TopicState]:
    there = cluster.topics()
    names = {spec.name: settings.topic(spec.name) for spec in topics.TOPICS}
    present = [name for name in names.values() if name in there]
    configurations = cluster.configurations(present) if described else {}
    received = there.get(names[topics.RECEIVED])
    count = partitions or (received.partitions if received else None)
    source = configurations.get(names[topics.RECEIVED], {})
    source_max_bytes = int(source.get("max.message.bytes", SOURCE_MAX_BYTES))
    states = []
    for spec in topics.TOPICS:
        name = names[spec.name]
        shape, configuration = there.get(name), configurations.get(name)
        problems = (
            ("not there",)
            if shape is None
            else problems_of(spec, shape, configuration, partitions=count, source_max_bytes=source_max_bytes)
        )
        states.append(TopicState(spec, name, shape, configuration, name in made, problems))
    return states


def _keyed_by_filing(spec: TopicSpec) -> bool:
    return spec.name.startswith("formality.") and not spec.single_partition


def _span(retention: str) -> float:
    return float("inf") if int(retention) == FOREVER else int(retention)


def _require_controller(cluster: Cluster, settings: Settings) -> None:
    if not cluster.has_controller:
        raise BrokerUnavailable(
            f"the broker at {settings.kafka_bootstrap_servers} has no controller and cannot describe topics:"
            " is it the embedded test broker, or a cluster without a quorum?"
        )
