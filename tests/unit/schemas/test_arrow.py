"""Decisions as Arrow: columns, and reading what another version wrote."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pyarrow as pa
import pytest

from schemas.arrow import (
    CANDIDATE,
    DEAD_LETTER,
    DECISION,
    FORMALITY,
    KAFKA,
    LABEL,
    OF_TOPIC,
    SOURCE,
    archived,
    from_batch,
    to_batch,
)
from schemas.codec import decode
from schemas.dead_letter import DeadLetter
from schemas.decision import Candidate, Decision, Source
from schemas.formality import Formality
from schemas.label import Label

RELEASED = sorted((Path(__file__).resolve().parents[2] / "contract" / "golden" / "v1").glob("decision.*.json"))


@pytest.fixture
def decisions() -> list[Decision]:
    return [decode(Decision, path.read_bytes()) for path in RELEASED]


def test_the_columns_are_the_names_of_the_wire() -> None:
    """A field added to a message must be added to the archive."""
    assert DECISION.names == list(Decision.model_fields)
    assert [field.name for field in FORMALITY] == list(Formality.model_fields)
    assert [field.name for field in SOURCE] == list(Source.__dataclass_fields__)
    assert [field.name for field in CANDIDATE] == list(Candidate.__dataclass_fields__)
    assert LABEL.names == list(Label.model_fields)
    moved = {"topic", "partition", "offset", "timestamp"}
    provenance = [f"original_{name}" if name in moved else name for name in DeadLetter.model_fields]
    assert DEAD_LETTER.names == [*provenance, "value"]


@pytest.mark.parametrize("topic", OF_TOPIC)
def test_no_column_of_kafka_has_the_name_of_a_messages(topic: str) -> None:
    """A file has both, and neither hides the other, the topic or the date of the path."""
    names = archived(topic).names
    assert names == [*KAFKA.names, *OF_TOPIC[topic].names]
    assert len({*names, "topic", "date"}) == len(names) + 2


def test_released_decisions_survive_the_archive(decisions: list[Decision]) -> None:
    """Equal, with instants in UTC."""
    again = from_batch(to_batch(decisions))
    assert again == decisions
    assert {decision.received_at.utcoffset() for decision in again} == {UTC.utcoffset(None)}


def test_no_decisions_are_an_empty_batch_with_all_columns() -> None:
    """A quiet hour is a file a reader can open."""
    assert to_batch([]).num_rows == 0
    assert to_batch([]).schema == DECISION
    assert from_batch(to_batch([])) == []


def test_columns_of_a_later_version_are_left_out(decisions: list[Decision]) -> None:
    """An older reader reads a newer archive."""
    later = to_batch(decisions).append_column("explanation", pa.array(["x"] * len(decisions)))
    assert from_batch(later) == decisions


def test_pandas_reads_a_batch(decisions: list[Decision]) -> None:
    """What a data scientist does first."""
    frame = to_batch(decisions).to_pandas()
    assert list(frame["route"]) == [decision.route.value for decision in decisions]
    assert str(frame["decided_at"].dtype) == "datetime64[us, UTC]"
    assert frame["formality"][0]["description_activity"] == decisions[0].formality.description_activity
