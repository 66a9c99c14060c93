"""From messages to batches of files: no gap and no double, whatever ends the process and when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from monitoring.catalogue import ARCHIVE_LOST
from stream.archive.layout import Chain, chains, file_of
from stream.archive.reading import Selection, files_of, read_rows
from stream.archive.stores import Store
from stream.archive.verification import verify
from stream.archive.writing import Limits, Writer
from stream.bootstrap import archive_instruments
from stream.errors import StorageFailed, UsageError
from stream.records import Messages
from tests.unit.archive.fields import HALF_DAY, LIMITS, NOON, REVIEW, archived, decision, messages, new_store

PLACE = (REVIEW, 0)


class Killed(BaseException):
    """What no code of ours catches, as it catches no SIGKILL."""


class MortalStore(Store):
    """A store whose process is killed before, or after, its n-th step that changes something."""

    def __init__(self, store: Store, steps: int, *, after: bool) -> None:
        self.__dict__.update(store.__dict__)
        self._steps, self._after = steps, after

    def put(self, path: str, content: pa.Buffer | bytes) -> None:  # noqa: D102
        self._step(lambda: Store.put(self, path, content))

    def delete(self, path: str) -> None:  # noqa: D102
        self._step(lambda: Store.delete(self, path))

    def _step(self, action: Callable[[], None]) -> None:
        self._steps -= 1
        if self._steps == 0 and not self._after:
            raise Killed
        action()
        if self._steps == 0:
            raise Killed


def offsets(store: Store) -> list[int]:
    return [
        row for batch in read_rows(store, REVIEW, columns=["kafka_offset"]) for row in batch["kafka_offset"].to_pylist()
    ]


def topic(count: int) -> Messages:
    """Some hours over midnight, out of order: most batches have two dates."""
    source = messages(range(count))
    source.timestamps = [NOON + (HALF_DAY if offset % 3 else 0) for offset in range(count)]
    return source


def part(source: Messages, start: int, end: int) -> Messages:
    columns = (source.offsets, source.timestamps, source.keys, source.values, source.headers)
    return Messages(*(column[start:end] for column in columns))  # type: ignore[arg-type]


def run(store: Store, source: Messages, size: int) -> None:
    """An archiving process from start to end."""
    writer = Writer(store, LIMITS)
    at = writer.begin(PLACE, 0, len(source.offsets))
    while at < len(source.offsets):
        writer.add(PLACE, part(source, at, at + size), 0.0)
        at = writer.write(PLACE).end


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_process_killed_at_any_step_leaves_neither_gap_nor_double(tmp_path: Path, step: int, *, after: bool) -> None:
    """The next one, with batches of another size, completes what is there."""
    store, source = new_store(tmp_path / "archive"), topic(40)
    with pytest.raises(Killed):
        run(MortalStore(store, step, after=after), source, 10)
    run(store, source, 7)
    assert sorted(offsets(store)) == list(range(40))
    assert [proof.faults for proof in verify(store)] == [[]]
    names = [stored.path for stored in store.files() if stored.path.startswith("topic=")]
    assert all(file_of(name) for name in names)
    assert chains(file for name in names if (file := file_of(name)))[PLACE].incomplete == ()


@pytest.mark.parametrize("order", ["files first", "commit first"])
def test_a_commit_before_the_files_are_there_is_seen_to_lose(tmp_path: Path, order: str) -> None:
    """The safeguard taken away: who commits, writes, and goes on at the commit, leaves a gap where it was killed."""
    store, source = new_store(tmp_path / "archive"), topic(40)
    commits = [0]

    def process(store: Store) -> None:
        writer = Writer(store, LIMITS)
        at = writer.begin(PLACE, 0, 40)
        if order == "commit first":
            at = max(at, commits[-1])
        while at < 40:
            writer.add(PLACE, part(source, at, at + 10), 0.0)
            commits.append(at + 10)
            at = writer.write(PLACE).end

    with pytest.raises(Killed):
        process(MortalStore(store, 3, after=False))
    process(store)
    assert (sorted(offsets(store)) == list(range(40))) == (order == "files first")


def test_a_batch_taken_for_whole_with_half_of_its_files_is_seen_to_lose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The safeguard taken away: whoever goes on behind a file whose batch is not complete leaves a gap."""
    store, source = new_store(tmp_path / "archive"), topic(40)
    with pytest.raises(Killed):
        run(MortalStore(store, 1, after=True), source, 10)
    ends = [file.end for stored in store.files() if (file := file_of(stored.path))]
    monkeypatch.setattr(Chain, "end", property(lambda chain: max(ends)))
    run(store, source, 10)
    assert sorted(offsets(store)) != list(range(40))


def test_a_batch_over_midnight_has_a_file_for_each_date(tmp_path: Path) -> None:
    """And counts only with both."""
    store = new_store(tmp_path)
    archived(store, messages(range(4), at=NOON, step=HALF_DAY // 2))
    assert [(file.day.day, file.part, file.parts) for file in files_of(store, REVIEW)] == [(28, 1, 2), (29, 2, 2)]


def test_offsets_without_a_message_are_noted(tmp_path: Path) -> None:
    """Markers of transactions leave no row, and retention that was faster than we is said."""
    store = new_store(tmp_path)
    archived(store, messages([0, 1, 4]))
    writer = Writer(store, LIMITS)
    assert writer.begin(PLACE, 9, 12) == 9
    writer.add(PLACE, messages([10, 11]), 0.0)
    assert writer.write(PLACE).lost == 4
    [proof] = verify(store)
    assert proof.faults == []
    assert proof.absent == {"no message": 3, "retention": 4}
    assert (proof.start, proof.end, proof.rows) == (0, 12, 5)


def test_a_topic_made_anew_is_refused(tmp_path: Path) -> None:
    """Its offsets would be taken for those that are archived."""
    store = new_store(tmp_path)
    archived(store, messages(range(10)))
    with pytest.raises(UsageError, match="made anew"):
        Writer(store, LIMITS).begin(PLACE, 0, 4)


def test_messages_that_come_again_are_passed_over(tmp_path: Path) -> None:
    """Whatever the client hands over twice, a row is written once."""
    store = new_store(tmp_path)
    writer = Writer(store, LIMITS)
    writer.begin(PLACE, 0, 9)
    for chunk in (range(3), range(5), range(2, 5), range(4, 9)):
        writer.add(PLACE, messages(chunk), 0.0)
    assert writer.write(PLACE).rows == 9


def test_a_partition_is_written_when_it_has_waited_or_memory_is_full(tmp_path: Path) -> None:
    """The longest waiting first; the largest where there is too much."""
    writer = Writer(new_store(tmp_path), Limits(seconds=10.0, bytes=20_000))
    for partition, count in ((0, 1), (1, 3), (2, 2)):
        writer.begin((REVIEW, partition), 0, 99)
        writer.add((REVIEW, partition), messages(range(count)), float(partition))
    assert writer.due(3.0) == []
    assert writer.due(10.5) == [(REVIEW, 0)]
    writer.add((REVIEW, 2), messages(range(2, 20)), 3.0)
    assert writer.due(4.0) == [(REVIEW, 2)]
    writer.drop([(REVIEW, 2)])
    assert sorted(writer.held()) == [(REVIEW, 0), (REVIEW, 1)]


def test_a_store_that_takes_no_more_leaves_nothing_half_written(tmp_path: Path) -> None:
    """The disk is full at the second date of a batch: the first is taken back, and no temporary file stays."""

    class FullStore(MortalStore):
        def _step(self, action: Callable[[], None]) -> None:
            self._steps -= 1
            if self._steps == 0:
                raise StorageFailed("full")
            action()

    store = new_store(tmp_path)
    with pytest.raises(StorageFailed):
        run(FullStore(store, 2, after=False), topic(10), 10)
    assert [stored.path for stored in store.files()] == ["_codiflux-archive.json"]


FULL = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, {folder!r})
from tests.unit.archive.fields import archived, messages, new_store
from stream.errors import StorageFailed
store = new_store(Path({target!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    archived(store, messages(range(2000)))
except StorageFailed as error:
    print(error)
"""


def test_a_file_that_the_system_cuts_short_is_one_line_and_gone(tmp_path: Path) -> None:
    """A real limit of file size, in a process of its own: as a full disk, the write fails midway."""
    target = tmp_path / "archive"
    code = FULL.format(folder=str(Path(__file__).parents[3]), target=str(target), limit=8_192)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    [line] = done.stdout.splitlines()
    assert "cannot write topic=formality.review/" in line
    assert line.endswith("File too large")
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["_codiflux-archive.json"]


def test_a_selection_reads_its_dates_offsets_and_times_alone(tmp_path: Path) -> None:
    """By folder and name where that is enough, by row where it is not."""
    store = new_store(tmp_path)
    archived(store, messages(range(10), step=HALF_DAY // 4), messages(range(10, 20), step=HALF_DAY // 4))

    def found(selection: Selection) -> list[int]:
        batches = read_rows(store, REVIEW, selection, columns=["kafka_offset"])
        return [offset for batch in batches for offset in batch["kafka_offset"].to_pylist()]

    everything = found(Selection())
    assert everything == list(range(20))
    assert found(Selection(offsets={0: (3, 12)})) == list(range(3, 12))
    assert found(Selection(offsets={1: (0, 99)})) == found(Selection(offsets={})) == []
    stamps = [row["kafka_timestamp"] for batch in read_rows(store, REVIEW) for row in batch.to_pylist()]
    assert found(Selection(since=stamps[4], until=stamps[15])) == list(range(4, 15))
    assert len(files_of(store, REVIEW, Selection(since=stamps[12]))) < len(files_of(store, REVIEW))


def test_a_decision_that_is_none_is_kept_as_it_was(tmp_path: Path) -> None:
    """It stops nothing, and its bytes are in the archive."""
    store = new_store(tmp_path)
    archived(store, messages(range(3), values=[decision(0), b"junk\xff", decision(2)]))
    rows = [
        row for batch in read_rows(store, REVIEW, columns=["formality_id", "unreadable"]) for row in batch.to_pylist()
    ]
    assert [row["unreadable"] for row in rows] == [None, b"junk\xff", None]
    assert [row["formality_id"] for row in rows] == ["J000000/A1", None, "J000002/A1"]


def test_a_topic_of_which_nothing_is_lost_is_exposed_as_such() -> None:
    """Were the counter there from the first loss only, no increase would be seen and no alert would come."""
    instruments = archive_instruments([REVIEW])
    assert instruments.registry.get_sample_value(ARCHIVE_LOST.name, {"topic": REVIEW}) == 0.0
