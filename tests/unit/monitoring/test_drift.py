"""The monitor as a whole, on small streams whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from monitoring.categories import Categories
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DriftSettings
from monitoring.layout import NUMERIC
from monitoring.observations import Observations, bins_of
from monitoring.outcomes import Outcome
from monitoring.readings import Against, SignalState
from monitoring.reference import FORMAT, parse
from schemas.drift import DriftEvent, DriftState
from schemas.signals import CONFIDENCE, NATURE, SECTION, SIGNALS, TEXT_WORDS

SETTINGS = DriftSettings(windows=(500, 1_000), baseline_filings=3_000)
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()
INTERVAL = 10.0
NATURES, SECTIONS = ["04", "10", "14", "20"], ["C", "F", "G", "L"]


def unused(*_: object) -> tuple[None, None]:
    raise AssertionError("observations come ready")


def monitor(settings: DriftSettings = SETTINGS, **more: object) -> DriftMonitor:
    categories = Categories({"nature": NATURES, "section": SECTIONS})
    return DriftMonitor({}, settings, measurer=unused, branches=unused, categories=categories, **more)  # type: ignore[arg-type]


def stream(
    count: int, *, at: int, seed: int, new_nature: float = 0.0, section_f: float = 0.25, model: str = "model-a"
) -> Observations:
    """Filings of four natures and sections; a share may have a nature that is new."""
    chance = np.random.default_rng(seed)
    cells = np.full((count, len(SIGNALS)), -1, dtype=np.int16)
    values = np.full((count, len(NUMERIC)), np.nan)
    rest = (1 - section_f) / 3
    cells[:, SIGNALS.index(NATURE)] = np.where(chance.random(count) < new_nature, 5, chance.integers(1, 5, count))
    cells[:, SIGNALS.index(SECTION)] = chance.choice([1, 2, 3, 4], count, p=[rest, section_f, rest, rest])
    for signal, drawn in ((TEXT_WORDS, chance.poisson(4, count)), (CONFIDENCE, chance.beta(4, 2, count))):
        values[:, NUMERIC.index(signal)] = drawn
        cells[:, SIGNALS.index(signal)] = bins_of(drawn.astype(float), signal.edges)
    times = START + (at + np.arange(count)) * INTERVAL
    return Observations(cells, values, times, np.zeros(count, dtype=np.int64), ((model, "policy"),))


def pieces(observations: Observations, size: int) -> Iterator[Observations]:
    for first in range(0, len(observations), size):
        yield observations.where((np.arange(len(observations)) // size) == first // size)


def position(event: DriftEvent, of: str = "detected_at") -> float:
    return (getattr(event, of).timestamp() - START) / INTERVAL


def test_a_drift_is_detected_once_with_its_evidence_and_cleared_when_it_is_over() -> None:
    """One filing in five bears a new nature from filing 6,000 to 8,000."""
    watching = monitor()
    events = watching.observe(stream(6_000, at=0, seed=1))
    assert events == []
    events = watching.observe(stream(2_000, at=6_000, seed=2, new_nature=0.2))
    assert [(e.signal, e.state) for e in events] == [("nature", DriftState.DETECTED)]
    found = events[0]
    assert 6_000 < position(found) <= 6_500
    assert abs(position(found, "since") - 6_000) <= 100
    assert found.distance is not None
    assert found.floor is not None
    assert found.distance > found.floor
    assert found.p_value is not None
    assert found.p_value < SETTINGS.level
    assert found.contributions[0].share > 0.5
    assert found.before == 0.0
    assert watching.standing == [found]
    events = watching.observe(stream(5_000, at=8_000, seed=3))
    assert [(e.signal, e.state) for e in events] == [("nature", DriftState.CLEARED)]
    assert events[0].since == found.since
    assert events[0].event_id != found.event_id
    assert watching.standing == []


def test_how_the_stream_is_cut_into_batches_changes_nothing() -> None:
    """Kafka hands over what is there: events and readings are the same to the last figure."""
    whole = [stream(6_000, at=0, seed=4), stream(1_500, at=6_000, seed=5, new_nature=0.3)]
    seen = []
    for size in (7_500, 333):
        watching = monitor()
        events = [e for part in whole for piece in pieces(part, size) for e in watching.observe(piece)]
        seen.append((events, watching.readings()))
    assert seen[0][0] == seen[1][0]
    for one, other in zip(seen[0][1], seen[1][1], strict=True):
        assert one.distances == pytest.approx(other.distances, nan_ok=True)
        assert (one.before, one.after) == pytest.approx((other.before, other.after))
        assert replace(one, distances={}, before=None, after=None, effect_size=None) == replace(
            other, distances={}, before=None, after=None, effect_size=None
        )


def test_a_monitor_goes_on_from_its_checkpoint_as_if_nothing_had_been() -> None:
    """Through JSON, in the middle of a step and of a drift."""
    first = monitor()
    first.observe(stream(6_020, at=0, seed=6))
    first.observe(stream(113, at=6_020, seed=7, new_nature=0.3))
    again = monitor()
    again.restore(json.loads(json.dumps(first.checkpoint())))
    rest = [stream(900, at=6_133, seed=8, new_nature=0.3), stream(4_000, at=7_033, seed=9)]
    told = [[event for part in rest for event in one.observe(part)] for one in (first, again)]
    assert told[0] == told[1]
    assert {event.state for event in told[0]} == {DriftState.DETECTED, DriftState.CLEARED}
    assert first.counts == again.counts
    for one, other in zip(first.readings(), again.readings(), strict=True):
        assert one.distances == pytest.approx(other.distances, nan_ok=True)
        assert (one.state, one.observations, one.p_value) == (other.state, other.observations, other.p_value)


def test_what_was_published_is_not_published_again_by_a_monitor_that_reads_from_the_start() -> None:
    """It is told what was; the all-clear that follows is new and comes."""
    parts = [
        stream(6_000, at=0, seed=10),
        stream(1_000, at=6_000, seed=11, new_nature=0.3),
        stream(4_000, at=7_000, seed=12),
    ]
    first = monitor()
    events = [event for part in parts[:2] for event in first.observe(part)]
    assert len(events) == 1
    again = monitor()
    again.resume(events)
    told = [event for part in parts for event in again.observe(part)]
    assert [(event.signal, event.state) for event in told] == [("nature", DriftState.CLEARED)]
    assert [event.since for event in told] == [events[0].since]


def test_a_new_model_is_told_apart_from_the_worlds_drift() -> None:
    """Outputs are learnt anew for it, inputs are watched on: no alarm from the swap, one from a new nature."""
    watching = monitor()
    watching.observe(stream(6_000, at=0, seed=13))
    swapped = watching.observe(stream(6_000, at=6_000, seed=14, section_f=0.6, model="model-b"))
    assert swapped == []
    assert watching.counts["model_swaps"] == 1
    events = watching.observe(stream(1_000, at=12_000, seed=15, section_f=0.6, new_nature=0.3, model="model-b"))
    assert [event.signal for event in events] == ["nature"]


def test_two_models_at_once_are_two_streams_of_outputs() -> None:
    """While workers change over: neither drifts for the other's sake."""
    watching = monitor()
    watching.observe(stream(6_000, at=0, seed=16))
    old, new = stream(4_000, at=6_000, seed=17), stream(4_000, at=6_000, seed=18, section_f=0.7)
    mixed = Observations(
        np.concatenate([old.cells, new.cells]),
        np.concatenate([old.values, new.values]),
        np.concatenate([old.times, new.times]),
        np.repeat([0, 1], 4_000),
        (("model-a", "policy"), ("model-b", "policy")),
    )
    order = np.argsort(mixed.times, kind="stable")
    mixed = replace(
        mixed,
        cells=mixed.cells[order],
        values=mixed.values[order],
        times=mixed.times[order],
        version_of=mixed.version_of[order],
    )
    assert [event.signal for piece in pieces(mixed, 500) for event in watching.observe(piece)] == []


def test_output_drift_says_which_sections_carry_it() -> None:
    """Section F from a quarter to nearly a half."""
    watching = monitor()
    watching.observe(stream(6_000, at=0, seed=19))
    events = watching.observe(stream(1_000, at=6_000, seed=20, section_f=0.45))
    assert [event.signal for event in events] == ["section"]
    assert events[0].contributions[0].branch == "F"
    assert events[0].model_version == "model-a"


def test_label_errors_that_rise_are_detected_and_errors_that_fall_are_not() -> None:
    """From one in ten to three in ten, and to none."""
    for rate, expected in ((0.3, {"error_code"}), (0.0, set())):
        chance = np.random.default_rng(21)
        watching = monitor()
        judged = [Outcome(START + n, "model-a", bool(chance.random() >= 0.1), True) for n in range(3_000)]
        assert watching.observe_outcomes(judged) == []
        later = [Outcome(START + 3_000 + n, "model-a", bool(chance.random() >= rate), True) for n in range(1_000)]
        assert {event.signal for event in watching.observe_outcomes(later)} == expected


def test_rebasing_takes_the_stream_as_it_is_for_the_new_baseline() -> None:
    """The detection is closed and does not come again."""
    watching = monitor()
    watching.observe(stream(6_000, at=0, seed=22))
    assert len(watching.observe(stream(2_000, at=6_000, seed=23, new_nature=0.3))) == 1
    closed = watching.rebase("nature")
    assert [(event.signal, event.state) for event in closed] == [("nature", DriftState.CLEARED)]
    assert watching.observe(stream(4_000, at=8_000, seed=24, new_nature=0.3)) == []


def test_while_the_baseline_is_learnt_nothing_is_said_and_training_is_compared_with() -> None:
    """A reference of training gives distances and floors from the first filing."""
    nature = {"categories": {"04": 100, "10": 100, "14": 100, "20": 100}}
    floors = {"quantile": 0.99, "sizes": [50, 5_000], "signals": {"nature": {}}}
    for name in ("hellinger", "bhattacharyya", "kullback_leibler", "jensen_shannon", "population_stability"):
        floors["signals"]["nature"][name] = [0.2, 0.02]  # type: ignore[index]
    said = {"format": FORMAT, "rows": 400, "signals": {"nature": nature}, "floors": floors}
    watching = DriftMonitor(
        {"model-a": parse(said, model_version="model-a")}, SETTINGS, measurer=unused, branches=unused
    )
    watching.observe(stream(600, at=0, seed=25))
    readings = [r for r in watching.readings() if r.signal == "nature"]
    assert {r.against for r in readings} == {Against.TRAINING}
    assert {r.state for r in readings} == {SignalState.LEARNING}
    for reading in readings:
        assert all(reading.distances[d] < reading.floors[d] for d in reading.distances)


def test_the_window_before_is_compared_with_and_has_a_floor_of_its_own() -> None:
    """Two windows of 500: a step between them is beyond the floor, none within it."""
    watching = monitor()
    watching.observe(stream(5_000, at=0, seed=27))
    for share, beyond in ((0.0, False), (0.3, True)):
        watching.observe(stream(500, at=5_000, seed=28, new_nature=share))
        reading = next(
            r
            for r in watching.readings()
            if (r.signal, r.window, r.against) == ("nature", "500_filings", Against.PREVIOUS)
        )
        assert all((reading.distances[d] > reading.floors[d]) == beyond for d in reading.distances)


def test_the_oddest_of_the_filings_scored_is_named() -> None:
    """One in fifty is scored, wherever batches end; one text has two hundred words."""
    watching = monitor(replace(SETTINGS, odd_every=2))
    watching.observe(stream(4_000, at=0, seed=29))
    odd = stream(1_000, at=4_000, seed=30)
    odd.values[900, NUMERIC.index(TEXT_WORDS)] = 200.0
    odd.values[900, NUMERIC.index(CONFIDENCE)] = 0.01
    odd = replace(odd, ids=tuple(f"f{n}" for n in range(1_000)))
    watching.observe(odd)
    assert "f900" in [filing.formality_id for filing in watching.oddest(20)]


def test_nothing_is_as_good_as_an_empty_topic() -> None:
    """No filing, no label: no event, no reading, no error."""
    watching = monitor()
    empty = stream(0, at=0, seed=26)
    assert watching.observe(empty) == []
    assert watching.observe_outcomes([]) == []
    assert list(watching.readings()) == []
    assert json.loads(json.dumps(watching.checkpoint()))["latest"] is None


@pytest.mark.parametrize(("seasons", "alarmed"), [(True, False), (False, True)])
def test_weekends_that_are_as_always_raise_no_alarm_once_they_are_known(*, seasons: bool, alarmed: bool) -> None:
    """Six weeks of 600 filings a day, section F twice as frequent at weekends; the first two weeks may cry."""
    watching = monitor(replace(SETTINGS, seasons=seasons, odd_every=0))
    a_day, late = 600, []
    for day in range(42):
        part = stream(a_day, at=0, seed=100 + day, section_f=0.5 if day % 7 in (5, 6) else 0.25)
        times = START - START % 86_400 + day * 86_400 + np.arange(a_day) * (86_400 / a_day)
        events = watching.observe(replace(part, times=times))
        late += [event for event in events if day >= 21 and event.state is DriftState.DETECTED]
    assert bool(late) == alarmed


def test_what_is_received_at_about_the_same_time_is_in_order_and_what_is_sent_late_is_not() -> None:
    """Two partitions a second apart are no disorder; a filing of two minutes ago is, in a batch and across batches."""
    watching = monitor()
    usual = stream(400, at=0, seed=1)
    swapped = replace(usual, times=usual.times + np.where(np.arange(400) % 2, 0.0, 59.0))
    watching.observe(swapped)
    assert watching.counts["out_of_order"] == 0
    late = stream(3, at=400, seed=2)
    watching.observe(replace(late, times=np.array([swapped.times.max(), swapped.times.max() - 120.0, START])))
    watching.observe(replace(late, times=np.full(3, START)))
    assert watching.counts["out_of_order"] == 2 + 3
    assert watching.counts["filings"] == 406
