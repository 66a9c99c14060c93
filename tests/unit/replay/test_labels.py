"""Labels read from tables, and joined to filings as of their arrival."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models import nomenclature
from schemas import topics
from schemas.arrow import archived
from schemas.codec import encode
from schemas.instant import microseconds
from schemas.label import Label, LabelOrigin
from stream.errors import UsageError
from stream.replay import label_ids, label_sources, labels
from stream.replay.label_join import JoinedLabels, join
from stream.replay.labels import NO_TIME, UNKNOWN, Labels, Origin, from_batches, from_file, from_messages

NAF = nomenclature.load("naf-rev2")
DAY = 86_400_000_000
FIRST_DAY = 20_000
CSV = """formality_id,code,labelled_at,origin
J1,4322A,2026-03-01T10:00:00Z,review
J2,43.22B,2026-03-02T10:00:00+01:00,audit
J3,,2026-03-03T00:00:00Z,claim
J4,9999X,,review
J5,4322a,2026-03-05T00:00:00.250Z,
J6,,,
"""


def position(code: str) -> int:
    return NAF.codes.index(code)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def same(one: Labels, other: Labels) -> bool:
    return (
        one.formality_ids.to_pylist() == other.formality_ids.to_pylist()
        and one.code.tolist() == other.code.tolist()
        and one.labelled_at.tolist() == other.labelled_at.tolist()
        and one.origin.tolist() == other.origin.tolist()
    )


def test_labels_are_read_as_people_write_them(tmp_path: Path) -> None:
    """Loose codes are found, a blank with an origin is "nothing to code", one without is no label."""
    found = from_file(written(tmp_path / "labels.csv", CSV), NAF)
    assert found.formality_ids.to_pylist() == ["J1", "J2", "J3", "J4", "J5"]
    assert found.code.tolist() == [position("4322A"), position("4322B"), -2, UNKNOWN, position("4322A")]
    assert found.origin.tolist() == [Origin.REVIEW, Origin.AUDIT, Origin.CLAIM, Origin.REVIEW, Origin.COMPLETE]
    assert found.labelled_at.tolist()[1] == microseconds(datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert found.labelled_at.tolist()[3] == NO_TIME


def test_reading_by_columns_and_by_rows_give_the_same_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CSV and Parquet, ids of rows and numbers for ids included."""
    table = pa.table(
        {
            "formality_id": pa.array([101, 102, 103]),
            "code": ["4322A", None, "0111Z"],
            "labelled_at": pa.array([0, None, 5_000_000], pa.timestamp("us", tz="UTC")),
            "origin": pa.array(["review", "claim", None]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "numbers.parquet")
    paths = [
        tmp_path / "numbers.parquet",
        written(tmp_path / "labels.csv", CSV),
        written(tmp_path / "semicolons.csv", "code;description_activity\n4322A;plombier\n;rien\n0111Z;blé\n"),
    ]
    assert all(labels._by_columns(path, NAF) is not None for path in paths)
    by_columns = [from_file(path, NAF) for path in paths]
    monkeypatch.setattr(labels, "read_columns", lambda path: None)
    by_rows = [from_file(path, NAF) for path in paths]
    assert all(same(one, other) for one, other in zip(by_columns, by_rows, strict=True))
    assert by_rows[2].formality_ids.to_pylist() == ["semicolons-1", "semicolons-3"]


def test_names_of_columns_are_read_without_the_spaces_around_them(tmp_path: Path) -> None:
    """As people write a header, after a comma and a space: origin and time are read all the same."""
    text = "formality_id,code, labelled_at , origin\nJ1,4322A,2026-03-01T10:00:00Z,audit\n"
    found = from_file(written(tmp_path / "labels.csv", text), NAF)
    assert found.code.tolist() == [position("4322A")]
    assert found.origin.tolist() == [Origin.AUDIT]
    assert found.labelled_at.tolist() == [microseconds(datetime(2026, 3, 1, 10, tzinfo=UTC))]


def test_times_in_nanoseconds_are_read_to_the_microsecond(tmp_path: Path) -> None:
    """As data frames write them, one that is missing among them."""
    times = pa.array([1_772_359_200_000_000_789, None, 5_999], pa.timestamp("ns", tz="UTC"))
    table = pa.table({"formality_id": ["J1", "J2", "J3"], "code": ["4322A"] * 3, "labelled_at": times})
    pq.write_table(table, tmp_path / "labels.parquet")
    found = from_file(tmp_path / "labels.parquet", NAF)
    assert found.labelled_at.tolist() == [microseconds(datetime(2026, 3, 1, 10, tzinfo=UTC)), NO_TIME, 5]


@pytest.mark.parametrize("name", ["labels.csv", "labels.jsonl"])
def test_a_fraction_of_a_second_is_read_exactly_however_far_from_1970(tmp_path: Path, name: str) -> None:
    """Half a second before 1970 and the last microsecond of a second in the year 9998, by columns and by rows."""
    times = ["1969-12-31T23:59:59.500000Z", "9998-12-31T23:59:59.999999Z"]
    texts = {
        "labels.csv": "formality_id,code,labelled_at\n" + "".join(f"J,4322A,{time}\n" for time in times),
        "labels.jsonl": "".join(f'{{"code": "4322A", "labelled_at": "{time}"}}\n' for time in times),
    }
    found = from_file(written(tmp_path / name, texts[name]), NAF)
    assert found.labelled_at.tolist() == [-500_000, 253_370_764_799_999_999]


def test_an_empty_line_of_a_single_column_is_a_filing_without_a_label(tmp_path: Path) -> None:
    """Codes alone, by row: those after it stay with their own filings."""
    found = from_file(written(tmp_path / "filings.csv", "code\n4322A\n\n0111Z\n"), NAF)
    assert found.formality_ids.to_pylist() == ["filings-1", "filings-3"]
    assert found.code.tolist() == [position("4322A"), position("0111Z")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("formality_id,code\nJ1,1\nJ2,2\n", "none of its codes is in naf-rev2"),
        ("formality_id,code,origin\nJ1,4322A,whim\n", "line 2: origin whim is not one of review, audit, claim"),
        ("formality_id,code,labelled_at\nJ1,4322A,soon\n", "line 2: labelled_at soon is not a time"),
        ("formality_id,label\nJ1,4322A\n", "no column code"),
        ("formality_id,code\nJ1,\n", "no labels in it"),
    ],
)
def test_what_is_no_label_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """One sentence, naming file and line."""
    with pytest.raises(UsageError, match=said):
        from_file(written(tmp_path / "labels.csv", text), NAF)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("off", [253_402_300_800, -62_135_596_801, 2**42])
def test_a_time_off_the_calendar_is_refused_with_its_row(tmp_path: Path, unit: str, off: int) -> None:
    """The second after year 9999, the last before year 1, and one that microseconds cannot hold."""
    scale = {"s": 1, "ms": 1_000, "us": 1_000_000}[unit]
    times = pa.array([0, max(-(2**63), min(2**63 - 1, off * scale))], pa.timestamp(unit, tz="UTC"))
    pq.write_table(pa.table({"code": ["4322A"] * 2, "labelled_at": times}), tmp_path / "labels.parquet")
    with pytest.raises(UsageError, match=r"row 2: labelled_at .* off the calendar is not a time"):
        from_file(tmp_path / "labels.parquet", NAF)


def test_messages_that_are_no_labels_are_counted() -> None:
    """The live topic may hold anything; a tombstone and garbage are left out."""
    label = Label(
        formality_id="J1",
        code="4322A",
        nomenclature="naf-rev2",
        origin=LabelOrigin.AUDIT,
        labelled_by="a1",
        labelled_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    found = from_messages([encode(label), None, b"{", encode(label.model_copy(update={"nomenclature": "x"}))], NAF)
    assert (len(found), found.unreadable, found.code.tolist()) == (2, 2, [position("4322A"), UNKNOWN])


def test_labels_of_an_archive_are_its_rows() -> None:
    """The columns that are read, one row without a label among them."""
    columns = ("formality_id", "code", "nomenclature", "origin", "labelled_at")
    schema = pa.schema([archived(topics.LABELLED).field(name) for name in columns])
    instant = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        dict(zip(columns, ("J1", "4322A", "naf-rev2", "audit", instant), strict=True)),
        dict.fromkeys(columns),
        dict(zip(columns, ("J2", None, "naf-rev2", "review", instant), strict=True)),
    ]
    found = from_batches([pa.RecordBatch.from_pylist(rows, schema=schema)], NAF)
    assert found.formality_ids.to_pylist() == ["J1", "J2"]
    assert (found.code.tolist(), found.unreadable) == ([position("4322A"), -2], 1)
    assert found.labelled_at.tolist() == [microseconds(instant)] * 2
    assert found.origin.tolist() == [Origin.AUDIT, Origin.REVIEW]


def test_labels_that_the_codec_refuses_are_counted_in_archives_that_have_them() -> None:
    """As earlier versions wrote them: an origin there is not, and times that no calendar has."""
    schema = pa.schema([archived(topics.LABELLED).field(name) for name in label_sources.COLUMNS])
    noon = microseconds(datetime(2026, 3, 1, 12, tzinfo=UTC))
    off = [microseconds(datetime(1, 1, 1, tzinfo=UTC)) - DAY, microseconds(datetime(9999, 12, 31, tzinfo=UTC)) + DAY]
    columns = [
        pa.array([f"J{number}" for number in range(5)]),
        pa.array(["4322A"] * 5),
        pa.array(["naf-rev2"] * 5),
        pa.array(["audit", "expert", "audit", "audit", "claim"]),
        pa.array([noon, noon, *off, noon]).cast(schema.field("labelled_at").type),
    ]
    found = from_batches([pa.RecordBatch.from_arrays(columns, schema=schema)], NAF)
    assert found.formality_ids.to_pylist() == ["J0", "J4"]
    assert found.labelled_at.tolist() == [noon, noon]
    assert (found.origin.tolist(), found.unreadable) == ([Origin.AUDIT, Origin.CLAIM], 3)


def given(*rows: tuple[str, str, int, Origin]) -> Labels:
    """Labels by formality id, code, day of arrival and origin."""
    return Labels(
        pa.array([row[0] for row in rows]),
        np.array([position(row[1]) for row in rows], dtype=np.int32),
        np.array([(FIRST_DAY + row[2]) * DAY for row in rows], dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.int32),
    )


def joined(found: Labels, *, delay_seconds: float | None = None, audit_share: float | None = 0.1) -> JoinedLabels:
    """Joined to filings J0 to J3, received on days 0 to 3."""
    ids = pa.array([f"J{number}" for number in range(4)])
    received = (FIRST_DAY + np.arange(4, dtype=np.int64)) * DAY
    filings = [(ids[:1], received[:1]), (ids[1:], received[1:])]
    return join(found, filings, count=4, first_day=FIRST_DAY, delay_seconds=delay_seconds, audit_share=audit_share)[0]


def test_the_last_label_is_the_truth_and_the_first_what_was_known() -> None:
    """Audited on day 5, claimed on day 9: the weight is the audit's, the truth the claim's."""
    found = joined(given(("J1", "0111Z", 9, Origin.CLAIM), ("J1", "4322A", 5, Origin.AUDIT)))
    first, last = found.first(), found.last()
    assert (first.code[1], first.arrival[1], first.weight[1]) == (position("4322A"), 5, 10.0)
    assert (last.code[1], last.weight[1]) == (position("0111Z"), 10.0)
    assert last.code.tolist() == [-1, position("0111Z"), -1, -1]


def test_a_label_counts_only_from_its_arrival() -> None:
    """Before day 9 the audit's code is the last one, before day 5 there is none."""
    found = joined(given(("J1", "0111Z", 9, Origin.CLAIM), ("J1", "4322A", 5, Origin.AUDIT)))
    by_then = [[part.tolist() for part in found.latest((FIRST_DAY + day) * DAY)] for day in (5, 6, 10)]
    assert by_then == [[[], []], [[1], [position("4322A")]], [[1], [position("0111Z")]]]


def test_a_claim_alone_is_no_sample() -> None:
    """It says that something is wrong, and nothing of how often."""
    found = joined(given(("J2", "0111Z", 4, Origin.CLAIM)))
    assert found.last().code[2] == position("0111Z")
    assert not found.last().counts.any()
    assert found.first().code[2] == -1


def test_of_a_review_and_an_audit_the_review_weighs() -> None:
    """Whoever is reviewed for certain stands for itself alone."""
    found = joined(given(("J0", "0111Z", 1, Origin.AUDIT), ("J0", "0111Z", 2, Origin.REVIEW)))
    assert found.last().weight[0] == 1.0


def test_a_simulated_delay_moves_every_arrival() -> None:
    """Two days after each filing, whatever the labels say."""
    found = joined(
        given(("J0", "0111Z", 50, Origin.REVIEW), ("J3", "0111Z", 60, Origin.REVIEW)), delay_seconds=2 * 86_400.0
    )
    assert found.first().arrival.tolist() == [2, -1, -1, 5]


def test_labels_of_audits_without_a_share_are_refused() -> None:
    """Nobody knows what they stand for."""
    with pytest.raises(UsageError, match="--audit-share"):
        joined(given(("J0", "0111Z", 1, Origin.AUDIT)), audit_share=None)


def test_labels_of_other_filings_are_refused() -> None:
    """None joins: most likely the wrong file."""
    with pytest.raises(UsageError, match="no label is for a filing of this range"):
        joined(given(("K0", "0111Z", 1, Origin.REVIEW)))


def test_labels_find_their_filings_in_any_file_and_the_first_of_two() -> None:
    """Ids of any length and script, sliced arrays, labels without a filing, a filing that is there twice."""
    ids = pa.array(["é" * 60, "a", "", "twice", "a", "nobody's", "b"])
    parts = [
        (pa.array(["x", "b", "twice"])[1:], np.array([10, 11])),
        (pa.array([], pa.string()), np.array([], dtype=np.int64)),
        (pa.array(["twice", "é" * 60, "é" * 59, "", "a", "aa"]), np.arange(20, 26)),
    ]
    found, received = label_ids.find(ids, parts)
    assert found.tolist() == [3, 6, 5, 1, 6, label_ids.ABSENT, 0]
    assert received[found != label_ids.ABSENT].tolist() == [21, 24, 23, 11, 24, 10]


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Filings by comparing them, labels by hashing them anew."""
    real = label_ids.hashed
    monkeypatch.setattr(label_ids, "hashed", lambda texts, seed=0: real(texts, seed) % np.uint64(2 if seed < 3 else 64))
    ids = pa.array(["a", "b", "c"])
    filings = pa.array([f"{number}" for number in range(500)] + ["b", "c"])
    found, _ = label_ids.find(ids, [(filings, np.arange(502))])
    assert found.tolist() == [label_ids.ABSENT, 500, 501]
