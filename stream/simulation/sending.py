"""Sending simulated messages at a pace."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from schemas import topics
from stream.errors import BrokerUnavailable, DeliveryFailed
from stream.kafka.admin import Cluster
from stream.kafka.sender import Fate, sender_of
from stream.records import Outgoing
from stream.settings import Settings
from stream.simulation.filings import SimulatedMessage
from stream.simulation.malformed import Kind

UNPACED_LINGER_MILLISECONDS = 5


@dataclass
class Tally:
    """What has been acknowledged so far, by kind; `refused` are too large for the topic."""

    by_kind: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    refused: int = 0
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def sent(self) -> int:
        """Messages the broker has."""
        return sum(self.by_kind.values())

    @property
    def malformed(self) -> int:
        """Those among them that must end in the dead letters."""
        return self.sent - self.by_kind[Kind.CODABLE] - self.by_kind[Kind.UNCODABLE]


def send(
    settings: Settings,
    messages: Iterable[SimulatedMessage],
    *,
    rate: float,
    progress: Callable[[int], None] = lambda acknowledged: None,
) -> Tally:
    """Write messages to formality.received until there are no more or Ctrl-C; each is awaited.

    Parameters
    ----------
    rate
        Messages a second; 0 is as fast as possible. Message n is due n / rate after the first: a
        pause is caught up with.
    progress
        Told the number acknowledged, after each message handed over.

    Raises
    ------
    BrokerUnavailable
        Kafka does not answer, or has no such topic.
    DeliveryFailed
        It does not take a message, for another reason than its size.
    """
    topic = settings.topic(topics.RECEIVED)
    _require(settings, topic)
    tally = Tally()
    failures: list[str] = []
    kinds: dict[int, Kind] = {}

    def heard(message: Outgoing, fate: Fate) -> None:
        kind = kinds.pop(id(message))
        if fate.error is None:
            tally.by_kind[kind] += 1
        elif fate.too_large:
            tally.refused += 1
        else:
            failures.append(fate.error)

    begun = time.monotonic()
    try:
        with sender_of(settings, heard, linger_milliseconds=0 if rate else UNPACED_LINGER_MILLISECONDS) as sender:
            for number, message in enumerate(messages):
                if rate:
                    sender.wait(begun + number / rate - time.monotonic())
                outgoing = Outgoing(topic, message.key, message.value, message.headers)
                # The sender holds the message until it is heard of: its id is its own until then.
                kinds[id(outgoing)] = message.kind
                sender.post(outgoing)
                progress(tally.sent)
                if failures:
                    break
    except KeyboardInterrupt:
        tally.interrupted = True
    if failures:
        raise DeliveryFailed(f"Kafka did not take a message: {failures[0]} ({tally.sent} were sent)")
    tally.seconds = time.monotonic() - begun
    return tally


def _require(settings: Settings, topic: str) -> None:
    cluster = Cluster(settings)
    if not cluster.has_controller:
        cluster.name_topics([topic])
    if topic not in cluster.topics():
        raise BrokerUnavailable(f"Kafka has no topic {topic}: run `codiflux topics create`")
