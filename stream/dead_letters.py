"""Dead letters as they stand on the topic: reading, selecting, counting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from schemas import topics
from schemas.dead_letter import DeadLetter
from schemas.reasons import DeadLetterReason
from stream.errors import UsageError
from stream.kafka.admin import Cluster
from stream.kafka.reader import Span, read, spans_of
from stream.records import Record
from stream.settings import Settings

FOREIGN = "foreign"
"""Counted as the reason of a message without our provenance: someone else wrote it there."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message on the dead-letter topic.

    Parameters
    ----------
    provenance
        `None` for a message without it.
    """

    record: Record
    provenance: DeadLetter | None

    @property
    def position(self) -> str:
        """Topic, partition and offset: what a redriven copy names in its header."""
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"

    @property
    def identity(self) -> str:
        """The position and the time: a topic made anew begins again at offset 0."""
        return f"{self.position}@{int(self.record.timestamp.timestamp() * 1000)}"

    @property
    def reason(self) -> str:
        """Reason code, or "foreign"."""
        return self.provenance.reason.value if self.provenance else FOREIGN


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant; `since` is within, `until` is not. Times are of the dead letter."""

    reason: DeadLetterReason | None = None
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, letter: Letter) -> bool:
        """Whether the letter is among those meant."""
        at = letter.record.timestamp
        return (
            (self.reason is None or letter.reason == self.reason.value)
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """Dead letters counted by reason, most frequent first, and the newest of them, oldest first."""

    by_reason: dict[str, int]
    newest: tuple[Letter, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_reason.values())


def letters(settings: Settings) -> Iterator[Letter]:
    """Every dead letter held now, whatever it is.

    All are read and none is skipped by the broker's time index, which is only as exact as the
    workers' clocks; there are few beside the filings.
    """
    cluster = Cluster(settings)
    return map(letter_of, read(settings, spans_of(cluster, [settings.topic(topics.DEAD_LETTER)])))


def letter_of(record: Record) -> Letter:
    """A record of the dead-letter topic, with its provenance where it has one."""
    try:
        return Letter(record, DeadLetter.from_headers(record.headers))
    except (KeyError, ValueError):
        return Letter(record, None)


def letter_at(settings: Settings, partition: int, offset: int) -> Letter:
    """The dead letter at a position.

    Raises
    ------
    UsageError
        There is none; the line says what the partition holds.
    """
    topic = settings.topic(topics.DEAD_LETTER)
    held = {span.partition: span for span in spans_of(Cluster(settings), [topic])}
    span = held.get(partition)
    if span is None:
        raise UsageError(f"{topic} has no partition {partition}, only 0 to {len(held) - 1}")
    if not span.start <= offset < span.end:
        inside = f"offsets {span.start} to {span.end - 1}" if span.offsets else "nothing"
        raise UsageError(f"no dead letter at {partition}:{offset}: partition {partition} holds {inside}")
    for record in read(settings, [Span(topic, partition, offset, offset + 1)]):
        return letter_of(record)
    raise UsageError(f"no dead letter at {partition}:{offset}: it was removed")


def summary_of(found: Iterable[Letter], *, most: int | None) -> Summary:
    """Count letters and keep the newest `most` of them, all with `None`."""
    counts: Counter[str] = Counter()
    kept: list[Letter] = []
    for letter in found:
        counts[letter.reason] += 1
        kept.append(_light(letter))
        if most is not None and len(kept) >= 2 * most + 1_000:
            kept = sorted(kept, key=_age)[len(kept) - most :]
    newest = sorted(kept, key=_age)
    return Summary(dict(counts.most_common()), tuple(newest if most is None else newest[max(0, len(newest) - most) :]))


def _light(letter: Letter) -> Letter:
    """Without its bytes: a list needs none, and a letter may have a megabyte."""
    record = letter.record
    return Letter(
        Record(record.topic, record.partition, record.offset, record.timestamp, record.key, None), letter.provenance
    )


def _age(letter: Letter) -> tuple[datetime, int, int]:
    return letter.record.timestamp, letter.record.partition, letter.record.offset
