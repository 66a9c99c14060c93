"""What cannot be replayed: one line, and nothing half-written."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models import artefact, nomenclature
from models.errors import ModelError
from schemas import topics
from schemas.arrow import archived
from stream.archive.layout import MARKER, ArchiveFile
from stream.errors import StreamError
from stream.replay.label_sources import check_labels
from stream.replay.options import FinishOptions
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, replay
from stream.settings import Settings
from tests.integration.command_line import codiflux, refusal
from tests.integration.replay.sample import NOBODY, within


def spoiled(order: Order, tmp_path: Path, what: str) -> tuple[Order, str]:
    """An order that cannot be carried out, and what is said of it."""
    table, model = Path(order.request.name), order.models[0]
    if what == "cut short":
        path = tmp_path / "short.parquet"
        path.write_bytes(table.read_bytes()[:-100])
        return replace(order, request=SourceRequest(kind="file", name=str(path))), "not a Parquet file, or cut short"
    if what == "damaged":
        path, content = tmp_path / "damaged.parquet", bytearray(table.read_bytes())
        content[len(content) // 4 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 4)
        path.write_bytes(content)
        return replace(order, request=SourceRequest(kind="file", name=str(path))), "the file is damaged"
    if what == "other nomenclature":
        return replace(order, models=[model, renamed(model, tmp_path / "other")]), "need the same nomenclature"
    if what == "empty range":
        return replace(order, request=within(order, "2031-01-01", "2032-01-01")), "no filing in the range"
    if what in ("nothing readable", "unreadable beside an empty range"):
        path = tmp_path / "unreadable.csv"
        readable = "f-2,2026-07-01T08:00Z,coiffure\n" if "range" in what else ""
        path.write_text(f"formality_id,received_at,description_activity\nf-1,one day,boulangerie\n{readable}")
        request = SourceRequest(kind="file", name=str(path), since="2030-01-01" if readable else None)
        return replace(order, request=request), "no filing in the range but 1 unreadable (invalid_field 1)"
    if what == "wrong way round":
        return replace(order, request=within(order, "2026-08-01", "2026-07-01")), "does not lie before"
    if what == "no model":
        return replace(order, models=[tmp_path / "none"]), "no model there"
    if what == "twice":
        return replace(order, thresholds=[0.5, 0.5]), "given twice"
    return replace(order, request=SourceRequest(kind="archive", name=str(tmp_path / "none"))), "no archive there"


def renamed(model: Path, target: Path) -> Path:
    """The same artefact under the name of another nomenclature."""
    manifest = artefact.read_manifest(model)
    target.mkdir()
    for name in manifest.files:
        (target / name).write_bytes((model / name).read_bytes())
    artefact.seal(target, manifest.model_copy(update={"nomenclature": "sic2007"}))
    return target


@pytest.mark.parametrize(
    "what",
    [
        "cut short",
        "damaged",
        "other nomenclature",
        "empty range",
        "nothing readable",
        "unreadable beside an empty range",
        "wrong way round",
        "no model",
        "twice",
        "no archive",
    ],
)
def test_what_cannot_be_replayed_is_one_line_and_leaves_nothing(order: Order, tmp_path: Path, what: str) -> None:
    """Each says what is wrong; the output folder is not there afterwards."""
    asked, said = spoiled(order, tmp_path, what)
    output = tmp_path / "out"
    with pytest.raises((StreamError, ModelError)) as caught:
        replay(replace(asked, output=output), Settings(), NOBODY)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not output.exists()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_full_disk_is_one_line_and_leaves_nothing(order: Order, tmp_path: Path, processes: int) -> None:
    """A part file that the disk does not take ends the replay with exit code 74, in a process of its own too."""
    folder = tmp_path / "out"
    command = ["replay", "--from-file", order.request.name, "--model", order.models[0], "--threshold", "0.5"]
    done = subprocess.run(
        [*map(str, [sys.executable, "-m", "stream.cli", *command, "--output", folder, "--processes", processes])],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited(200_000),
    )
    line = refusal(done, 74)
    assert "cannot write" in line
    assert not folder.exists()


def test_a_model_that_is_not_right_is_one_line_with_two_processes(order: Order, tmp_path: Path) -> None:
    """The processes that would decide say nothing of their own, and none is left."""
    model = renamed(order.models[0], tmp_path / "model")
    (model / "rules.parquet").write_bytes(b"")
    asked = ("--from-file", order.request.name, "--model", model, "--threshold", "0.5", "--processes", 2)
    assert "rules.parquet" in refusal(codiflux("replay", *asked, "--output", tmp_path / "out"), 1)
    assert not (tmp_path / "out").exists()


def limited(size: int) -> Callable[[], None]:
    """Before a command starts: no file of it may grow beyond a size, as on a full disk."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_flags_that_do_not_go_together_are_refused(tmp_path: Path, order: Order) -> None:
    """The line says which."""
    out = ("--output", tmp_path / "out")
    assert "give one of --from-kafka" in refusal(codiflux("replay", *out, "--from", "0"), 2)
    unused = ("--labels", "none.csv", "--retrain", "monthly", "--processes", 2, "--no-drift", "--examples", 12)
    line = refusal(codiflux("replay", "--from-file", order.request.name, "--emit", "x", *out, *unused), 2)
    assert "it goes without --output, --processes, --labels, --retrain, --examples, --no-drift" in line


def archive_of_labels(root: Path, *tables: str) -> Path:
    """A label of each nomenclature, a file each, as `codiflux archive` keeps them."""
    day = datetime(2026, 3, 1, tzinfo=UTC)
    label = {"formality_id": "f-1", "code": "4322A", "origin": "review", "labelled_by": "a1", "labelled_at": day}
    row = {"kafka_partition": 0, "kafka_timestamp": day, "kafka_key": b"f-1", "kafka_headers": []}
    for offset, table in enumerate(tables):
        path = root / ArchiveFile(topics.LABELLED, day.date(), 0, offset, offset + 1, 1, 1).path
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [row | label | {"kafka_offset": offset, "nomenclature": table}]
        pq.write_table(pa.Table.from_pylist(rows, schema=archived(topics.LABELLED)), path)
    (root / MARKER).write_text("{}")
    return root


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("line", "line 1502: origin guess is not one of review, audit, claim"),
        ("codes", "none of its codes is in naf-rev2"),
        ("empty", "no labels in it"),
        ("archive", "none of its codes is in naf-rev2"),
        ("uri", "not a place for an archive"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_before_anything_is_decided(
    order: Order, tmp_path: Path, what: str, said: str
) -> None:
    """The line is the one that the evaluation would have ended with, hours later; no part is written first."""
    tables = {
        "line": "formality_id,code,origin\n" + "f-1,4322A,audit\n" * 1_500 + "f-1,4322A,guess\n",
        "codes": "formality_id,code\n" + "f-1,99.99.9\n" * 1_500,
        "empty": "formality_id,code\nf-1,\n",
    }
    labels = tmp_path / "labels.csv"
    labels.write_text(tables.get(what, "-"))
    name = str(labels) if what in tables else "ftp://host/labels"
    if what == "archive":
        name = str(archive_of_labels(tmp_path / "archive", "naf-2025"))
    decided: list[int] = []
    asked = replace(order, output=tmp_path / "out", options=FinishOptions(drift=False, labels=name))
    with pytest.raises(StreamError, match=said):
        replay(asked, Settings(), replace(NOBODY, done=decided.append))
    assert decided == []
    assert not (tmp_path / "out").exists()


def test_labels_of_an_archive_whose_first_piece_tells_nothing_are_read_to_their_end(tmp_path: Path) -> None:
    """A file of another nomenclature, and then one of the model's own: there is something to judge by."""
    archive = archive_of_labels(tmp_path / "archive", "naf-2025", "naf-rev2")
    check_labels(str(archive), nomenclature.load("naf-rev2"))
