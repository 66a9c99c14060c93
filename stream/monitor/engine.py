"""What the monitor knows, and what one batch of messages does to it. No clock, no Kafka."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog

from monitoring.accuracy import AccuracyWindows
from monitoring.drift import DriftMonitor
from monitoring.judged import HOUR_SECONDS, Judged, hour_of
from monitoring.layout import Floats
from monitoring.mix import Mix
from monitoring.observations import joined
from monitoring.outcomes import Outcome
from schemas.drift import DriftEvent
from schemas.signals import SIGNALS
from stream.kafka.merged import Item
from stream.monitor.copies import Copies
from stream.monitor.join import Join
from stream.monitor.reading import Reader, Reading
from stream.monitor.watched import WatchedModels

DRIFT, MIX, LATEST, SETTINGS = "drift", "mix", "latest", "settings"
"""What is kept beside the join, by name."""
DECISIONS_UNREADABLE = "decisions"
"""Where the topic of an unreadable one is not known any more: its filing is not of its form."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Taken:
    """What a batch brought that is counted or published, beside what it changed."""

    events: list[DriftEvent] = field(default_factory=list)
    messages: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    joined: Counter[str] = field(default_factory=Counter)
    delays: list[float] = field(default_factory=list)
    confidence: Floats = field(default_factory=lambda: np.empty(0))
    copies: int = 0
    unknown_codes: int = 0


@dataclass(frozen=True, slots=True)
class Spans:
    """How long things are remembered, hours: accuracy's windows and the join."""

    accuracy: tuple[int, ...]
    join: int


class Engine:
    """The monitor without its surroundings.

    Parameters
    ----------
    drift, mix, accuracy, join
        What it is made of.
    models
        Those watched; looked for again when a decision names another.
    reader, copies
        From messages to values; which decisions were counted.
    """

    def __init__(
        self,
        *,
        drift: DriftMonitor,
        mix: Mix,
        accuracy: AccuracyWindows,
        join: Join,
        models: WatchedModels,
        reader: Reader,
        copies: Copies,
        spans: Spans,
    ) -> None:
        self.drift, self.mix, self.accuracy, self.join, self.models = drift, mix, accuracy, join, models
        self.spans = spans
        self.latest = 0.0
        self.threshold: float | None = None
        self.model_version = ""
        self._reader, self._copies = reader, copies
        self._missed: set[str] = set()

    def resume(self, published: Iterable[DriftEvent]) -> None:
        """Take over what the last commit kept, and which events are already out."""
        self.drift.resume(published)
        settings = self.join.kept(SETTINGS)
        if settings is not None and settings != self._settings():
            # Windows of other lengths cannot be made of these: all is read from Kafka again.
            log.warning("monitor_begins_anew", reason="the windows' settings have changed")
            self.join.clear()
        for found in self.join.judged():
            self.accuracy.judged(found)
        for key, count in self.join.made():
            self.accuracy.made(key, count)
        for part in self.join.seen():
            self._copies.restore(part)
        drift, mix, latest = (self.join.kept(name) for name in (DRIFT, MIX, LATEST))
        if drift is not None and mix is not None and latest is not None:
            self.drift.restore(json.loads(drift))
            self.mix.restore(json.loads(mix))
            self.latest, self.threshold, self.model_version = json.loads(latest)

    def take(self, items: Sequence[Item]) -> Taken:
        """Take messages in, in their order."""
        reading = Reading()
        observations = joined([self.drift.read(part) for part in self._reader.read(items, reading)])
        reading.close()
        self._look_for(reading.batch.made)
        events = self.drift.observe(observations)
        self.mix.observe(observations)
        met = self.join.apply(reading.batch)
        for replaced in met.replaced:
            self.accuracy.judged(replaced, sign=-1)
        for found in met.added:
            self.accuracy.judged(found)
        for key, count in reading.batch.made.items():
            self.accuracy.made(key, count)
        # In the order of the labels, whatever the batch they came in.
        outcomes = sorted(map(_outcome, met.added), key=lambda outcome: outcome.time)
        events += self.drift.observe_outcomes(outcomes)
        self._pass_time(reading.latest)
        if reading.threshold is not None:
            self.threshold = reading.threshold
        self.model_version = reading.model_version or self.model_version
        taken = Taken(events, reading.messages, reading.unreadable, reading.labels, Counter(met.origins))
        if observations.unreadable:
            taken.unreadable[DECISIONS_UNREADABLE] += observations.unreadable
        taken.delays, taken.confidence = met.delays, reading.confidences()
        taken.copies, taken.unknown_codes = reading.copies, reading.unknown_codes + met.unknown_codes
        return taken

    def commit(self) -> None:
        """Keep all of it: after a crash everything begins from here."""
        kept = {
            DRIFT: self.drift.checkpoint(),
            MIX: self.mix.checkpoint(),
            LATEST: [self.latest, self.threshold, self.model_version],
        }
        values = {name: json.dumps(value).encode() for name, value in kept.items()}
        self.join.commit({**values, SETTINGS: self._settings()}, self._copies.fresh())

    def _settings(self) -> bytes:
        # The signals too: counts are kept by the place of their cells.
        cells = [(signal.name, signal.size) for signal in SIGNALS]
        return repr((self.drift.settings, self.spans, cells)).encode()

    def _pass_time(self, latest: float) -> None:
        before, self.latest = self.latest, max(self.latest, latest)
        if hour_of(before) != hour_of(self.latest):
            # At whole hours of event time, so that what is forgotten does not depend on batches.
            hour = hour_of(self.latest) * HOUR_SECONDS
            self.accuracy.forget(self.latest)
            self.join.prune(
                decided_before=hour - self.spans.join * HOUR_SECONDS,
                judged_before=hour - max(self.spans.accuracy) * HOUR_SECONDS,
            )

    def _look_for(self, made: Iterable[tuple[int, str, str, str]]) -> None:
        """A model we do not know may have been put beside the others since."""
        missed = {key[2] for key in made} - self.models.by_version.keys() - self._missed
        if not missed:
            return
        for model in self.models.look():
            if model.reference is not None:
                self.drift.add_reference(model.reference)
        self._missed |= missed - self.models.by_version.keys()
        if self._missed & missed:
            log.warning("model_without_reference", models=sorted(self._missed & missed))


def _outcome(found: Judged) -> Outcome:
    deep = found.levels > 1
    return Outcome(
        time=found.labelled_at,
        model_version=found.model_version,
        code_right=found.levels_right == found.levels,
        section_right=found.levels_right >= 1 if deep else None,
    )
