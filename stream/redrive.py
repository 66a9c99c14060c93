"""Sending dead letters back to the topic they come from, each once (docs/adr/0004-redrive.md).

A run notes on formality.redriven that it begins and where the source topics end, then sends batch
by batch and notes what Kafka has acknowledged. Where a run ended without its last note, the next
one looks for copies on the source topics, from where that run began, by the header that names the
dead letter.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from schemas import headers as h
from schemas import topics
from schemas.codec import encode
from schemas.redrive import RedriveNote, RedriveState
from stream.dead_letters import Letter, Selection, letters
from stream.errors import DeliveryFailed, UsageError
from stream.kafka.admin import Cluster
from stream.kafka.sender import Fate, sender_of
from stream.kafka.sole import sole_member
from stream.records import Outgoing
from stream.redrive_journal import Journal, read_journal
from stream.settings import Settings

GROUP = "codiflux-redrive"
BATCH_LETTERS = 200
BATCH_BYTES = 8_000_000
Clock = Callable[[], datetime]


@dataclass
class Report:
    """What a run did, or would do.

    Parameters
    ----------
    sent
        By reason.
    already
        Sent by an earlier run.
    foreign
        Without provenance, or from a topic that is not there: nowhere to send them.
    doubtful
        An interrupted run may have sent them, and the source topic no longer tells.
    failed
        Error text -> how many.
    """

    sent: Counter[str] = field(default_factory=Counter)
    already: int = 0
    foreign: int = 0
    doubtful: int = 0
    failed: Counter[str] = field(default_factory=Counter)


def plan(settings: Settings, selection: Selection, *, limit: int | None = None, again: bool = False) -> Report:
    """What `redrive` would do now; nothing is written."""
    cluster = Cluster(settings)
    report = Report()
    for letter, _ in _due(settings, selection, read_journal(settings, cluster), report, cluster, limit, again):
        report.sent[letter.reason] += 1
    return report


def redrive(
    settings: Settings,
    selection: Selection,
    *,
    limit: int | None = None,
    again: bool = False,
    now: Clock = lambda: datetime.now(UTC),
    progress: Callable[[int], None] = lambda sent: None,
) -> Report:
    """Send back the selected dead letters that no run has sent back; each is awaited.

    Key, value and the producer's own headers are the original's. The copy's timestamp is the
    present: with the original one, retention could remove it before it is read.

    Parameters
    ----------
    limit
        Send at most so many.
    again
        Send doubtful ones too.

    Raises
    ------
    StreamError
        Kafka does not answer, or another redrive is at work.
    DeliveryFailed
        Kafka does not take a message; what was acknowledged is noted, the next run goes on from it.
    """
    cluster = Cluster(settings)
    journal_topic = settings.topic(topics.REDRIVEN)
    if journal_topic not in cluster.topics():
        raise UsageError(f"Kafka has no topic {journal_topic}: run `codiflux topics create`")
    with sole_member(settings, group=GROUP, topic=journal_topic) as check:
        journal = read_journal(settings, cluster)
        run = _Run(settings, cluster, now, check)
        report = Report()
        due = _due(settings, selection, journal, report, cluster, limit, again)
        for batch in _batches(due):
            run.send(batch, report)
            progress(report.sent.total())
        run.finish(journal)
        return report


def _due(
    settings: Settings,
    selection: Selection,
    journal: Journal,
    report: Report,
    cluster: Cluster,
    limit: int | None,
    again: bool,
) -> Iterator[tuple[Letter, Outgoing]]:
    """The letters to send with their copies; those that are not are counted in the report."""
    there = cluster.topics().keys() - {settings.topic(topics.DEAD_LETTER)}
    sent = 0
    for letter in letters(settings):
        if letter.position in journal.copied and letter.identity not in journal.sent:
            journal.recovered.append(letter.identity)
        if not selection.holds(letter):
            continue
        if letter.provenance is None or letter.provenance.topic not in there:
            report.foreign += 1
        elif journal.has(letter):
            report.already += 1
        elif not again and journal.doubts(letter, letter.provenance.topic):
            report.doubtful += 1
        elif limit is None or sent < limit:
            sent += 1
            yield letter, copy_of(letter)


def copy_of(letter: Letter) -> Outgoing:
    """The message to send back: the original, and which attempt and dead letter it is a copy of.

    A second failure reads the attempt and counts on; earlier provenance is left out.
    """
    if letter.provenance is None:
        raise ValueError(f"{letter.position} has no provenance")
    own: h.Headers = [
        (name, value) for name, value in letter.record.headers if name not in h.PROVENANCE and name != h.REDRIVEN_FROM
    ]
    marks: h.Headers = [
        (h.ATTEMPT, str(letter.provenance.attempt).encode()),
        (h.REDRIVEN_FROM, letter.position.encode()),
    ]
    return Outgoing(letter.provenance.topic, letter.record.key, letter.record.value, [*own, *marks])


class _Run:
    """One run at work: sends batches and keeps the notes."""

    def __init__(self, settings: Settings, cluster: Cluster, now: Clock, check: Callable[[], None]) -> None:
        self._settings = settings
        self._cluster = cluster
        self._now = now
        self._check = check
        self._run = uuid.uuid4().hex
        self._ends: dict[str, dict[int, int]] = {}

    def send(self, batch: Sequence[tuple[Letter, Outgoing]], report: Report) -> None:
        """Send a batch, await it and note it."""
        self._cover({copy.topic for _, copy in batch})
        letter_of = {id(copy): letter for letter, copy in batch}
        acknowledged: list[Letter] = []
        unknown: list[str] = []

        def heard(copy: Outgoing, fate: Fate) -> None:
            if fate.error is None:
                acknowledged.append(letter_of[id(copy)])
            elif fate.too_large:
                report.failed[fate.error] += 1
            else:
                unknown.append(fate.error)

        self._check()
        try:
            with sender_of(self._settings, heard) as sender:
                for _, copy in batch:
                    sender.post(copy)
        finally:
            if acknowledged:
                self._note(RedriveState.SENT, letters=tuple(letter.identity for letter in acknowledged))
        report.sent.update(letter.reason for letter in acknowledged)
        if unknown:
            # No last note is written: the next run looks whether the copy arrived after all.
            raise DeliveryFailed(f"Kafka did not take a dead letter back: {unknown[0]}; run the command again")

    def finish(self, journal: Journal) -> None:
        """Note what was found of interrupted runs and that they and this one need no follow-up."""
        if journal.recovered:
            self._note(RedriveState.SENT, letters=tuple(journal.recovered))
        for run, note in journal.interrupted.items():
            if not journal.doubtful.keys() & note.ends.keys():
                self._note(RedriveState.FINISHED, run=run)
        if self._ends:
            self._note(RedriveState.FINISHED)

    def _cover(self, destinations: Collection[str]) -> None:
        """Note where topics end before the first copy is written to them."""
        fresh = set(destinations) - self._ends.keys()
        if not fresh:
            return
        for (topic, partition), end in self._cluster.ends(fresh).items():
            self._ends.setdefault(topic, {})[partition] = end
        self._note(RedriveState.BEGUN, ends=self._ends)

    def _note(self, state: RedriveState, *, run: str | None = None, **details: Any) -> None:
        note = RedriveNote(run=run or self._run, state=state, at=self._now(), **details)
        failures: list[str] = []

        def heard(_: Outgoing, fate: Fate) -> None:
            if fate.error is not None:
                failures.append(fate.error)

        with sender_of(self._settings, heard) as sender:
            sender.post(Outgoing(self._settings.topic(topics.REDRIVEN), note.run.encode(), encode(note)))
        if failures:
            raise DeliveryFailed(f"Kafka did not take the redrive's note: {failures[0]}; run the command again")


def _batches(due: Iterable[tuple[Letter, Outgoing]]) -> Iterator[list[tuple[Letter, Outgoing]]]:
    batch: list[tuple[Letter, Outgoing]] = []
    size = 0
    for pair in due:
        batch.append(pair)
        size += len(pair[1].value or b"")
        if len(batch) >= BATCH_LETTERS or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
