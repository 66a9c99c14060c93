"""Questions to a Kafka cluster, and the making of topics."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, OffsetSpec  # type: ignore[attr-defined]

from stream.errors import BrokerUnavailable, UsageError
from stream.kafka.configuration import client_configuration
from stream.settings import PREFIX, Settings

TIMEOUT_SECONDS = 5.0
LOOK_SECONDS = 0.25
REQUEST_SECONDS = 15.0
RETRY_SECONDS = 0.1
MOVING = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.UNKNOWN_LEADER_EPOCH,
    }
)
"""A topic just made, or a partition that changes its leader: right again in a moment."""
Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class TopicShape:
    """A topic as the metadata shows it."""

    partitions: int
    replicas: int


@dataclass(frozen=True, slots=True)
class TopicToMake:
    """A topic as it is to be created; `configuration` in the broker's words."""

    name: str
    partitions: int
    replicas: int
    configuration: Mapping[str, str] = field(default_factory=dict)


class Cluster:
    """A connection for administration.

    Parameters
    ----------
    timeout_seconds
        How long the first answer may take.

    Attributes
    ----------
    brokers
        How many there are.
    has_controller
        Without one (librdkafka's embedded broker) no topic can be made or described.
    identity
        What the cluster calls itself; empty where it does not say.

    Raises
    ------
    BrokerUnavailable
        No broker answers, or it does not let us in; the line says which and what to look at.
    UsageError
        librdkafka does not take the configuration (a certificate file that is not there).
    """

    def __init__(self, settings: Settings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._errors: list[KafkaError] = []
        try:
            # Its own log lines would say again, and worse, what our one line says.
            self._client = AdminClient(
                client_configuration(settings) | {"log_level": 0, "error_cb": self._errors.append}
            )
        except KafkaException as error:
            raise UsageError(f"Kafka client: {error.args[0].str()}") from error
        self._await_answer(settings, timeout_seconds)

    def _await_answer(self, settings: Settings, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while True:
            remaining = max(deadline - time.monotonic(), 0.05)
            try:
                answer = self._client.list_topics(timeout=min(LOOK_SECONDS, remaining))
            except KafkaException as error:
                self._client.poll(0)
                refusal = _refusal(self._errors, settings)
                if refusal is not None:
                    raise BrokerUnavailable(refusal) from error
                if time.monotonic() >= deadline:
                    raise BrokerUnavailable(_silence(self._errors, settings, timeout_seconds)) from error
            else:
                self.brokers = len(answer.brokers)
                self.has_controller = answer.controller_id in answer.brokers
                self.identity = answer.cluster_id or ""
                return

    def topics(self) -> dict[str, TopicShape]:
        """Every topic of the cluster by name."""
        try:
            found = self._client.list_topics(timeout=REQUEST_SECONDS).topics
        except KafkaException as error:
            raise _unavailable("listing topics", error) from error
        return {
            name: TopicShape(len(topic.partitions), min(len(p.replicas) for p in topic.partitions.values()))
            for name, topic in found.items()
            if topic.error is None and topic.partitions
        }

    def name_topics(self, names: Collection[str]) -> None:
        """Ask for each topic by its name: the embedded broker makes a topic when it is asked for."""
        try:
            for name in names:
                self._client.list_topics(name, timeout=REQUEST_SECONDS)
        except KafkaException as error:
            raise _unavailable("asking for a topic", error) from error

    def create(self, wanted: Collection[TopicToMake]) -> dict[str, str | None]:
        """Create topics; by name `None` when made, else why not. An existing one is left alone."""
        new = [NewTopic(t.name, t.partitions, t.replicas, config=dict(t.configuration)) for t in wanted]
        if not new:
            return {}
        outcome: dict[str, str | None] = {}
        for name, future in self._client.create_topics(new, request_timeout=REQUEST_SECONDS).items():
            try:
                future.result()
            except KafkaException as error:
                outcome[name] = error.args[0].str()
            else:
                outcome[name] = None
        self._await_topics([name for name, why in outcome.items() if why is None])
        return outcome

    def _await_topics(self, names: Collection[str]) -> None:
        """A topic just made is not at once in the metadata of every broker."""
        deadline = time.monotonic() + REQUEST_SECONDS
        while not set(names) <= self.topics().keys():
            if time.monotonic() >= deadline:
                raise BrokerUnavailable("Kafka has created topics, but does not list them: look at the broker's log")
            time.sleep(RETRY_SECONDS)

    def configurations(self, names: Collection[str]) -> dict[str, dict[str, str]]:
        """Configuration of each topic in the broker's words, defaults included.

        Raises
        ------
        BrokerUnavailable
            The request failed, also where there is no controller (see `has_controller`).
        """
        if not names:
            return {}
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in names]
        answers = self._client.describe_configs(resources, request_timeout=REQUEST_SECONDS)
        try:
            return {
                resource.name: {key: entry.value for key, entry in future.result().items() if entry.value is not None}
                for resource, future in answers.items()
            }
        except KafkaException as error:
            raise _unavailable("reading the topics' configuration", error) from error

    def beginnings(self, topics: Collection[str]) -> dict[Partition, int]:
        """First offset still held, by topic and partition."""
        return self._offsets(topics, OffsetSpec.earliest())  # type: ignore[no-untyped-call]

    def ends(self, topics: Collection[str]) -> dict[Partition, int]:
        """Offset the next message gets, by topic and partition."""
        return self._offsets(topics, OffsetSpec.latest())  # type: ignore[no-untyped-call]

    def offsets_at(self, topics: Collection[str], timestamp_milliseconds: int) -> dict[Partition, int | None]:
        """First offset with that timestamp or a later one; `None` where all are earlier."""
        found = self._offsets(topics, OffsetSpec.for_timestamp(timestamp_milliseconds))
        return {partition: offset if offset >= 0 else None for partition, offset in found.items()}

    def _offsets(self, topics: Collection[str], spec: OffsetSpec) -> dict[Partition, int]:
        shapes = self.topics()
        missing = sorted(set(topics) - shapes.keys())
        if missing:
            raise BrokerUnavailable(f"Kafka has no topic {', '.join(missing)}: run `codiflux topics create`")
        asked = {TopicPartition(name, n): spec for name in topics for n in range(shapes[name].partitions)}
        if not asked:
            return {}
        deadline = time.monotonic() + REQUEST_SECONDS
        while True:
            try:
                answers = self._client.list_offsets(asked, request_timeout=REQUEST_SECONDS)
                return {(p.topic, p.partition): future.result().offset for p, future in answers.items()}
            except KafkaException as error:
                if error.args[0].code() not in MOVING or time.monotonic() >= deadline:
                    raise _unavailable("reading offsets", error) from error
                time.sleep(RETRY_SECONDS)


def ping(settings: Settings, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
    """See that Kafka answers and lets us in.

    Raises
    ------
    BrokerUnavailable
        With the one line for the operator, within `timeout_seconds` and a little.
    """
    Cluster(settings, timeout_seconds=timeout_seconds)


def _refusal(errors: Collection[KafkaError], settings: Settings) -> str | None:
    """What trying again does not mend: credentials and certificates."""
    servers = settings.kafka_bootstrap_servers
    for error in errors:
        if error.code() == KafkaError._AUTHENTICATION:
            return (
                f"Kafka at {servers} does not let us in: {_essence(error)}:"
                f" look at {PREFIX}KAFKA_SASL_USERNAME, _PASSWORD and _MECHANISM, and _SECURITY_PROTOCOL"
            )
        if error.code() == KafkaError._SSL:
            return f"TLS with Kafka at {servers} fails: {_essence(error)}: look at {PREFIX}KAFKA_SSL_CA_FILE"
        if "PLAINTEXT broker listener" in error.str():
            return f"Kafka at {servers} does not speak TLS there: look at {PREFIX}KAFKA_SECURITY_PROTOCOL"
    return None


def _silence(errors: Collection[KafkaError], settings: Settings, timeout_seconds: float) -> str:
    """Nothing answered in time; the words for why, as far as is known."""
    servers = settings.kafka_bootstrap_servers
    names = {error.code() for error in errors}
    if names == {KafkaError._ALL_BROKERS_DOWN}:
        # Connected and cut off each time: how a TLS port meets a client without TLS.
        return (
            f"Kafka at {servers} closes the connection: is {PREFIX}KAFKA_SECURITY_PROTOCOL"
            f" ({settings.kafka_security_protocol.value}) what it speaks?"
        )
    why = next((f" ({_essence(e)})" for e in errors if e.code() != KafkaError._ALL_BROKERS_DOWN), "")
    return (
        f"Kafka at {servers} does not answer within {timeout_seconds:g} s{why}:"
        f" is it running? {PREFIX}KAFKA_BOOTSTRAP_SERVERS says where"
    )


def _essence(error: KafkaError) -> str:
    """The words of librdkafka without the broker's name before them and its state after them.

    "host:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused (after 0ms in
    state CONNECT)" becomes "Connection refused".
    """
    text: str = error.str().partition(" (after ")[0]
    text = text.partition("failed: ")[2] or text.partition(": ")[2] or text
    return text.partition("SSL routines::")[2] or text


def _unavailable(doing: str, error: KafkaException) -> BrokerUnavailable:
    return BrokerUnavailable(f"Kafka, {doing}: {error.args[0].str()}")
