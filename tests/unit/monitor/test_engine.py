"""The engine as a whole: what it exports, how many series that is, and that a crash changes none of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from math import isclose
from pathlib import Path
from random import Random

import pytest

from models.nomenclature import load
from monitoring import catalogue
from monitoring.instruments import Instruments
from schemas.codec import encode
from schemas.decision import Route, Stage
from schemas.label import LabelOrigin
from schemas.signals import SIGNALS, SignalGroup, of_group
from stream.bootstrap import monitor_instruments
from stream.kafka.merged import Item
from stream.monitor.engine import Engine
from stream.monitor.export import Exporter
from stream.monitor.watched import WatchedModel, WatchedModels
from tests.unit.monitor.conftest import MakeEngine
from tests.unit.monitor.messages import NOON, decision, item, label

SERIES = 3_000
WORDS = "pose vente conseil achat toiture fruits logiciel transport coiffure location salon bois".split()
NAF = load("naf-rev2")

NOT_THE_ENGINES = (
    catalogue.MONITOR_LAG,
    *(catalogue.DRIFT_SINCE, catalogue.DRIFT_CONTRIBUTION, catalogue.JOIN_SIZE),
)
"""The process's, there while a drift stands, or left out of the comparison below."""
Exported = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def one_code_a_section() -> list[str]:
    """A code of each section."""
    return list({NAF.paths[code][0]: code for code in NAF.codes}.values())


def history(filings: int, *, seed: int = 0) -> Iterator[Item]:
    """Decisions of two models over every section, on every route, and labels for most of them."""
    chance = Random(seed)
    codes = one_code_a_section()
    for number in range(filings):
        at = NOON + timedelta(seconds=number)
        route = (Route.AUTO, Route.REVIEW, Route.REVIEW, Route.AUTO, Route.RETURNED)[number % 5]
        made = decision(
            number,
            route=route,
            audit=route is Route.AUTO and number % 2 == 0,
            code=codes[number % len(codes)],
            at=at,
            model="model-a" if number % 3 else "model-b",
            probability=round(chance.uniform(0.2, 1.0), 3),
            text=" ".join(chance.sample(WORDS, 3)),
        )
        stage = Stage.REJECTION if route is Route.RETURNED else (Stage.MODEL, Stage.RULE)[number % 7 == 0]
        made = made.model_copy(update={"nomenclature": "naf-rev2", "stage": stage})
        yield item(made, number)
        if route is not Route.RETURNED:
            origin = LabelOrigin.AUDIT if route is Route.AUTO else LabelOrigin.REVIEW
            given = label(number, chance.choice([made.code, codes[0]]), origin=origin, nomenclature="naf-rev2", at=at)
            yield item(given, number)


def exported(engine: Engine) -> Exported:
    """Every gauge as Prometheus would read it; counters begin again with a process, as everywhere."""
    instruments = monitor_instruments()
    Exporter(instruments, engine, threshold=0.5).export()
    kept = {spec.name for spec in catalogue.MONITOR_METRICS if spec.kind is catalogue.Kind.GAUGE}
    # The file's pages depend on when it was written to.
    kept.discard(catalogue.JOIN_SIZE.name)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in instruments.registry.collect()
        if family.name in kept
        for sample in family.samples
    }


def series(instruments: Instruments) -> int:
    return sum(len(family.samples) for family in instruments.registry.collect())


def test_the_number_of_series_is_bounded_with_every_section_and_two_models(make_engine: MakeEngine) -> None:
    """Prometheus keeps under 3,000 series of a monitor, whatever the stream brings."""
    engine = make_engine(None)
    instruments = monitor_instruments()
    exporter = Exporter(instruments, engine, threshold=0.512)
    items = list(history(3_300))
    for start in range(0, len(items), 500):
        exporter.taken(engine.take(items[start : start + 500]))
    exporter.export()
    values = exported(engine)
    assert len(labels_of(values, catalogue.SECTION_SHARE, "section")) == 21
    assert labels_of(values, catalogue.DRIFT_STATE, "model_version") == {"model-a", "model-b"}
    gauges = {spec.name for spec in catalogue.MONITOR_METRICS if spec.kind is catalogue.Kind.GAUGE}
    assert gauges - {name for name, _ in values} == {spec.name for spec in NOT_THE_ENGINES}
    # A standing drift of every signal would add its beginning and five branches, of outputs for both models.
    inputs = of_group(SignalGroup.INPUT, SignalGroup.SERVICE)
    drifts = sum((1 + min(5, signal.size)) * (1 if signal in inputs else 2) for signal in SIGNALS)
    assert series(instruments) + drifts < SERIES


def labels_of(values: Exported, spec: catalogue.MetricSpec, label: str) -> set[str]:
    return {dict(labels)[label] for name, labels in values if name == spec.name}


def test_a_crash_in_the_middle_changes_no_exported_value(make_engine: MakeEngine, tmp_path: Path) -> None:
    """What was not committed is read again; every gauge is what it would have been."""
    items = list(history(1_200))
    whole = make_engine(None)
    for start in range(0, len(items), 100):
        whole.take(items[start : start + 100])
    path = tmp_path / "state.sqlite"
    first = make_engine(path)
    for start in range(0, 1_500, 100):
        first.take(items[start : start + 100])
        if start == 1_000:
            first.commit()
    first.join.close()
    second = make_engine(path)
    assert set(second.join.offsets().values()) < {item.offset + 1 for item in items}
    again = [item for item in items if item.offset >= second.join.offsets().get((item.topic, item.partition), 0)]
    assert len(again) == len(items) - 1_100
    for start in range(0, len(again), 170):
        second.take(again[start : start + 170])
    before, after = exported(whole), exported(second)
    assert before.keys() == after.keys()
    # Means of real numbers are sums in another order; everything else is counted.
    apart = {
        name: (value, after[name]) for name, value in before.items() if not isclose(value, after[name], rel_tol=1e-9)
    }
    assert apart == {}


def test_the_threshold_in_force_is_an_edge_of_the_confidence_histogram(make_engine: MakeEngine) -> None:
    """How much is auto can be read off the histogram; another threshold makes another edge."""
    engine = make_engine(None)
    instruments = monitor_instruments()
    exporter = Exporter(instruments, engine, threshold=0.77)
    name = catalogue.CONFIDENCE.name
    assert instruments.registry.get_sample_value(f"{name}_bucket", {"le": "0.77"}) == 0.0
    exporter.taken(engine.take(list(history(20))))
    assert instruments.registry.get_sample_value(f"{name}_bucket", {"le": "0.77"}) is None
    edge = instruments.registry.get_sample_value(f"{name}_bucket", {"le": "0.5"})
    count = instruments.registry.get_sample_value(f"{name}_count")
    assert count == 16.0
    assert edge is not None
    assert 0 < edge < count


def test_shares_at_other_thresholds_are_counted_from_the_window(make_engine: MakeEngine) -> None:
    """Four filings with known confidence: what 0.50 and 0.80 would make auto."""
    engine = make_engine(None)
    given = [decision(n, probability=p) for n, p in enumerate((0.3, 0.6, 0.85, 0.95))]
    engine.take([item(made, n) for n, made in enumerate([*given, decision(9, route=Route.RETURNED)])])
    at = {threshold: share for (threshold, window), share in engine.mix.auto_at().items() if window == "3600_seconds"}
    assert (at["0.50"], at["0.80"], at["0.95"]) == (0.6, 0.4, 0.2)


def test_an_engine_that_has_read_nothing_exports_nothing_wrong(make_engine: MakeEngine) -> None:
    """Empty topics: no share of nothing, no not-a-number."""
    engine = make_engine(None)
    engine.commit()
    values = exported(engine)
    assert all(value == value for value in values.values())
    assert not any(name == catalogue.ACCURACY.name for name, _ in values)


def test_no_exported_value_is_not_a_number(make_engine: MakeEngine) -> None:
    """A NaN would silence every alert that compares with it."""
    engine = make_engine(None)
    items = list(history(600))
    for start in range(0, len(items), 250):
        engine.take(items[start : start + 250])
        assert [name for name, value in exported(engine).items() if value != value] == []


def test_other_windows_than_those_kept_are_made_from_kafka_again(make_engine: MakeEngine, tmp_path: Path) -> None:
    """A changed setting must not mix two kinds of windows."""
    engine = make_engine(tmp_path / "state.sqlite")
    engine.take(list(history(10)))
    engine.commit()
    engine.join.commit({"settings": b"others"}, b"")
    engine.join.close()
    again = make_engine(tmp_path / "state.sqlite")
    assert again.join.offsets() == {}
    assert again.mix.filings() == {"3600_seconds": 0, "86400_seconds": 0}


@pytest.mark.parametrize(
    "changes",
    [
        {"source": 5},
        {"formality": {"nature": {"code": 4}, "description_activity": "Pose"}},
        {"formality": {"cj": 1000, "description_activity": "Pose"}},
        {"formality": {"description_activity": ["Pose"]}},
        {"received_at": "yesterday"},
    ],
)
def test_a_decision_whose_filing_is_of_another_form_is_counted(
    make_engine: MakeEngine, changes: dict[str, object]
) -> None:
    """What passes the first look and not the second is neither lost in silence nor fatal."""
    engine = make_engine(None)
    fields = {**json.loads(encode(decision(1))), **changes}
    taken = engine.take([item(json.dumps(fields).encode(), 0), item(decision(2), 1)])
    assert sum(taken.unreadable.values()) == 1
    assert set(engine.mix.filings().values()) == {1}


def test_a_model_put_beside_the_others_is_found_when_it_decides(
    watched: WatchedModel, small_model: Path, tmp_path: Path
) -> None:
    """A promoted model needs no restart of the monitor: its folder is looked at again."""
    import shutil

    models = WatchedModels(small_model, [tmp_path])
    assert set(models.by_version) == {watched.version}
    shutil.copytree(small_model, tmp_path / "copy")
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "manifest.json").write_text("{}")
    assert [found.version for found in models.look()] == [watched.version]
    assert models.look() == []
