"""The benchmark's own arithmetic: a table that is wrong would be believed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.fixture(autouse=True)
def bench_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The benchmark is a folder of scripts: its modules are found while a test runs, and then forgotten."""
    monkeypatch.syspath_prepend(str(BENCH))
    before = set(sys.modules)
    yield
    for name in {path.stem for path in BENCH.glob("*.py")} & (set(sys.modules) - before):
        del sys.modules[name]


def some_results(**rates: float) -> dict[str, Any]:
    return {
        "options": {"rounds": 3, "messages": 1000},
        "machine": {"processor": "p", "cores": 2, "system": "s", "load_average_at_start": 0.5},
        "versions": dict.fromkeys(
            ("python", "faust-streaming", "quixstreams", "confluent-kafka", "confluent-kafka of quixstreams"), "1"
        ),
        "throughput": {
            "distinct": {
                name: {"per_second": rate, "cpu_microseconds": 1.0, "rounds": [{"per_second": rate}]}
                for name, rate in rates.items()
            }
        },
        "latency": {},
        "memory": None,
        "failures": [],
    }


def test_distinct_texts_are_distinct_and_of_some_300_bytes() -> None:
    """Otherwise the cache would help where it must not."""
    import texts

    filings = texts.messages(texts.DISTINCT, 3_000)
    bodies = [json.loads(filing.value) for filing in filings]
    assert len({body["description_activity"] for body in bodies}) == 3_000
    assert [filing.key.decode() for filing in filings] == [body["formality_id"] for body in bodies]
    assert 270 < sum(len(filing.value) for filing in filings) / 3_000 < 370


def test_two_thirds_of_the_repeating_texts_were_filed_before() -> None:
    """As in real declarations; every filing has an id of its own all the same."""
    import texts

    bodies = [json.loads(filing.value) for filing in texts.messages(texts.REPEATING, 5_000)]
    assert 1 - len({body["description_activity"] for body in bodies}) / 5_000 == pytest.approx(0.66, abs=0.02)
    assert len({body["formality_id"] for body in bodies}) == 5_000


def test_the_rivals_write_the_headers_that_we_write(small_model: Path) -> None:
    """Fewer bytes or fields would be less work."""
    import same_work

    from models.decide import decide
    from models.policy import Policy
    from schemas.formality import Formality
    from stream.worker.pipeline import cloud_event

    formality = Formality(
        formality_id="one", received_at=datetime(2026, 1, 1, tzinfo=UTC), description_activity="plombier chauffagiste"
    )
    decision = decide(formality, model=same_work.Work(small_model).model, policy=Policy(threshold=0.5))
    theirs, ours = same_work.cloud_event(decision, "formality.review"), cloud_event(decision, "formality.review")
    assert sorted(theirs) == sorted(ours)


def test_a_figure_is_reached_or_not_or_not_measured() -> None:
    """A ratio of two contenders of one run; without one of them nothing is claimed."""
    from figures import FIGURES

    by_name = {figure.name: figure for figure in FIGURES}
    plain, faust = by_name["distinct texts, to the plain loop"], by_name["distinct texts, to naive Faust"]
    results = some_results(ours=120.0, plain=100.0)
    value = plain.of(results)
    assert value == pytest.approx(1.2)
    assert plain.reached(1.2)
    assert not plain.reached(1.05)
    assert faust.of(results) is None


def test_tables_replace_what_stood_between_the_markers(tmp_path: Path) -> None:
    """The text around them is a person's and stays."""
    import report

    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.fill_document(document, some_results(ours=120.0, plain=100.0))
    text = document.read_text()
    assert text.startswith(f"before\n{report.BEGIN}\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "| Codiflux, one process | 120 | 120 | 1 |  | 1.20 |" in text
    assert "old" not in text


def test_the_performance_page_has_the_markers() -> None:
    """`--docs docs/performance.md` fills them."""
    import report

    text = (BENCH.parents[1] / "docs" / "performance.md").read_text()
    assert text.index(report.BEGIN) < text.index(report.END)


@pytest.mark.parametrize(
    ("frames", "component"),
    [
        (["run (stream/worker/run.py:1)", "FastTextClassifier.hidden (models/classifier.py:90)"], "hidden vectors"),
        (["top (models/classifier.py:1)", "_wrapfunc (numpy/_core/fromnumeric.py:54)"], "product, loss, top"),
        (["apply_policy (models/decide.py:1)", "BaseModel.__init__ (pydantic/main.py:2)"], "decision"),
        (["select (selectors.py:468)"], "Faust, aiokafka, event loop"),
        (["elsewhere (nobody/knows.py:1)"], "other"),
    ],
)
def test_a_sample_belongs_to_the_innermost_component(frames: list[str], component: str) -> None:
    """What a library does counts for the one of us who called it."""
    import profile_worker

    assert profile_worker._component(frames) == component
