"""Labels meet the decisions they judge, in whatever order they come, and survive the process."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from monitoring.judged import Judged
from schemas import topics
from schemas.decision import Decision, Route
from schemas.label import Label, LabelOrigin
from stream.errors import UsageError
from stream.monitor.join import Join
from stream.monitor.reading import Reader, Reading
from stream.monitor.rows import Joined
from tests.unit.monitor.messages import NOON, decision, item, label, path_of, read_all, small_reader


@pytest.fixture
def join() -> Iterator[Join]:
    """An empty join in a temporary file."""
    made = Join(None, path_of)
    yield made
    made.close()


def given(join: Join, *messages: Decision | Label, reader: Reader | None = None) -> Joined:
    """Let a join take messages in as one batch."""
    reader = reader or small_reader()
    reading = Reading()
    read_all(reader, [item(message, offset) for offset, message in enumerate(messages)], reading)
    reading.close()
    assert not reading.unreadable
    return join.apply(reading.batch)


def test_a_review_label_judges_its_decision_at_every_level(join: Join) -> None:
    """4322B instead of 4322A: section and division are right, the code is not."""
    joined = given(join, decision(1), label(1, "4322B"))
    assert [(found.lane, found.section, found.levels_right, found.levels) for found in joined.added] == [
        ("review", "F", 2, 3)
    ]
    assert joined.delays == [86_400.0]


def test_a_label_that_comes_before_its_decision_waits_for_it(join: Join) -> None:
    """The topics are read side by side: either may be first."""
    assert given(join, label(1)).added == []
    assert join.sizes().labels_waiting == 1
    assert len(given(join, decision(1)).added) == 1
    assert join.sizes().labels_waiting == 0


def test_the_order_of_arrival_changes_nothing() -> None:
    """Two decisions of one filing and two labels, in every order, end in the same judgements."""
    messages = (
        decision(1),
        decision(1, at=NOON + timedelta(hours=2), model="model-b"),
        label(1, "4322B", at=NOON + timedelta(hours=1)),
        label(1, "4322A", at=NOON + timedelta(hours=3)),
    )
    ends = set()
    for order in itertools.permutations(messages):
        join = Join(None, path_of)
        for message in order:
            given(join, message)
        ends.add(tuple(join.judged()))
        join.close()
    assert len(ends) == 1
    assert [(found.model_version, found.levels_right) for found in ends.pop()] == [("model-a", 2), ("model-b", 3)]


def test_a_label_moves_to_the_decision_it_is_about_when_that_comes_late(join: Join) -> None:
    """A filing decided again before the human looked: the label judges the second decision alone."""
    first = given(join, decision(1), label(1)).added
    moved = given(join, decision(1, at=NOON + timedelta(hours=2), model="model-b"))
    assert moved.replaced == first
    assert [found.model_version for found in join.judged()] == ["model-b"]
    assert join.sizes().reviews_waiting == 0


def test_a_later_label_replaces_the_earlier_one(join: Join) -> None:
    """The last word of the desk counts, and what it replaces is taken back."""
    first = given(join, decision(1), label(1, "4711B")).added
    later = given(join, label(1, "4322A", at=NOON + timedelta(days=2)))
    assert later.replaced == first
    assert [found.levels_right for found in later.added] == [3]


def test_a_label_read_twice_counts_once(join: Join) -> None:
    """A producer that tries again writes the same label again."""
    given(join, decision(1), label(1))
    again = given(join, label(1))
    assert (again.added, again.replaced, again.origins) == ([], [], [])


def test_copies_of_a_decision_are_one_decision(join: Join) -> None:
    """A worker's crash writes decisions twice, with the same id."""
    reader = small_reader()
    given(join, decision(1), decision(1), reader=reader)
    given(join, decision(1), label(1), reader=reader)
    assert join.sizes().decisions == 1
    assert [count.decisions for _, count in join.made()] == [1]
    assert len(list(join.judged())) == 1


def test_an_audit_label_judges_an_audited_decision_and_a_claim_judges_nothing(join: Join) -> None:
    """Who complains is no random sample: claims are joined, and estimate nothing."""
    audited = decision(1, route=Route.AUTO, audit=True)
    joined = given(join, audited, label(1, "4711B", origin=LabelOrigin.CLAIM))
    assert (joined.added, joined.origins) == ([], ["claim"])
    assert [found.lane for found in given(join, label(1, origin=LabelOrigin.AUDIT)).added] == ["auto"]


def test_a_filing_found_uncodable_was_coded_wrongly(join: Join) -> None:
    """A label without a code is a judgement as well."""
    assert [found.levels_right for found in given(join, decision(1), label(1, None)).added] == [0]


@pytest.mark.parametrize(
    ("decided", "labelled"),
    [
        (decision(1, code="9999Z"), label(1)),
        (decision(1), label(1, "9999Z")),
        (decision(1), label(1, nomenclature="another")),
    ],
)
def test_a_code_of_no_nomenclature_is_counted_and_judges_nothing(
    join: Join, decided: Decision, labelled: Label
) -> None:
    """Two codes that cannot be compared are neither right nor wrong."""
    joined = given(join, decided, labelled)
    assert (joined.added, joined.unknown_codes) == ([], 1)


def test_what_was_committed_is_there_after_a_restart_and_what_was_not_is_read_again(tmp_path: Path) -> None:
    """Offsets, labels and whatever goes with them are one transaction."""
    path = tmp_path / "state.sqlite"
    join = Join(path, path_of)
    given(join, label(1))
    join.commit({"name": b"value"}, b"12345678")
    given(join, decision(1))
    join.close()
    join = Join(path, path_of)
    assert join.offsets() == {(topics.LABELLED, 0): 1}
    assert (join.kept("name"), list(join.seen())) == (b"value", [b"12345678"])
    assert list(join.judged()) == []
    assert len(given(join, decision(1)).added) == 1
    join.close()


def test_two_monitors_cannot_share_a_state(tmp_path: Path) -> None:
    """The second says so in one line instead of spoiling the file."""
    join = Join(tmp_path / "state.sqlite", path_of)
    given(join, decision(1))
    with pytest.raises(UsageError, match="another monitor"):
        Join(tmp_path / "state.sqlite", path_of)
    join.close()


def test_a_file_of_another_kind_is_refused_in_one_line(tmp_path: Path) -> None:
    """Somebody's file is not overwritten."""
    (tmp_path / "state.sqlite").write_bytes(b"no database at all, but long enough" * 40)
    with pytest.raises(UsageError, match="CODIFLUX_MONITOR_STATE"):
        Join(tmp_path / "state.sqlite", path_of)


def test_a_state_of_another_version_is_made_anew(tmp_path: Path) -> None:
    """Everything in it can be read from Kafka again."""
    path = tmp_path / "state.sqlite"
    other = sqlite3.connect(path)
    other.executescript("CREATE TABLE offsets (old); PRAGMA user_version = 99;")
    other.close()
    join = Join(path, path_of)
    assert join.offsets() == {}
    join.close()


def test_decisions_beyond_their_age_are_forgotten(join: Join) -> None:
    """The file does not grow for ever."""
    given(join, decision(1), decision(2, at=NOON + timedelta(days=100)), label(1))
    far = (NOON + timedelta(days=60)).timestamp()
    join.prune(decided_before=far, judged_before=far)
    sizes = join.sizes()
    assert (sizes.decisions, sizes.reviews_waiting, sizes.labels_waiting) == (1, 1, 0)
    assert list(join.judged()) == []


def test_the_review_queue_is_what_has_no_label_yet(join: Join) -> None:
    """How much waits for the desk, and since when."""
    given(join, decision(1), decision(2, at=NOON + timedelta(hours=1)), decision(3, route=Route.AUTO, audit=True))
    assert (join.sizes().reviews_waiting, join.sizes().oldest_review) == (2, NOON.timestamp())
    given(join, label(1))
    assert (join.sizes().reviews_waiting, join.sizes().oldest_review) == (1, NOON.timestamp() + 3_600)


def test_counted_ids_are_kept_within_bounds(join: Join) -> None:
    """Parts go when newer ones have enough bytes."""
    for number in range(5):
        join.commit({}, bytes([number]) * 800_000)
    assert [part[0] for part in join.seen()] == [2, 3, 4]


def test_a_judgement_comes_back_as_it_was(join: Join) -> None:
    """What a restart reads from the file equals what the stream gave."""
    added: list[Judged] = given(join, decision(1), label(1, "4322B")).added
    assert list(join.judged()) == added
