"""What a replay says once labels are there: summary and report, by hand and in a browser."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic_core import from_json

from models import nomenclature, training
from models.artefact import open_model
from models.backtest.figures import History as Columns
from models.decide import decide_batch
from models.evaluation import Example
from models.intervals import wilson
from models.starter import declarations
from models.training import TrainingSettings
from monitoring.drift import DriftMonitor
from monitoring.drift_settings import DriftSettings
from schemas.codec import encode
from schemas.formality import Formality
from stream.errors import UsageError
from stream.monitor.text_measures import CachedTextMeasurer
from stream.monitor.watched import WatchedModels
from stream.replay import finish
from stream.replay.drift import COLUMNS, decisions_of, drift_of
from stream.replay.evaluation import history_of
from stream.replay.finish import FinishOptions
from stream.replay.judged import Run
from stream.replay.report.words import interval, number, percent
from stream.replay.summary import Summary
from tests.integration.browser import browse
from tests.integration.replayed import HOSTILE, START, replayed, write_history

CODES = "0121Z 1071C 4120A 4321A 4322A 4332A 4339Z 4511Z 4520A 4711B".split()
THRESHOLDS = (0.8, 0.5)
DAYS = 100
FILINGS = 1_200


@dataclass(frozen=True)
class History:
    """A finished replay of two models under two policies, and what it was made of."""

    output: Path
    filings: Path
    labels: Path
    models: tuple[Path, Path]
    examples: list[Example]

    @property
    def summary(self) -> Summary:
        """As written."""
        return Summary.model_validate_json((self.output / "summary.json").read_bytes())

    @property
    def report(self) -> str:
        """As written."""
        return (self.output / "report.html").read_text(encoding="utf-8")

    def rows(self) -> list[dict[str, Any]]:
        """Decisions of both models, in order."""
        files = sorted((self.output / "decisions").glob("*.parquet"))
        return [row for path in files for row in pq.read_table(path).to_pylist()]

    def codes(self) -> dict[str, str]:
        """Formality id -> code of its label."""
        with self.labels.open(newline="") as file:
            return {row["formality_id"]: row["code"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    """Filings of ten codes, well mixed."""
    lines = [line for line in declarations.declarations() if line.codes[0] in CODES]
    found = declarations.examples(lines, nomenclature="naf-rev2", seed=5)
    return [found[(place * 389) % len(found)] for place in range(FILINGS)]


@pytest.fixture(scope="module")
def quick() -> TrainingSettings:
    """Trains in a second."""
    settings = TrainingSettings(seed=3)
    settings.hyperparameters.update(dim=16, epoch=12, bucket=524_288, wordNgrams=1, maxn=4)
    return settings


@pytest.fixture(scope="module")
def history(
    tmp_path_factory: pytest.TempPathFactory, small_model: Path, examples: list[Example], quick: TrainingSettings
) -> History:
    """Replayed once for all tests of this module."""
    folder = tmp_path_factory.mktemp("history")
    filings, labels = write_history(folder, examples, days=DAYS)
    second = folder / "second"
    training.train(examples[::4], nomenclature=nomenclature.load("naf-rev2"), destination=second, settings=quick)
    models = (small_model, second)
    options = FinishOptions(labels=str(labels), label_delay="14d", drift=False)
    replayed(folder / "out", filings, models, THRESHOLDS, options)
    return History(folder / "out", filings, labels, models, examples)


class _Tables(HTMLParser):
    """Cells of every table, row by row, in one language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._other = {"fr": "en", "en": "fr"}[language]
        self._hidden: list[str] = []
        self._open = False
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The page's own language is what its script changes; a line break has no end.
        if tag not in ("html", "br") and (self._hidden or dict(attrs).get("lang") == self._other):
            self._hidden.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        if self._hidden and tag == self._hidden[-1]:
            self._hidden.pop()
        if tag in ("td", "th"):
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open and not self._hidden:
            self.rows[-1][-1] += data


def table_rows(report: str, language: str) -> Iterator[list[str]]:
    """Rows of the report's tables."""
    parser = _Tables(language)
    parser.feed(report)
    yield from parser.rows


def test_the_figures_are_those_counted_from_the_decisions_by_hand(history: History) -> None:
    """Automation, error and accuracy of every model under every policy, row by row from the Parquet."""
    evaluation, codes = history.summary.evaluation, history.codes()
    assert evaluation is not None
    rows = history.rows()
    for variant in evaluation.variants:
        own = rows[variant.model - 1 :: 2]
        route = "route" if variant.policy == 1 else f"route_{variant.policy}"
        auto = [row for row in own if row[route] == "auto"]
        wrong = sum(row["code"] != codes[row["formality_id"]] for row in auto)
        assert variant.filings == len(own) == len(codes)
        assert variant.automation.value == pytest.approx(len(auto) / len(own))
        assert variant.auto_error.value == pytest.approx(wrong / len(auto))
        assert (variant.auto_error.low, variant.auto_error.high) == pytest.approx(wilson(wrong, len(auto)))
        assert variant.minutes == pytest.approx(
            (3.0 * sum(row[route] == "review" for row in own) + 30.0 * wrong) / len(own)
        )
    for model in evaluation.models:
        own = rows[model.number - 1 :: 2]
        right = sum(row["code"] == codes[row["formality_id"]] for row in own)
        among = sum(codes[row["formality_id"]] in [row[f"code_{rank}"] for rank in range(1, 6)] for row in own)
        assert model.accuracy["code"].value == pytest.approx(right / len(own))
        assert model.top_k[4].value == pytest.approx(among / len(own))


def test_the_two_models_are_compared_as_counted_by_hand(history: History) -> None:
    """Discordant filings, and the commonest pair of codes."""
    evaluation, codes = history.summary.evaluation, history.codes()
    assert evaluation is not None
    rows = history.rows()
    pairs = list(zip(rows[0::2], rows[1::2], strict=True))
    right = [(a["code"] == codes[a["formality_id"]], b["code"] == codes[b["formality_id"]]) for a, b in pairs]
    test = evaluation.comparisons[0].mcnemar
    assert (test.both, test.only_a, test.only_b, test.neither) == tuple(
        right.count(outcome) for outcome in ((True, True), (True, False), (False, True), (False, False))
    )
    first = evaluation.comparisons[0].pairs[0]
    assert first.filings == sum((a["code"] or "", b["code"] or "") == (first.a, first.b) for a, b in pairs)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_report_says_what_the_summary_says(history: History, language: str) -> None:
    """Each variant's row, each level's accuracy and each section's, in both languages."""
    evaluation = history.summary.evaluation
    assert evaluation is not None
    rows = list(table_rows(history.report, language))
    for one in evaluation.variants:
        expected = [
            getattr(said, language)
            for said in (
                interval(one.automation),
                interval(one.auto_error, 2),
                percent(one.auto_error_upper, 2),
                number(one.auto_error.rows),
                number(one.review_hours),
                number(one.minutes, 2),
            )
        ]
        assert [row[1:] for row in rows if row and row[0].startswith(f"M{one.model} · P{one.policy}")] == [expected]
    accuracies = [getattr(interval(model.accuracy["code"]), language) for model in evaluation.models]
    assert any(row[1:] == accuracies for row in rows)
    for group in evaluation.focus[0].sections:
        row = next(row for row in rows if row[0].startswith(f"{group.name} ") or not group.name)
        if group.name:
            assert getattr(interval(group.auto_error), language) in row[3]


def test_an_error_is_known_fourteen_days_late(history: History) -> None:
    """Nothing is known before the first label, and the last fortnight's labels are still to come."""
    evaluation = history.summary.evaluation
    assert evaluation is not None
    days = evaluation.focus[0].days
    known = [day.day for day in days if day.accuracy_known.rows]
    assert days[0].day == START.date()
    assert known[0] == START.date() + timedelta(days=14)
    assert sum(day.labels for day in days) == sum(
        day.auto + day.review + day.returned for day in days[: len(days) - 14]
    )


def test_the_same_input_gives_the_same_bytes(history: History, tmp_path: Path) -> None:
    """No clock, no host and no chance in summary and report."""
    shutil.copytree(history.output / "decisions", tmp_path / "decisions")
    options = FinishOptions(labels=str(history.labels), label_delay="14d", drift=False)
    again = finish.finish(
        tmp_path, history.summary.model_copy(update={"evaluation": None}), options, models=history.models
    )
    assert again.model_dump_json(indent=2) == (history.output / "summary.json").read_text().strip()
    assert (tmp_path / "report.html").read_bytes() == (history.output / "report.html").read_bytes()


def test_the_report_needs_nothing_else_and_stays_small(history: History) -> None:
    """No address to load from, under 3 MB."""
    assert not re.search(r"(?:src|href)\s*=|url\((?!#)|@import|https?://", history.report)
    assert len(history.report.encode()) < 3_000_000


def test_a_declarants_words_stay_words(history: History, tmp_path: Path) -> None:
    """Markup in a text is shown as it was typed; without examples no text is in the report at all."""
    shutil.copytree(history.output / "decisions", tmp_path / "decisions")
    bare = history.summary.model_copy(update={"evaluation": None})
    finish.finish(
        tmp_path, bare, FinishOptions(labels=str(history.labels), examples=10_000, drift=False), models=history.models
    )
    report = (tmp_path / "report.html").read_text()
    texts = [example.formality.description_activity for example in history.examples[1:]]
    assert "document.title" in report
    assert HOSTILE not in report
    assert "<b>plombier" not in report
    finish.finish(
        tmp_path, bare, FinishOptions(labels=str(history.labels), examples=0, drift=False), models=history.models
    )
    report = (tmp_path / "report.html").read_text()
    assert not [text for text in texts if len(text) > 25 and text in report]


def test_chromium_shows_and_prints_the_report_in_both_languages_without_a_complaint(
    history: History, tmp_path: Path
) -> None:
    """Nothing on the console; the language asked for, to its last section; a picture, and some pages of PDF."""
    page = history.output / "report.html"
    shown = browse(page, tmp_path, fragment="fr", write="screenshot")
    printed = browse(page, tmp_path, fragment="en", write="print-to-pdf")
    assert (shown.console, printed.console) == ([], [])
    assert '<html lang="fr">' in shown.dom
    assert '<html lang="en">' in printed.dom
    assert shown.dom.count("</section>") == printed.dom.count("</section>") == history.report.count("</section>")
    assert shown.written.startswith(b"\x89PNG")
    assert len(shown.written) > 20_000, "an empty page is a smaller picture"
    assert printed.written.startswith(b"%PDF")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", printed.written)) < 30


def test_without_labels_the_report_says_so(history: History, tmp_path: Path) -> None:
    """Automation is known, errors are not, and nothing is made up."""
    shutil.copytree(history.output / "decisions", tmp_path / "decisions")
    bare = history.summary.model_copy(update={"evaluation": None})
    found = finish.finish(tmp_path, bare, FinishOptions(drift=False), models=history.models).evaluation
    assert found is not None
    assert found.labels is None
    assert {variant.auto_error.value for variant in found.variants} == {None}
    assert "--labels" in (tmp_path / "report.html").read_text()


def test_retraining_learns_from_what_was_labelled_by_then_and_from_nothing_else(
    history: History, tmp_path: Path, quick: TrainingSettings
) -> None:
    """After codes change their meaning, the monthly model recovers and the first never does.

    From the fiftieth day on every label is of another code. The second period's model has seen only
    what was labelled before it began, so that it is wrong there, too; the last one's is right.
    """
    shutil.copytree(history.output / "decisions", tmp_path / "decisions")
    labels = tmp_path / "labels.csv"
    turned = dict(zip(CODES, [*CODES[1:], CODES[0]], strict=True))
    changed = START.date() + timedelta(days=50)
    received = {row["formality_id"]: row["received_at"] for row in history.rows()}
    with labels.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["formality_id", "code"])
        for identity, code in history.codes().items():
            writer.writerow([identity, turned[code] if received[identity].date() >= changed else code])
    options = FinishOptions(labels=str(labels), label_delay="2d", retrain="monthly", drift=False)
    bare = history.summary.model_copy(update={"evaluation": None})
    found = finish.finish(tmp_path, bare, options, models=history.models, training=quick).evaluation
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


def test_drift_is_what_the_monitor_says_of_the_same_decisions(history: History, tmp_path: Path) -> None:
    """A type of form that appears on day 70 is detected after it, and nothing is before."""
    settings = DriftSettings(windows=(100, 200), baseline_filings=600, persist=2, seasons=False)
    quiet = drift_of(*_columns(history, history.output), history.models[0], settings=settings)
    assert [event for event in quiet.events if event.signal == "type_form"] == []
    altered = START.date() + timedelta(days=70)
    (tmp_path / "decisions").mkdir()
    for path in sorted((history.output / "decisions").glob("*.parquet")):
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
    drifted = drift_of(*_columns(history, tmp_path), history.models[0], settings=settings)
    detected = [event for event in drifted.events if event.signal == "type_form"]
    assert [event.state for event in detected] == ["detected"]
    assert altered <= detected[0].detected_at.date() <= altered + timedelta(days=20)
    points = next(signal.points for signal in drifted.signals if signal.signal == "type_form")
    assert {point.drifting for point in points if point.day < altered} == {False}
    assert points[-1].drifting
    assert points[-1].distance > 5 * points[-1].floor


def test_the_monitor_sees_in_a_replay_what_it_sees_on_the_wire(history: History) -> None:
    """The columns of the Parquet give the same observations as the decisions' own JSON."""
    run, _ = _columns(history, history.output)
    _, model = open_model(history.models[0])
    policy = history.summary.policies[0].policy
    formalities = [Formality.model_validate({**row, "source": "file"}) for row in history.rows()[0::2][:150]]
    decisions = [encode(one) for one in decide_batch(formalities, model=model, policy=policy)]
    watched = WatchedModels(history.models[0])
    monitor = DriftMonitor(
        watched.references, measurer=CachedTextMeasurer(watched.by_version), branches=watched.branches
    )
    wire = monitor.read(from_json(value) for value in decisions)
    (chunk,) = decisions_of(run.table(COLUMNS), np.arange(150) * run.models)
    replayed_ = monitor.read(chunk)
    assert wire.unreadable == replayed_.unreadable == 0
    assert np.array_equal(wire.cells, replayed_.cells)
    assert np.allclose(wire.values, replayed_.values, equal_nan=True)
    assert wire.times.tolist() == replayed_.times.tolist()


def _columns(history: History, folder: Path) -> tuple[Run, Columns]:
    run = Run(folder, history.summary, nomenclature.load("naf-rev2"))
    return run, history_of(run, None)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (FinishOptions(label_delay="14d"), "--label-delay needs labels"),
        (FinishOptions(retrain="monthly"), "--retrain needs labels"),
        (FinishOptions(labels="nowhere.csv"), "nowhere.csv: no labels there"),
        (FinishOptions(labels="kafka", label_delay="soon"), "--label-delay soon: write it as 14d"),
        (FinishOptions(labels="kafka", retrain="fortnightly"), "--retrain: retraining schedule fortnightly"),
        (FinishOptions(review_minutes=0.0), "--review-minutes"),
        (FinishOptions(labels="kafka", retrain_with=("nowhere.csv",)), "nowhere.csv: no such file"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_before_anything_is_read(options: FinishOptions, said: str) -> None:
    """One line that says what to do."""
    with pytest.raises(UsageError, match=re.escape(said)):
        finish.check(options)
