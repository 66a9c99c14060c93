"""The topics on the broker: making them, and comparing them with what they should be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from schemas import topics
from schemas.topics import TopicSpec
from stream.errors import BrokerUnavailable, UsageError
from stream.kafka.admin import Cluster, TopicShape, TopicToMake
from stream.settings import Settings
from stream.topic_rules import (
    DEFAULT_PARTITIONS,
    DEFAULT_REPLICATION,
    SOURCE_MAX_BYTES,
    Configuration,
    expected_configuration,
    problems_of,
)

NAMED_IN_REFUSAL = 3


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
    UsageError
        `partitions` is not what formality.received already has.
    """
    cluster = Cluster(settings)
    _require_controller(cluster, settings)
    there = cluster.topics()
    received = there.get(settings.topic(topics.RECEIVED))
    if received and partitions not in (None, received.partitions):
        raise UsageError(
            f"{settings.topic(topics.RECEIVED)} has {received.partitions} partitions, and the others must have as many:"
            f" leave --partitions out, or give {received.partitions}"
        )
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
    return _states(cluster, settings, made={topic.name for topic in wanted})


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
    if len(wrong) > NAMED_IN_REFUSAL:
        wrong = [*wrong[:NAMED_IN_REFUSAL], f"and {len(wrong) - NAMED_IN_REFUSAL} more, see `codiflux topics check`"]
    return f"Kafka's topics do not match: {'; '.join(wrong)}" if wrong else None


def _states(
    cluster: Cluster,
    settings: Settings,
    *,
    made: Collection[str] = (),
    described: bool = True,
) -> list[TopicState]:
    there = cluster.topics()
    names = {spec.name: settings.topic(spec.name) for spec in topics.TOPICS}
    present = [name for name in names.values() if name in there]
    configurations = cluster.configurations(present) if described else {}
    received = there.get(names[topics.RECEIVED])
    count = received.partitions if received else None
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


def _require_controller(cluster: Cluster, settings: Settings) -> None:
    if not cluster.has_controller:
        raise BrokerUnavailable(
            f"the broker at {settings.kafka_bootstrap_servers} has no controller and cannot describe topics:"
            " is it the embedded test broker, or a cluster without a quorum?"
        )
