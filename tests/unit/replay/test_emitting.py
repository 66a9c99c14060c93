"""What a replay writes to a topic again."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.topics import TOPICS
from stream.errors import UsageError
from stream.replay.bounds import parse_range
from stream.replay.emitting import Pace, _messages, emit
from stream.replay.plan import SourceRequest
from stream.replay.sources.file import FileSource
from stream.settings import Settings


def test_only_the_rows_between_the_bounds_of_a_file_are_emitted(tmp_path: Path) -> None:
    """Rows 5 and 6 of ten, where --from 5 --to 7 asks for them."""
    path = tmp_path / "filings.csv"
    path.write_text(
        "formality_id,description_activity\n" + "".join(f"J{number},boulangerie\n" for number in range(10)),
        encoding="utf-8",
    )
    source = FileSource(path, parse_range("5", "7"))
    messages = [message for _, message in _messages(source, source.plan().units, "rehearsal", Settings(), print)]
    assert [message.key for message in messages] == [b"J5", b"J6"]
    assert [dict(message.headers)["codiflux-replay"] for message in messages] == [b"filings.csv/5", b"filings.csv/6"]


def test_rows_that_are_no_filing_are_told_of(tmp_path: Path) -> None:
    """None of a table's rows becomes a message: the operator learns how many there were, and why not."""
    path = tmp_path / "filings.csv"
    path.write_text("description_activity,nature\n,04\nboulangerie,fourth\nNA,04\n", encoding="utf-8")
    source = FileSource(path, parse_range(None, None))
    notes: list[str] = []
    assert list(_messages(source, source.plan().units, "rehearsal", Settings(), notes.append)) == []
    assert notes == [f"{path}: rows that are no filing and were left out: 3 (invalid_field 1, missing_field 2)"]


@pytest.mark.parametrize("prefix", ["", "trial."])
@pytest.mark.parametrize("kind", ["file", "archive", "kafka"])
def test_no_live_topic_is_written_to_whatever_is_read(kind: str, prefix: str) -> None:
    """Each is refused in one line that says what to do, before anything is opened."""
    settings = Settings(topic_prefix=prefix, kafka_bootstrap_servers="127.0.0.1:9")
    request = SourceRequest(kind=kind, name="elsewhere")
    for spec in TOPICS:
        with pytest.raises(UsageError, match=f"a live topic.*give another name, such as rehearsal.{prefix}{spec.name}"):
            emit(request, prefix + spec.name, Pace(), settings, note=print, total=print, done=print)
