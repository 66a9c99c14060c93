"""Compaction, forgetting, expiry and verification: the chain of offsets stays whole and provable."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from schemas import topics
from stream.archive.compaction import compact
from stream.archive.layout import ArchiveFile
from stream.archive.mention import Mention
from stream.archive.reading import files_of, read_rows
from stream.archive.rewriting import expire, forget
from stream.archive.stores import Store, open_store
from stream.archive.turn import NAME, turn
from stream.archive.verification import verify
from stream.errors import ArchiveDamaged, StreamError, UsageError
from tests.unit.archive.fields import (
    GOLDEN,
    HALF_DAY,
    REVIEW,
    archived,
    decision,
    messages,
    new_store,
    with_a_damaged_page,
)
from tests.unit.archive.test_writing import Killed, MortalStore, offsets

SMALL = 1_000
PARENT = Path(__file__).resolve().parents[3]


def small_files(folder: Path, *, batches: int = 6, step: int = 1_000) -> Store:
    store = new_store(folder)
    archived(store, *(messages(range(10 * n, 10 * n + 10), step=step) for n in range(batches)))
    return store


def rows(store: Store, topic: str = REVIEW) -> list[dict[str, object]]:
    return [row for batch in read_rows(store, topic) for row in batch.to_pylist()]


def faults(store: Store) -> list[str]:
    return [fault for proof in verify(store) for fault in proof.faults]


@pytest.mark.parametrize("step", [1_000, HALF_DAY // 5], ids=["one day", "many days"])
def test_a_compacted_archive_is_read_as_before_from_fewer_files(tmp_path: Path, step: int) -> None:
    """The same rows in the same order, and the proof holds."""
    store = small_files(tmp_path, step=step)
    before, names = rows(store), files_of(store, REVIEW)
    done = compact(store)
    assert rows(store) == before
    assert done.after == len(files_of(store, REVIEW)) < done.before == len(names)
    assert faults(store) == []
    assert compact(store).leftovers == 0


def test_a_group_of_files_ends_at_the_size_asked_for(tmp_path: Path) -> None:
    """Large files are left as they are."""
    store = small_files(tmp_path)
    sizes = [stored.size for stored in store.files("topic=formality.review")]
    compact(store, target_bytes=3 * max(sizes))
    assert 1 < len(files_of(store, REVIEW)) < 6
    assert faults(store) == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(1, 7))
def test_a_compaction_killed_at_any_step_loses_and_doubles_nothing(tmp_path: Path, step: int, *, after: bool) -> None:
    """Neither then nor after the next, which tidies up."""
    store = small_files(tmp_path, step=HALF_DAY // 20)
    before = rows(store)
    with pytest.raises(Killed):
        compact(MortalStore(store, step, after=after))
    assert rows(store) == before
    assert faults(store) == []
    archived(store, messages(range(60, 70), step=HALF_DAY // 20))
    compact(store)
    assert offsets(store) == list(range(70))
    assert sum(proof.leftovers for proof in verify(store)) == 0
    assert len({stored.path for stored in store.files("topic=formality.review")}) == len(files_of(store, REVIEW))


def test_a_reader_goes_on_across_a_compaction(tmp_path: Path) -> None:
    """The files it had listed are gone; it finds the rows in the new ones, each once, and no later ones."""
    store = small_files(tmp_path)
    reading = read_rows(store, REVIEW, columns=["kafka_offset"])
    found = next(reading)["kafka_offset"].to_pylist()
    archived(store, messages(range(60, 70)))
    compact(store)
    found += [offset for batch in reading for offset in batch["kafka_offset"].to_pylist()]
    assert found == list(range(60))


def test_two_archivers_at_once_are_told_and_mended(tmp_path: Path) -> None:
    """One was suspended and wrote when another had taken over: read once, said, and compacted away."""
    store = new_store(tmp_path)
    archived(store, messages(range(10)))
    other = new_store(tmp_path / "other")
    archived(other, messages(range(6, 15)), low=6)
    [file] = files_of(other, REVIEW)
    store.put(file.path, other.read(file.path))
    assert offsets(store) == list(range(15))
    assert ["two archivers" in fault for fault in faults(store)] == [True]
    compact(store)
    assert offsets(store) == list(range(15))
    assert faults(store) == []


def test_a_person_is_forgotten_in_every_topic_and_the_offsets_stay_accounted_for(tmp_path: Path) -> None:
    """By key, by column, within a received body, within a dead letter's bytes and within junk."""
    store = new_store(tmp_path)
    archived(
        store, messages(range(10)), messages(range(10, 13), values=[decision(3), b'{"id": "J000003"', decision(30)])
    )
    body = {"formality_id": "J000003", "description_activity": "x", "received_at": "2026-01-01T00:00:00Z"}
    raw = messages(range(2), values=[json.dumps(body).encode(), json.dumps(body | {"formality_id": "J9"}).encode()])
    raw.keys = [None, b"J9"]
    archived(store, raw, topic=topics.RECEIVED)
    dead = messages(range(1), values=[b'["J000003/A1", "Dupont"'])
    dead.keys = [b"other"]
    archived(store, dead, topic=topics.DEAD_LETTER)
    taken = forget(store, "J000003")
    assert (taken.rows, taken.changed) == (5, 4)
    assert offsets(store) == [0, 1, 2, *range(4, 10), 12]
    everything = b"".join(store.read(stored.path) for stored in store.files())
    assert b"J000003" not in everything
    assert b"Dupont" not in everything
    assert faults(store) == []
    assert sum(proof.absent["forgotten"] for proof in verify(store)) == 5
    assert forget(store, "J000003").rows == 0
    compact(store)
    assert faults(store) == []
    assert sum(proof.absent["forgotten"] for proof in verify(store)) == 5


def test_an_id_is_not_taken_for_another_that_begins_with_it(tmp_path: Path) -> None:
    """J0000 is no formality of J000003, and nothing is not everything."""
    store = small_files(tmp_path)
    assert forget(store, "J0000").rows == 0
    assert forget(store, "J000003/A1").rows == 1
    with pytest.raises(UsageError):
        forget(store, " ")


@pytest.mark.parametrize("sought", ["J12", "J12/A1"])
def test_an_id_is_found_whichever_way_its_slash_is_written(sought: str) -> None:
    """Some writers of JSON escape it: in junk that no codec reads, the pattern alone finds it."""
    junk = [rb'["J12\/A1", "Dupont"', b'["J12/A1", "Dupont"', rb'["J123\/A1"', rb'["J12\\/A1"', rb'["J12\/B"']
    values = pa.array(junk, pa.binary())
    found = Mention(sought).rows(pa.RecordBatch.from_arrays([values], names=["value"]))
    assert found.tolist() == [True, True, False, False, sought == "J12"]


def test_copies_that_a_killed_compaction_left_are_forgotten_too(tmp_path: Path) -> None:
    """They do not count for a reader, but they are on the disk."""
    store = small_files(tmp_path)
    with pytest.raises(Killed):
        compact(MortalStore(store, 2, after=False))
    forget(store, "J000003")
    assert b"J000003" not in b"".join(store.read(stored.path) for stored in store.files())
    assert faults(store) == []


def test_what_is_older_than_the_archive_keeps_expires(tmp_path: Path) -> None:
    """Rows go, offsets stay accounted for, and compaction makes one small file of what is left of them."""
    store = small_files(tmp_path, step=HALF_DAY // 5)
    kept = [row["kafka_offset"] for row in rows(store) if row["kafka_timestamp"].date() >= date(2026, 12, 1)]  # type: ignore[attr-defined]
    taken = expire(store, date(2026, 12, 1))
    assert 0 < taken.rows == 60 - len(kept)
    assert offsets(store) == kept
    assert faults(store) == []
    compact(store)
    assert offsets(store) == kept
    assert faults(store) == []
    expire(store, date(2027, 1, 1))
    compact(store)
    [proof] = verify(store)
    assert (proof.rows, proof.absent, proof.faults) == (0, {"expired": 60}, [])
    assert expire(store, date(2027, 1, 1)).rows == 0


def damaged(store: Store, what: str) -> str:
    """Do an archive a harm; the words that must name it."""
    first, second = files_of(store, REVIEW)[1:3]
    if what == "a file is gone":
        store.delete(first.path)
        return "offsets 10 to 19 are in no file"
    if what == "a file is cut short":
        store.put(first.path, store.read(first.path)[:-100])
        return f"{first.path}: cannot be read"
    if what == "a file has another's rows":
        store.put(first.path, store.read(second.path))
        return "offsets 10 to 19 have neither a row nor a reason"
    moved = ArchiveFile(REVIEW, date(2026, 11, 27), 0, first.start, first.end)
    store.put(moved.path, store.read(first.path))
    store.delete(first.path)
    return "rows of another date"


@pytest.mark.parametrize("what", ["a file is gone", "a file is cut short", "a file has another's rows", "a moved file"])
def test_verify_names_what_is_wrong(tmp_path: Path, what: str) -> None:
    """Each harm, in one line with the file or the offsets."""
    store = small_files(tmp_path)
    expected = damaged(store, what)
    assert any(expected in fault for fault in faults(store)), faults(store)


def test_the_verify_command_fails_with_the_first_fault(tmp_path: Path) -> None:
    """Exit code 1 and one line; the JSON has them all."""
    expected = damaged(small_files(tmp_path), "a file is gone")
    command = [sys.executable, "-m", "stream.cli", "archive", "verify", "--output", str(tmp_path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=PARENT)
    assert done.returncode == 1
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["whole"], found["partitions"][0]["faults"]) == (False, [expected])
    [line] = done.stderr.splitlines()
    assert line.startswith("codiflux: error: ")
    assert expected in line


def test_a_damaged_file_ends_a_reading_with_its_name(tmp_path: Path) -> None:
    """No half of it is taken for the whole."""
    store = small_files(tmp_path)
    damaged(store, "a file is cut short")
    with pytest.raises(ArchiveDamaged, match=r"00000-00000000000000000010-\S+: cannot be read"):
        list(read_rows(store, REVIEW))


def test_a_bit_that_changed_on_the_disk_makes_no_other_rows(tmp_path: Path) -> None:
    """A bit of each third byte before the footer: the rows are those written, or the file is damaged."""
    store, label = new_store(tmp_path), json.loads((GOLDEN / "label.review.json").read_bytes())
    values = [json.dumps(label | {"formality_id": f"f-{number}"}).encode() for number in range(10)]
    archived(store, messages(range(10), values=values), topic=topics.LABELLED)
    [file] = files_of(store, topics.LABELLED)
    sound, written = store.read(file.path), rows(store, topics.LABELLED)
    noticed = 0
    for at in range(4, len(sound) - 8 - int.from_bytes(sound[-8:-4], "little"), 3):
        (tmp_path / file.path).write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        try:
            assert rows(store, topics.LABELLED) == written, at
        except ArchiveDamaged:
            noticed += 1
    assert noticed > 300


@pytest.mark.parametrize("kind_alone", [True, False])
def test_damage_of_what_the_proof_does_not_read_is_found_where_asked_for(tmp_path: Path, kind_alone: bool) -> None:
    """The offsets are all there; the code of a filing is not."""
    store = small_files(tmp_path)
    harmed = files_of(store, REVIEW)[2]
    with_a_damaged_page(store, harmed.path, "code", kind_alone=kind_alone)
    assert faults(store) == []
    [proof] = verify(store, content=True)
    assert proof.faults[0] == f"{harmed.path}: cannot be read, the file is damaged"


@pytest.mark.parametrize("kind_alone", [True, False])
@pytest.mark.parametrize("column", ["kafka_offset", "source.partition"])
@pytest.mark.parametrize(
    "upkeep",
    [compact, lambda store: forget(store, "J000027"), lambda store: expire(store, date(2030, 1, 1))],
    ids=["compact", "forget", "expire"],
)
def test_upkeep_ends_at_a_damaged_page_with_the_files_name_and_leaves_the_file(
    tmp_path: Path, upkeep: Callable[[Store], object], column: str, kind_alone: bool
) -> None:
    """Arrow says OSError of it and no more; nothing half-written stays, and the others keep their rows."""
    store = small_files(tmp_path, step=HALF_DAY // 5)
    harmed = next(file for file in files_of(store, REVIEW) if file.start == 20 and file.part == 2)
    with_a_damaged_page(store, harmed.path, column, kind_alone=kind_alone)
    before = {stored.path: store.read(stored.path) for stored in store.files()}
    with pytest.raises(ArchiveDamaged) as refused:
        upkeep(store)
    assert str(refused.value) == f"{tmp_path}: {harmed.path}: cannot be read, the file is damaged"
    after = {stored.path: store.read(stored.path) for stored in store.files()}
    assert after.keys() - {NAME} == before.keys()
    assert after[harmed.path] == before[harmed.path]


def test_compaction_ends_at_a_damaged_footer_with_the_files_name(tmp_path: Path) -> None:
    """The footer is read for notes and numbers of rows before any row is."""
    store = small_files(tmp_path)
    file = files_of(store, REVIEW)[1]
    content = store.read(file.path)
    length = int.from_bytes(content[-8:-4], "little")
    store.put(file.path, content[: -8 - length] + bytes(8) + content[-length:])
    names = {stored.path for stored in store.files()}
    with pytest.raises(ArchiveDamaged, match=f"{file.path}: cannot be read, the file is damaged"):
        compact(store)
    assert {stored.path for stored in store.files()} - {NAME} == names


def test_one_rewrites_at_a_time(tmp_path: Path) -> None:
    """A second compact, expire or forget is refused and harms nothing."""
    store = small_files(tmp_path)
    with turn(store), pytest.raises(StreamError, match="is at work"):
        compact(open_store(str(tmp_path)))
    compact(store)
