"""The topics on the broker: making them, and comparing them with what they should be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
    breaking_problems_of,
    expected_configuration,
    problems_of,
)

NAMED_IN_REFUSAL = 3
OF_THE_WORKER = frozenset({topics.RECEIVED, *topics.TOPIC_OF_ROUTE.values(), topics.AUDIT, topics.DEAD_LETTER})


NOT_THERE: tuple[str, ...] = ("not there",)


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
    breaking
        Of those, what no worker may run on.
    """

    spec: TopicSpec
    name: str
    shape: TopicShape | None
    configuration: Configuration | None
    made: bool
    problems: tuple[str, ...]
    breaking: tuple[str, ...]


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


def require_topics(settings: Settings, *, embedded: bool = False) -> list[str]:
    """Refuse to start a worker on topics that would lose filings; `embedded` as in `check_topics`.

    Returns
    -------
    list[str]
        What else does not match on the worker's topics (retention, sizes), for a warning: a broker
        that keeps messages for a shorter time is somebody's decision, and coding goes on.

    Raises
    ------
    BrokerUnavailable
        One line: a topic is missing, compacted, or has other partitions than the source.
    """
    states = [state for state in check_topics(settings, embedded=embedded) if state.spec.name in OF_THE_WORKER]
    refusal = _refusal({state.name: state.breaking for state in states if state.breaking})
    if refusal is not None:
        raise BrokerUnavailable(refusal)
    return [f"{state.name}: {problem}" for state in states for problem in state.problems]


def refusal_of(states: list[TopicState]) -> str | None:
    """The one line for topics that do not match, or `None` when all do."""
    return _refusal({state.name: state.problems for state in states if state.problems})


def _refusal(problems: Mapping[str, tuple[str, ...]]) -> str | None:
    missing = [name for name, found in problems.items() if found == NOT_THERE]
    wrong = [f"{name}: {problem}" for name, found in problems.items() if found != NOT_THERE for problem in found]
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
        problems = breaking = NOT_THERE
        if shape is not None:
            problems = problems_of(spec, shape, configuration, partitions=count, source_max_bytes=source_max_bytes)
            breaking = breaking_problems_of(spec, shape, configuration, partitions=count)
        states.append(TopicState(spec, name, shape, configuration, name in made, problems, breaking))
    return states


def _require_controller(cluster: Cluster, settings: Settings) -> None:
    if not cluster.has_controller:
        raise BrokerUnavailable(
            f"the broker at {settings.kafka_bootstrap_servers} has no controller and cannot describe topics:"
            " is it the embedded test broker, or a cluster without a quorum?"
        )
