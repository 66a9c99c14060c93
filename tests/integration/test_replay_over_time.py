"""What a replay says over time: drift as the monitor sees it, and models trained on the way."""

from __future__ import annotations

import csv
import shutil
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic_core import from_json

from models import nomenclature
from models.artefact import open_model
from models.decide import decide_batch
from models.training import TrainingSettings
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DriftSettings
from schemas.codec import encode
from schemas.formality import Formality
from stream.monitor.text_measures import CachedTextMeasurer
from stream.monitor.watched import WatchedModels
from stream.replay import finish
from stream.replay.drift import drift_of
from stream.replay.drift_columns import COLUMNS, decisions_of
from stream.replay.history import History as Columns
from stream.replay.judged import Run
from stream.replay.options import FinishOptions
from stream.replay.rows import Rows
from tests.integration.replayed import CODES, DAYS, START, History


def test_retraining_learns_from_what_was_labelled_by_then_and_from_nothing_else(
    replayed_history: History, tmp_path: Path, quick_training: TrainingSettings
) -> None:
    """After codes change their meaning, the monthly model recovers and the first never does.

    From the fiftieth day on every label is of another code. The second period's model has seen only
    what was labelled before it began, so that it is wrong there, too; the last one's is right.
    """
    shutil.copytree(replayed_history.output / "decisions", tmp_path / "decisions")
    labels = tmp_path / "labels.csv"
    turned = dict(zip(CODES, [*CODES[1:], CODES[0]], strict=True))
    changed = START.date() + timedelta(days=50)
    received = {row["formality_id"]: row["received_at"] for row in replayed_history.rows()}
    with labels.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["formality_id", "code"])
        for identity, code in replayed_history.codes().items():
            writer.writerow([identity, turned[code] if received[identity].date() >= changed else code])
    options = FinishOptions(labels=str(labels), label_delay="2d", retrain="monthly", drift=False)
    bare = replayed_history.summary.model_copy(update={"evaluation": None})
    found = finish.finish(tmp_path, bare, options, models=replayed_history.models, training=quick_training).evaluation
    assert found is not None
    never, monthly = found.retraining
    assert (never.trainings, {period.trained_on for period in never.periods}) == (0, {None})
    assert [period.start for period in never.periods] == [period.start for period in monthly.periods]
    assert [period.start for period in monthly.periods] == [START.date(), *(date(2026, m, 1) for m in (2, 3, 4))]
    for period in monthly.periods[1:]:
        by_then = sum(instant.date() + timedelta(days=2) < period.start for instant in received.values())
        assert abs((period.trained_on or 0) - by_then) <= len(received) / DAYS
        assert (period.trained_on or 0) < sum(instant.date() < period.start for instant in received.values())
    last, before = monthly.periods[-1], monthly.periods[-2]
    assert (before.accuracy.value or 0.0) < 0.5
    assert last.accuracy.low > max(before.accuracy.high, (never.accuracy.value or 0.0))
    assert list(tmp_path.glob(".retraining-*")) == []


def test_nothing_is_trained_for_a_gap(
    replayed_history: History, tmp_path: Path, quick_training: TrainingSettings
) -> None:
    """One filing of 2062: it is decided by the last model, and the years between are no periods."""
    (tmp_path / "decisions").mkdir()
    for path in sorted((replayed_history.output / "decisions").glob("*.parquet")):
        table = pq.read_table(path)
        position = table.schema.get_field_index("received_at")
        instants = table.column("received_at").to_pylist()
        instants[-2:] = [instants[-1].replace(year=2062, month=2, day=15)] * 2
        field = table.schema.field(position)
        late = pa.array(instants, field.type)
        pq.write_table(table.set_column(position, field, late), tmp_path / "decisions" / path.name)
    options = FinishOptions(
        labels=str(replayed_history.labels), label_delay="2d", retrain="monthly,quarterly", drift=False
    )
    bare = replayed_history.summary.model_copy(update={"evaluation": None})
    said: list[str] = []
    found = finish.finish(
        tmp_path,
        bare,
        options,
        models=replayed_history.models,
        training=quick_training,
        following=finish.Following(note=said.append),
    ).evaluation
    assert found is not None
    _, monthly, quarterly = found.retraining
    # Of May the window still reaches the last filings of April.
    starts = [START.date(), *(date(2026, m, 1) for m in (2, 3, 4, 5)), date(2062, 2, 1)]
    assert [period.start for period in monthly.periods] == [period.start for period in quarterly.periods] == starts
    assert [period.filings for period in monthly.periods[-2:]] == [0, 1]
    # No label came after May began: the models of 2062 are that of May, not trained again.
    assert len(said) == 4
    assert (monthly.trainings, quarterly.trainings) == (5, 2)
    assert monthly.periods[-1].model_version == quarterly.periods[-1].model_version == monthly.periods[-2].model_version
    assert quarterly.periods[-1].model_version != quarterly.periods[-2].model_version


def test_drift_is_what_the_monitor_says_of_the_same_decisions(replayed_history: History, tmp_path: Path) -> None:
    """A type of form that appears on day 70 is detected after it, and nothing is before."""
    settings = DriftSettings(windows=(100, 200), baseline_filings=600, persist=2, seasons=False)
    altered = START.date() + timedelta(days=70)
    (tmp_path / "decisions").mkdir()
    for path in sorted((replayed_history.output / "decisions").glob("*.parquet")):
        table = pq.read_table(path)
        late = [instant.date() >= altered for instant in table.column("received_at").to_pylist()]
        forms = [
            "Z" if is_late else form for is_late, form in zip(late, table.column("type_form").to_pylist(), strict=True)
        ]
        position = table.schema.get_field_index("type_form")
        column = pa.array(forms, pa.string()).cast(table.schema.field(position).type)
        pq.write_table(
            table.set_column(position, table.schema.field(position), column), tmp_path / "decisions" / path.name
        )
    drifted = drift_of(_columns(replayed_history, tmp_path), replayed_history.models[0], settings=settings)
    detected = [event for event in drifted.events if event.signal == "type_form"]
    assert [event.state for event in detected] == ["detected"]
    assert altered <= detected[0].detected_at.date() <= altered + timedelta(days=20)
    points = next(signal.points for signal in drifted.signals if signal.signal == "type_form")
    assert {point.drifting for point in points if point.day < altered} == {False}
    assert points[-1].drifting
    assert points[-1].distance > 5 * points[-1].floor


def test_the_monitor_sees_in_a_replay_what_it_sees_on_the_wire(replayed_history: History) -> None:
    """The columns of the Parquet give the same observations as the decisions' own JSON."""
    run = _columns(replayed_history, replayed_history.output).run
    _, model = open_model(replayed_history.models[0])
    policy = replayed_history.summary.policies[0].policy
    formalities = [Formality.model_validate({**row, "source": "file"}) for row in replayed_history.rows()[0::2][:150]]
    decisions = [encode(one) for one in decide_batch(formalities, model=model, policy=policy)]
    watched = WatchedModels(replayed_history.models[0])
    measurer = CachedTextMeasurer(watched.by_version)
    monitor = DriftMonitor(watched.references, measurer=measurer, branches=watched.branches)
    wire = monitor.read(from_json(value) for value in decisions)
    (chunk,) = decisions_of(Rows(run, COLUMNS), np.arange(150), measurer.measure)
    replayed_ = monitor.read(chunk)
    assert wire.unreadable == replayed_.unreadable == 0
    assert np.array_equal(wire.cells, replayed_.cells)
    assert np.allclose(wire.values, replayed_.values, equal_nan=True)
    assert wire.times.tolist() == replayed_.times.tolist()
    assert list(wire.ids) == list(replayed_.ids)
    assert wire.versions == replayed_.versions


def _columns(replayed_history: History, folder: Path) -> Columns:
    return Columns(Run(folder, replayed_history.summary, nomenclature.load("naf-rev2")), None)
