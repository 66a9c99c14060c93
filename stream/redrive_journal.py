"""What earlier redrive runs did, read from their notes and from the copies they wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from schemas import headers as h
from schemas import topics
from schemas.codec import decode
from schemas.redrive import RedriveNote, RedriveState
from stream.dead_letters import Letter
from stream.kafka.admin import Cluster
from stream.kafka.reader import Span, read, read_topics
from stream.settings import Settings


@dataclass
class Journal:
    """What earlier runs did.

    Parameters
    ----------
    sent
        Identities of dead letters whose copies Kafka has.
    copied
        Positions of dead letters whose copies were found on a source topic.
    doubtful
        Source topic -> the latest begin of an interrupted run that can no longer be followed up.
    recovered
        Identities of the letters at those positions, as they are come across.
    interrupted
        Runs without a last note.
    """

    sent: set[str] = field(default_factory=set)
    copied: set[str] = field(default_factory=set)
    recovered: list[str] = field(default_factory=list)
    doubtful: dict[str, datetime] = field(default_factory=dict)
    interrupted: dict[str, RedriveNote] = field(default_factory=dict)

    def has(self, letter: Letter) -> bool:
        """Whether the letter was sent back before."""
        return letter.identity in self.sent or letter.position in self.copied

    def doubts(self, letter: Letter, topic: str) -> bool:
        """Whether nothing tells any more if the letter was sent back."""
        begun = self.doubtful.get(topic)
        return begun is not None and letter.record.timestamp <= begun


def read_journal(settings: Settings, cluster: Cluster) -> Journal:
    """What earlier runs sent: from their notes and, for an interrupted run, from the source topics."""
    journal = Journal()
    topic = settings.topic(topics.REDRIVEN)
    if topic not in cluster.topics():
        return journal
    for record in read_topics(settings, [topic]):
        note = decode(RedriveNote, record.value or b"")
        if note.state is RedriveState.BEGUN:
            journal.interrupted[note.run] = note
        elif note.state is RedriveState.FINISHED:
            journal.interrupted.pop(note.run, None)
        journal.sent.update(note.letters)
    for note in journal.interrupted.values():
        _follow_up(note, journal, settings, cluster)
    return journal


def _follow_up(note: RedriveNote, journal: Journal, settings: Settings, cluster: Cluster) -> None:
    """Find the copies an interrupted run wrote after its last note."""
    there = cluster.topics()
    for topic, ends in note.ends.items():
        if topic not in there:
            continue
        beginnings, now_ends = cluster.beginnings([topic]), cluster.ends([topic])
        if any(beginnings[topic, partition] > end for partition, end in ends.items()):
            journal.doubtful[topic] = max(note.at, journal.doubtful.get(topic, note.at))
        # A partition added since has been written to from its beginning.
        spans = [Span(*place, max(ends.get(place[1], 0), beginnings[place]), end) for place, end in now_ends.items()]
        journal.copied.update(
            (value or b"").decode("utf-8", "replace")
            for record in read(settings, spans)
            for name, value in record.headers
            if name == h.REDRIVEN_FROM
        )
