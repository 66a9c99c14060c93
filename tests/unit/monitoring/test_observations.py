"""From decisions on the wire to cells."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from monitoring.categories import Categories
from monitoring.layout import NUMERIC
from monitoring.observations import ObservationReader, bins_of
from schemas.measures import TextMeasures, measure_text
from schemas.signals import OTHER, SIGNALS, SignalKind

NAMES = [signal.name for signal in SIGNALS]
NUMBERS = [signal.name for signal in NUMERIC]


def decision(**changed: Any) -> dict[str, Any]:
    filing = {
        "formality_id": "f1",
        "description_activity": "Pose de VÉLUX",
        "type_form": "M",
        "nature": "14",
        "event": None,
        "surface": "2",
        "cj": "5710",
        "activity_permanence_status": None,
    }
    made = {
        "formality_id": "f1",
        "route": "auto",
        "stage": "model",
        "code": "4391B",
        "candidates": [{"code": "4391B", "label": "", "probability": 0.8}, {"code": "4332A", "probability": 0.1}],
        "confidence_index": 0.7,
        "model_version": "model-a",
        "policy_version": "policy-a",
        "received_at": "2026-03-01T00:00:00Z",
        "decided_at": "2026-03-01T00:00:05+00:00",
        "source": {"topic": "t", "partition": 0, "offset": 1, "timestamp": "2026-03-01T00:00:04.5Z"},
        "formality": filing,
    }
    made["formality"] = {**filing, **changed.pop("formality", {})}
    return {**made, **changed}


def measurer(texts: tuple[str | None, ...], version: str) -> TextMeasures:
    return measure_text(" ; ".join(text for text in texts if text), "pos velux", {"pos"}.__contains__)


def reader() -> tuple[ObservationReader, Categories]:
    categories = Categories()
    sections = {"4391B": ("F", "43")}
    return ObservationReader(
        categories, measurer=measurer, branches=lambda c: sections.get(c, (None, None))
    ), categories


def value(name: str, **changed: Any) -> float:
    return float(reader()[0].read([decision(**changed)]).values[0, NUMBERS.index(name)])


def category(name: str, **changed: Any) -> str | None:
    reading, categories = reader()
    cell = int(reading.read([decision(**changed)]).cells[0, NAMES.index(name)])
    return None if cell < 0 else categories.name(name, cell)


def test_every_signal_of_the_table_but_labels_is_read_from_a_decision() -> None:
    """A signal nobody reads would look quiet for ever."""
    found = reader()[0].read([decision()])
    unread = {name for name, cell in zip(NAMES, found.cells[0], strict=True) if cell < 0}
    assert unread == {"error_code", "error_section"}
    assert found.times.tolist() == [1_772_323_200.0]
    assert found.versions == (("model-a", "policy-a"),)


def test_numbers_are_what_the_decision_says() -> None:
    """Text as written, probabilities of the candidates, seconds from message to decision."""
    assert value("text_characters") == 13
    assert value("unknown_word_share") == 0.5
    assert value("missing_fields") == 2
    assert value("top_probability") == 0.8
    assert value("candidate_entropy") == pytest.approx(-0.8 * math.log(0.8) - 2 * 0.1 * math.log(0.1))
    assert value("service_latency_seconds") == pytest.approx(0.5)


def test_a_missing_variable_is_a_category_and_a_missing_code_is_none() -> None:
    """Fields dropped from a form must show; returned filings show in route and stage."""
    assert category("event") == ""
    assert category("cj_family") == "57"
    assert category("section") == "F"
    returned = {"code": None, "candidates": [], "confidence_index": None, "stage": "rejection", "route": "returned"}
    assert category("section", **returned) is None
    assert category("stage", **returned) == "rejection"
    assert math.isnan(value("top_probability", **returned))
    assert category("division", code="9999Z") is None


def test_whether_a_variable_is_missing_and_a_text_all_capitals_are_signals_of_two_cells() -> None:
    """A dropped field or a source in capitals moves one cell of two, and not one of twenty."""
    found = reader()[0].read([decision(), decision(formality={"nature": None, "description_activity": "12"})])
    told = {
        name: found.cells[:, NAMES.index(name)].tolist() for name in NAMES if name.endswith(("_missing", "_capitals"))
    }
    assert {name for name, cells in told.items() if cells[0] == 0} == {"event_missing", "permanence_missing"}
    assert [len(told), told["nature_missing"][1], told["text_in_capitals"][1]] == [7, 0, -1]
    assert category("nature_missing") == "given"
    assert category("nature_missing", formality={"nature": None}) == ""
    assert category("text_in_capitals") == "no"
    assert category("text_in_capitals", formality={"description_activity": "POSE DE VÉLUX, 2 PERSONNES"}) == "yes"


def test_a_typed_code_has_no_confidence() -> None:
    """Its candidate has probability 1 without a model having been asked."""
    typed = {"stage": "rejection", "confidence_index": None, "candidates": [{"code": "4391B", "probability": 1.0}]}
    assert math.isnan(value("top_probability", **typed))
    assert math.isnan(value("candidate_entropy", **typed))


@pytest.mark.parametrize(
    "broken",
    [
        {"formality": None},
        {"received_at": "yesterday"},
        {"received_at": None},
        {"candidates": [{"code": "x"}]},
        {"confidence_index": "much"},
        {"model_version": None, "policy_version": []},
    ],
)
def test_what_has_not_the_form_of_a_decision_is_counted_and_left_out(broken: dict[str, Any]) -> None:
    """And the others are read."""
    bad = {**decision(), **broken}
    found = reader()[0].read([decision(), bad, [], {}, decision()])  # type: ignore[list-item]
    assert (len(found), found.unreadable) == (2, 3)


def test_neither_nan_nor_infinity_has_a_bin() -> None:
    """They would poison sums and detectors."""
    assert bins_of(np.array([0.0, 1.0, 1.5, math.nan, math.inf, -math.inf]), (1.0,)).tolist() == [0, 1, 1, -1, -1, -1]
    found = reader()[0].read([decision(confidence_index=math.nan), decision(confidence_index=math.inf)])
    assert found.cells[:, NAMES.index("confidence_index")].tolist() == [-1, -1]


def test_a_stream_of_nonsense_cannot_grow_the_monitor() -> None:
    """What comes when all cells are taken shares the last one."""
    categories = Categories()
    for signal in SIGNALS:
        if signal.kind is SignalKind.CATEGORICAL:
            cells = {categories.cell(signal.name, f"n{n}") for n in range(1_000)}
            assert cells == set(range(1, signal.size))
            assert categories.name(signal.name, signal.size - 1) == OTHER
