"""What the engine knows, as metrics: made once in a while, each gauge replaced in one step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version

from monitoring import catalogue as c
from monitoring.accuracy import AccuracyReading, AccuracyWindows
from monitoring.audit import Estimate
from monitoring.catalogue import MetricSpec
from monitoring.drift_settings import DriftSettings
from monitoring.instruments import Instruments
from monitoring.mix import reference_confidence, reference_sections
from monitoring.readings import Against, SignalReading, SignalState
from schemas.signals import ROUTE, SECTION
from stream.monitor.engine import Engine, Taken

STATES: Mapping[SignalState, int] = {
    SignalState.LEARNING: -1,
    SignalState.QUIET: 0,
    SignalState.SUSPECT: 1,
    SignalState.DRIFTED: 2,
}
SHOWN_LEVELS = (1, 5)
"""At which accuracy is given by stage and section; lanes have every level."""
BRANCHES = 5
"""Of those that carry a drift, the most that are shown."""
Rows = dict[tuple[str, ...], float]


class Exporter:
    """Writes the engine's knowledge into instruments.

    Parameters
    ----------
    threshold
        Confidence index asked for at the start: an edge of the confidence histogram.
    """

    def __init__(self, instruments: Instruments, engine: Engine, *, threshold: float) -> None:
        self._to = instruments
        self._engine = engine
        self._edge(threshold)
        self._counted: dict[tuple[str, str], int] = {}

    def taken(self, taken: Taken) -> None:
        """Count what a batch brought."""
        to = self._to
        for spec, counts in (
            (c.MONITOR_MESSAGES, taken.messages),
            (c.MONITOR_UNREADABLE, taken.unreadable),
        ):
            for topic, count in counts.items():
                to.add(spec, count, topic=topic)
        for spec, counts in ((c.LABELS, taken.labels), (c.LABELS_JOINED, taken.joined)):
            for origin, count in counts.items():
                to.add(spec, count, origin=origin)
        to.add(c.MONITOR_COPIES, taken.copies)
        to.add(c.MONITOR_UNKNOWN_CODES, taken.unknown_codes)
        to.observe(c.LABEL_DELAY, taken.delays)
        if self._engine.threshold is not None and self._engine.threshold != self._threshold:
            self._edge(self._engine.threshold)
        to.observe(c.CONFIDENCE, taken.confidence)

    def _edge(self, threshold: float) -> None:
        self._threshold = threshold
        self._to.edges(c.CONFIDENCE, sorted({*c.CONFIDENCE_BUCKETS, threshold}))
        self._to.set(c.THRESHOLD, threshold)

    def export(self) -> None:
        """Make every gauge anew."""
        self._drift()
        self._mix()
        self._accuracy()
        self._join()
        self._counters()
        self._to.set(c.MONITOR_EVENT_TIME, self._engine.latest)
        self._to.replace(
            c.MONITOR_INFO,
            {
                (version("codiflux"), model.version, model.nomenclature.name): 1.0
                for model in self._engine.models.by_version.values()
            },
        )

    def _drift(self) -> None:
        settings = self._engine.drift.settings
        readings = self._engine.drift.readings(lambda window, against: is_shown(window, against, settings))
        shown = [reading for reading in readings if is_shown(reading.window, reading.against, settings)]
        place = {id(r): (r.signal, r.model_version, r.window, str(r.against)) for r in shown}
        for spec, of_distance in ((c.DRIFT_DISTANCE, _distances), (c.DRIFT_FLOOR, _floors)):
            rows = {(*place[id(r)], name): value for r in shown for name, value in of_distance(r).items()}
            self._to.replace(spec, rows)
        for spec, value_of in _VALUES:
            found = {place[id(r)]: value_of(r) for r in shown}
            self._to.replace(spec, {labels: value for labels, value in found.items() if value is not None})
        self._to.replace(c.DRIFT_STATE, {(r.signal, r.model_version): float(STATES[r.state]) for r in readings})
        standing = self._engine.drift.standing
        self._to.replace(c.DRIFT_SINCE, {(e.signal, e.model_version): e.since.timestamp() for e in standing})
        self._to.replace(
            c.DRIFT_CONTRIBUTION,
            {(e.signal, part.branch): part.share for e in standing for part in e.contributions[:BRANCHES]},
        )
        windows = {(r.window,): float(r.observations) for r in readings if r.signal == SECTION.name}
        self._to.replace(c.WINDOW_MESSAGES, windows | {(n,): float(v) for n, v in self._engine.mix.filings().items()})

    def _mix(self) -> None:
        mix, to = self._engine.mix, self._to
        to.replace(c.SECTION_SHARE, mix.shares(SECTION))
        to.replace(c.ROUTE_SHARE, mix.shares(ROUTE))
        to.replace(c.CONFIDENCE_SHARE, mix.confidence())
        to.replace(c.AUTO_SHARE_AT, mix.auto_at())
        model = self._engine.models.by_version.get(self._engine.model_version)
        reference = None if model is None else model.reference
        if reference is not None:
            to.replace(c.SECTION_REFERENCE, {(name,): share for name, share in reference_sections(reference).items()})
            shares = reference_confidence(reference)
            to.replace(c.CONFIDENCE_REFERENCE, {(name,): share for name, share in shares.items()})

    def _accuracy(self) -> None:
        found: dict[MetricSpec, Rows] = {spec: {} for specs in _BOUNDS for spec in specs}
        expected: Rows = {}
        shares: Rows = {}
        labels: Rows = {}
        audited: Rows = {}
        windows: AccuracyWindows = self._engine.accuracy
        now = self._engine.latest
        for hours in self._engine.spans.accuracy:
            name = f"{hours}_hours"
            audit_labels = 0
            for reading in windows.readings(now, hours, SHOWN_LEVELS):
                specs, place = _place(reading, name)
                for spec, value in zip(specs, _bounds(reading.estimate), strict=True):
                    found[spec][place] = value
                if specs is _BOUNDS[0]:
                    labels[place] = reading.estimate.labels
                    audit_labels += reading.estimate.labels if reading.lane == "auto" and reading.level == 1 else 0
            for (lane, model), share in windows.expected(now, hours).items():
                expected[lane, model, name] = share
            audited[name,] = audit_labels
            if (share_of_audit := windows.audit_share(now, hours)) is not None:
                shares[name,] = share_of_audit
        tables = {
            **found,
            c.EXPECTED_ACCURACY: expected,
            c.AUDIT_SHARE: shares,
            c.AUDIT_LABELS: audited,
            c.ACCURACY_LABELS: labels,
        }
        for spec, rows in tables.items():
            self._to.replace(spec, rows)

    def _join(self) -> None:
        sizes = self._engine.join.sizes()
        self._to.set(c.JOIN_DECISIONS, sizes.decisions)
        self._to.set(c.JOIN_SIZE, sizes.size_bytes)
        self._to.set(c.LABELS_WAITING, sizes.labels_waiting)
        self._to.set(c.REVIEW_QUEUE, sizes.reviews_waiting)
        self._to.set(c.REVIEW_OLDEST, sizes.oldest_review)

    def _counters(self) -> None:
        """Counts that the drift monitor keeps itself, as counters that grow."""
        counts = self._engine.drift.counts
        self._grow(c.MONITOR_OUT_OF_ORDER, "", counts["out_of_order"])
        self._grow(c.MONITOR_MODEL_SWAPS, "", counts["model_swaps"])
        for name, count in counts.items():
            if name.startswith("late_"):
                self._grow(c.MONITOR_LATE, name.removeprefix("late_"), count)

    def _grow(self, spec: MetricSpec, window: str, count: int) -> None:
        before = self._counted.get((spec.name, window), 0)
        self._counted[spec.name, window] = count
        self._to.add(spec, max(0, count - before), **({"window": window} if window else {}))


def is_shown(window: str, against: Against, settings: DriftSettings) -> bool:
    """Which comparisons become series: alarms' own, and with training only the longest windows.

    All of them would be thousands of series that nobody looks at.
    """
    if against is Against.BASELINE:
        return window.endswith("_filings")
    longest = {f"{max(settings.windows)}_filings", f"{max(settings.spans_seconds):g}_seconds"}
    return against is Against.TRAINING and window in longest


def _distances(reading: SignalReading) -> Mapping[str, float]:
    return {str(name): value for name, value in reading.distances.items()}


def _floors(reading: SignalReading) -> Mapping[str, float]:
    return {str(name): value for name, value in reading.floors.items()}


_VALUES: Iterable[tuple[MetricSpec, Callable[[SignalReading], float | None]]] = (
    (c.DRIFT_P_VALUE, lambda reading: reading.p_value),
    (c.DRIFT_EFFECT, lambda reading: reading.effect_size),
    (c.DRIFT_BEFORE, lambda reading: reading.before),
    (c.DRIFT_AFTER, lambda reading: reading.after),
)
_BOUNDS = (
    (c.ACCURACY, c.ACCURACY_LOWER, c.ACCURACY_UPPER),
    (c.SECTION_ACCURACY, c.SECTION_ACCURACY_LOWER, c.SECTION_ACCURACY_UPPER),
    (c.STAGE_ACCURACY, c.STAGE_ACCURACY_LOWER, c.STAGE_ACCURACY_UPPER),
)


def _place(reading: AccuracyReading, window: str) -> tuple[tuple[MetricSpec, ...], tuple[str, ...]]:
    """Which three metrics, and under which labels."""
    rest = (str(reading.level), reading.model_version, window)
    if reading.section:
        return _BOUNDS[1], (reading.section, *rest)
    if reading.stage:
        return _BOUNDS[2], (reading.stage, *rest)
    return _BOUNDS[0], (reading.lane, *rest)


def _bounds(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.share, estimate.lower, estimate.upper
