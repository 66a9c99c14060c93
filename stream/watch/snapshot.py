"""Two looks at the metrics, a moment apart, as what a person wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from monitoring import catalogue as c
from monitoring.catalogue import MetricSpec
from monitoring.scraped import Scrape, quantile
from stream.watch.fetching import Answer

STATES = {-1: "learning", 0: "quiet", 1: "suspected", 2: "drifted"}


@dataclass(frozen=True, slots=True)
class Signal:
    """One watched signal: its state, and its distance beside the noise floor."""

    signal: str
    model_version: str
    state: str
    distance: float | None = None
    floor: float | None = None
    since: float | None = None
    branches: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right one lane is, with its interval; `expected` is the model's own promise."""

    lane: str
    model_version: str
    share: float
    lower: float
    upper: float
    labels: int
    expected: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is shown. Rates are per second; instants are seconds since the epoch."""

    at: float
    addresses: dict[str, str]
    live: bool
    rate: float
    filings: int
    routes: dict[str, int]
    dead_letters: dict[str, int]
    latency_seconds: dict[str, float | None]
    lag_messages: int
    lag_seconds: float
    models: list[str]
    monitor_lag_messages: int
    monitor_progress: float | None
    signals: list[Signal]
    accuracy: list[Accuracy]
    review_queue: int
    labels_waiting: int

    def as_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self)


def snapshot(before: Sequence[Answer], after: Sequence[Answer], *, seconds: float, now: float) -> Snapshot:
    """What two looks say.

    Parameters
    ----------
    seconds
        Between the two.
    now
        Of the second, since the epoch.
    """
    then, seen = (Scrape(answer.samples for answer in answers) for answers in (before, after))
    buckets = seen.buckets(c.LATENCY)
    # Of the moment where something was decided in it, of the whole time otherwise.
    recent = {edge: max(0.0, count - then.buckets(c.LATENCY).get(edge, 0.0)) for edge, count in buckets.items()}
    latency = recent if recent.get(float("inf")) else buckets
    lives = [s.value for spec in (c.LIVE, c.MONITOR_LIVE) for s in seen.of(spec.name)]
    progress = [s.value for s in seen.of(c.MONITOR_PROGRESS.name)]
    grown = seen.total(c.FILINGS) - then.total(c.FILINGS)
    return Snapshot(
        at=now,
        addresses={answer.address: answer.problem or "up" for answer in after},
        live=bool(lives) and all(lives) and not any(answer.problem for answer in after),
        rate=max(0.0, grown) / seconds if seconds > 0 else 0.0,
        filings=int(seen.total(c.FILINGS)),
        routes=_counts(seen, c.FILINGS, "route"),
        dead_letters=_counts(seen, c.DEAD_LETTERS, "reason"),
        latency_seconds={f"p{share:g}": quantile(latency, share / 100) for share in (50, 95, 99)},
        lag_messages=int(seen.total(c.LAG_MESSAGES)),
        lag_seconds=max((s.value for s in seen.of(c.LAG_SECONDS.name)), default=0.0),
        models=sorted({s.labels["model_version"] for s in seen.of(c.MODEL_INFO.name)}),
        monitor_lag_messages=int(seen.total(c.MONITOR_LAG)),
        monitor_progress=max(progress, default=None),
        signals=_signals(seen),
        accuracy=_accuracy(seen),
        review_queue=int(seen.total(c.REVIEW_QUEUE)),
        labels_waiting=int(seen.total(c.LABELS_WAITING)),
    )


def _counts(seen: Scrape, spec: MetricSpec, label: str) -> dict[str, int]:
    return {name: int(count) for name, count in sorted(seen.by(spec, label).items())}


def _signals(seen: Scrape) -> list[Signal]:
    """Worst first, then by name."""
    found = []
    for sample in seen.of(c.DRIFT_STATE.name):
        which = {"signal": sample.labels["signal"], "model_version": sample.labels["model_version"]}
        distance, floor = _widest(seen, which)
        since = [s.value for s in seen.of(c.DRIFT_SINCE.name, **which)]
        branches = {s.labels["branch"]: s.value for s in seen.of(c.DRIFT_CONTRIBUTION.name, signal=which["signal"])}
        state = STATES.get(int(sample.value), "unknown")
        found.append(
            (
                -sample.value,
                Signal(
                    **which,
                    state=state,
                    distance=distance,
                    floor=floor,
                    since=max(since, default=None),
                    branches=branches,
                ),
            )
        )
    return [signal for _, signal in sorted(found, key=lambda each: (each[0], each[1].signal, each[1].model_version))]


def _widest(seen: Scrape, which: dict[str, str]) -> tuple[float | None, float | None]:
    """Hellinger distance from the baseline, and its floor, in the window where it is largest beside the floor."""
    chosen = {**which, "against": "baseline", "distance": "hellinger"}
    floors = {s.labels["window"]: s.value for s in seen.of(c.DRIFT_FLOOR.name, **chosen)}
    pairs = [(s.value, floors.get(s.labels["window"])) for s in seen.of(c.DRIFT_DISTANCE.name, **chosen)]
    known = [(distance, floor) for distance, floor in pairs if floor]
    return max(known, key=lambda pair: pair[0] / pair[1], default=(None, None))


def _accuracy(seen: Scrape) -> list[Accuracy]:
    """Of codes (the finest level), in the longest window, by lane."""
    samples = list(seen.of(c.ACCURACY.name))
    if not samples:
        return []
    level = max((s.labels["level"] for s in samples), key=int)
    window = max((s.labels["window"] for s in samples), key=lambda name: int(name.split("_")[0]))
    found = []
    for sample in samples:
        labels = dict(sample.labels)
        if labels["level"] != level or labels["window"] != window:
            continue
        expected = {"lane": labels["lane"], "model_version": labels["model_version"], "window": window}
        found.append(
            Accuracy(
                lane=labels["lane"],
                model_version=labels["model_version"],
                share=sample.value,
                lower=seen.total(c.ACCURACY_LOWER, **labels),
                upper=seen.total(c.ACCURACY_UPPER, **labels),
                labels=int(seen.total(c.ACCURACY_LABELS, **labels)),
                expected=next((s.value for s in seen.of(c.EXPECTED_ACCURACY.name, **expected)), None),
            )
        )
    return found
