"""Events to drift.detected, each once: what stands there already is not written again."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from schemas import topics
from schemas.codec import decode, encode
from schemas.drift import DriftEvent
from schemas.errors import UnreadableMessage
from stream.errors import DeliveryFailed
from stream.kafka.reader import read_topics
from stream.kafka.sender import Fate, sender_of
from stream.records import Outgoing
from stream.settings import Settings

log = structlog.get_logger(__name__)


class Publisher:
    """Writes events and waits for the broker to have them.

    Parameters
    ----------
    published
        What stands on the topic.
    """

    def __init__(self, settings: Settings, published: Iterable[DriftEvent]) -> None:
        self._settings = settings
        self._topic = settings.topic(topics.DRIFT)
        self._known = {event.event_id for event in published}

    def publish(self, events: Iterable[DriftEvent]) -> list[DriftEvent]:
        """Write those that are new, in order; returns them.

        Raises
        ------
        DeliveryFailed
            The broker did not take one: nothing is committed, and they are found again after a restart.
        """
        new = [event for event in events if event.event_id not in self._known]
        if not new:
            return []
        refused: list[str] = []

        def heard(_: Outgoing, fate: Fate) -> None:
            if fate.error is not None:
                refused.append(fate.error)

        with sender_of(self._settings, heard) as sender:
            for event in new:
                sender.post(Outgoing(self._topic, event.signal.encode(), encode(event)))
        if refused:
            raise DeliveryFailed(f"{self._topic}: {refused[0]}")
        self._known.update(event.event_id for event in new)
        for event in new:
            log.info(
                "drift_event",
                state=event.state.value,
                signal=event.signal,
                model=event.model_version,
                distance=event.distance,
                floor=event.floor,
                branches=[part.branch for part in event.contributions],
            )
        return new


def read_published(settings: Settings) -> list[DriftEvent]:
    """Every event on the topic, oldest first; what cannot be read is passed over."""
    found = []
    for record in read_topics(settings, [settings.topic(topics.DRIFT)]):
        try:
            found.append(decode(DriftEvent, record.value or b""))
        except UnreadableMessage:
            log.warning("drift_event_unreadable", partition=record.partition, offset=record.offset)
    return found
