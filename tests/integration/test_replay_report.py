"""What a replay says once labels are there: summary and report, by hand and in a browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from models.intervals import wilson
from stream.errors import UsageError
from stream.replay import finish
from stream.replay.options import FinishOptions, check
from stream.replay.report.words import interval, number, percent
from tests.integration.browser import browse
from tests.integration.replayed import HOSTILE, START, History


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


def test_the_figures_are_those_counted_from_the_decisions_by_hand(replayed_history: History) -> None:
    """Automation, error and accuracy of every model under every policy, row by row from the Parquet."""
    evaluation, codes = replayed_history.summary.evaluation, replayed_history.codes()
    assert evaluation is not None
    rows = replayed_history.rows()
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


def test_the_two_models_are_compared_as_counted_by_hand(replayed_history: History) -> None:
    """Discordant filings, and the commonest pair of codes."""
    evaluation, codes = replayed_history.summary.evaluation, replayed_history.codes()
    assert evaluation is not None
    rows = replayed_history.rows()
    pairs = list(zip(rows[0::2], rows[1::2], strict=True))
    right = [(a["code"] == codes[a["formality_id"]], b["code"] == codes[b["formality_id"]]) for a, b in pairs]
    test = evaluation.comparisons[0].mcnemar
    assert (test.both, test.only_a, test.only_b, test.neither) == tuple(
        right.count(outcome) for outcome in ((True, True), (True, False), (False, True), (False, False))
    )
    first = evaluation.comparisons[0].pairs[0]
    assert first.filings == sum((a["code"] or "", b["code"] or "") == (first.a, first.b) for a, b in pairs)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_report_says_what_the_summary_says(replayed_history: History, language: str) -> None:
    """Each variant's row, each level's accuracy and each section's, in both languages."""
    evaluation = replayed_history.summary.evaluation
    assert evaluation is not None
    rows = list(table_rows(replayed_history.report, language))
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


def test_an_error_is_known_fourteen_days_late(replayed_history: History) -> None:
    """Nothing is known before the first label, and the last fortnight's labels are still to come."""
    evaluation = replayed_history.summary.evaluation
    assert evaluation is not None
    days = evaluation.focus[0].days
    known = [day.day for day in days if day.accuracy_known.rows]
    assert days[0].day == START.date()
    assert known[0] == START.date() + timedelta(days=14)
    assert sum(day.labels for day in days) == sum(
        day.auto + day.review + day.returned for day in days[: len(days) - 14]
    )


def test_the_same_input_gives_the_same_bytes(replayed_history: History, tmp_path: Path) -> None:
    """No clock, no host and no chance in summary and report."""
    shutil.copytree(replayed_history.output / "decisions", tmp_path / "decisions")
    options = FinishOptions(labels=str(replayed_history.labels), label_delay="14d", drift=False)
    again = finish.finish(
        tmp_path,
        replayed_history.summary.model_copy(update={"evaluation": None}),
        options,
        models=replayed_history.models,
    )
    assert again.model_dump_json(indent=2) == (replayed_history.output / "summary.json").read_text().strip()
    assert (tmp_path / "report.html").read_bytes() == (replayed_history.output / "report.html").read_bytes()


def test_the_report_needs_nothing_else_and_stays_small(replayed_history: History) -> None:
    """No address to load from, under 3 MB."""
    assert not re.search(r"(?:src|href)\s*=|url\((?!#)|@import|https?://", replayed_history.report)
    assert len(replayed_history.report.encode()) < 3_000_000


def test_a_declarants_words_stay_words(replayed_history: History, tmp_path: Path) -> None:
    """Markup in a text is shown as it was typed; without examples no text is in the report at all."""
    shutil.copytree(replayed_history.output / "decisions", tmp_path / "decisions")
    bare = replayed_history.summary.model_copy(update={"evaluation": None})
    finish.finish(
        tmp_path,
        bare,
        FinishOptions(labels=str(replayed_history.labels), examples=10_000, drift=False),
        models=replayed_history.models,
    )
    report = (tmp_path / "report.html").read_text()
    texts = [example.formality.description_activity for example in replayed_history.examples[1:]]
    assert "document.title" in report
    assert HOSTILE not in report
    assert "<b>plombier" not in report
    finish.finish(
        tmp_path,
        bare,
        FinishOptions(labels=str(replayed_history.labels), examples=0, drift=False),
        models=replayed_history.models,
    )
    report = (tmp_path / "report.html").read_text()
    assert not [text for text in texts if len(text) > 25 and text in report]


def test_chromium_shows_and_prints_the_report_in_both_languages_without_a_complaint(
    replayed_history: History, tmp_path: Path
) -> None:
    """Nothing on the console; the language asked for, to its last section; a picture, and some pages of PDF."""
    page = replayed_history.output / "report.html"
    shown = browse(page, tmp_path, fragment="fr", write="screenshot")
    printed = browse(page, tmp_path, fragment="en", write="print-to-pdf")
    assert (shown.console, printed.console) == ([], [])
    assert '<html lang="fr">' in shown.dom
    assert '<html lang="en">' in printed.dom
    assert (
        shown.dom.count("</section>") == printed.dom.count("</section>") == replayed_history.report.count("</section>")
    )
    assert shown.written.startswith(b"\x89PNG")
    assert len(shown.written) > 20_000, "an empty page is a smaller picture"
    assert printed.written.startswith(b"%PDF")
    assert 1 < len(re.findall(rb"/Type\s*/Page\b", printed.written)) < 30


def test_without_labels_the_report_says_so(replayed_history: History, tmp_path: Path) -> None:
    """Automation is known, errors are not, and nothing is made up."""
    shutil.copytree(replayed_history.output / "decisions", tmp_path / "decisions")
    bare = replayed_history.summary.model_copy(update={"evaluation": None})
    found = finish.finish(tmp_path, bare, FinishOptions(drift=False), models=replayed_history.models).evaluation
    assert found is not None
    assert found.labels is None
    assert {variant.auto_error.value for variant in found.variants} == {None}
    assert "--labels" in (tmp_path / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (FinishOptions(label_delay="14d"), "--label-delay needs labels"),
        (FinishOptions(retrain="monthly"), "--retrain needs labels"),
        (FinishOptions(labels="nowhere.csv"), "nowhere.csv: no labels there"),
        (FinishOptions(labels="kafka", label_delay="soon"), "--label-delay soon: write it as 14d"),
        (
            FinishOptions(labels="kafka", label_delay="10000000000d"),
            "--label-delay 10000000000d: a hundred years at most",
        ),
        (FinishOptions(labels="kafka", retrain="fortnightly"), "--retrain: retraining schedule fortnightly"),
        (FinishOptions(review_minutes=0.0), "--review-minutes"),
        (FinishOptions(labels="kafka", retrain="monthly", retrain_with=("nowhere.csv",)), "nowhere.csv: no such file"),
        (FinishOptions(labels="kafka", retrain_with=("some.csv",)), "--retrain-with needs a schedule"),
        (FinishOptions(audit_share=0.1), "--audit-share needs labels"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_before_anything_is_read(options: FinishOptions, said: str) -> None:
    """One line that says what to do."""
    with pytest.raises(UsageError, match=re.escape(said)):
        check(options)
