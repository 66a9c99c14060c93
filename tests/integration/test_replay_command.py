"""Replay from files and archives: the same bytes again, resumed, and refused in one line."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from models import artefact
from models.errors import ModelError
from models.policy import Policy
from models.starter.declarations import declarations
from stream.errors import StreamError
from stream.replay import finish, units
from stream.replay import merge as merging
from stream.replay.merge import merge
from stream.replay.options import FinishOptions
from stream.replay.place import Place
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, Told, replay
from stream.replay.sources import file
from stream.replay.units import BLOCK, Shard, Unit, cut, parse_shard
from stream.settings import Settings
from tests.integration.command_line import codiflux, last_object, refusal
from tests.integration.test_replay_kafka import content

ROOT = Path(__file__).resolve().parents[2]
ROWS = 2 * BLOCK + 1_000
FIRST = BLOCK - 1_000
"""Where replays begin: of their three units the first and the last are short."""
FILINGS = ROWS - FIRST
NOBODY = Told(lambda line: None, lambda total: None, lambda done: None)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three units of filings that often say the same, a minute apart."""
    lines = declarations()[:300]
    start = datetime(2026, 7, 1, tzinfo=UTC)
    columns: dict[str, list[Any]] = {
        "formality_id": [f"f-{number}" for number in range(ROWS)],
        "received_at": [start + timedelta(minutes=number) for number in range(ROWS)],
        "description_activity": [lines[number * 7 % len(lines)].text for number in range(ROWS)],
        "type_form": [("C", "M", None)[number % 3] for number in range(ROWS)],
    }
    path = tmp_path_factory.mktemp("table") / "filings.parquet"
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def order(table: Path, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Order:
    """One model, two policies, over the end of the table; drift is another test's."""
    policy = tmp_path_factory.mktemp("policy") / "by-type.json"
    policy.write_text(
        Policy.model_validate({"threshold": 0.9, "segments": [{"threshold": 0.1, "type_form": "M"}]}).model_dump_json()
    )
    request = SourceRequest(kind="file", name=str(table), since=str(FIRST))
    return Order(request, [small_model], [0.5], [policy], Path("nowhere"), options=FinishOptions(drift=False))


@pytest.fixture(scope="module")
def whole(order: Order, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The replay in one go."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    replay(replace(order, output=folder), Settings(), NOBODY)
    return folder


@pytest.fixture(scope="module")
def shards(order: Order, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The replay in two shards."""
    folders = [tmp_path_factory.mktemp("shards") / str(number) for number in range(2)]
    for number, folder in enumerate(folders):
        replay(replace(order, output=folder, shard=Shard(number, 2)), Settings(), NOBODY)
    return folders


def test_an_interrupted_replay_is_resumed_to_the_same_bytes(order: Order, whole: Path, tmp_path: Path) -> None:
    """Killed after its first unit it leaves nothing under the final names; resumed, it decides the rest alone."""
    folder = tmp_path / "out"
    kept: list[int] = []

    def die(offsets: int) -> None:
        kept.append(offsets)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(replace(order, output=folder), Settings(), replace(NOBODY, done=die))
    assert [path.name for path in folder.iterdir()] == [".partial"]
    with pytest.raises(StreamError, match="--resume goes on"):
        replay(replace(order, output=folder), Settings(), NOBODY)
    with pytest.raises(StreamError, match="begun with another"):
        replay(replace(order, output=folder, thresholds=[0.6], resume=True), Settings(), NOBODY)
    totals: list[int] = []
    replay(replace(order, output=folder, resume=True), Settings(), replace(NOBODY, total=totals.append))
    # The evaluation that follows has a bar of its own.
    assert totals[0] == FILINGS - kept[0]
    assert content(folder) == content(whole)
    notes: list[str] = []
    replay(replace(order, output=folder, resume=True), Settings(), replace(NOBODY, note=notes.append))
    assert "complete already" in notes[-1]


@pytest.mark.parametrize(
    "other",
    [
        {"request": {"name": "elsewhere.parquet"}},
        {"request": {"until": str(ROWS)}},
        {"all_ids": True},
        {"options": FinishOptions(drift=False, examples=3)},
        {"options": FinishOptions(drift=False, labels="labels.csv")},
    ],
    ids=["another file", "another bound", "all ids", "another flag", "labels"],
)
def test_a_complete_folder_is_not_passed_off_as_another_request(
    order: Order, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    """--resume with anything else asked is refused in one line, and the folder stays as it was."""
    monkeypatch.chdir(tmp_path)
    Path("labels.csv").write_text("formality_id,code\nf-1,4322A\n")
    if "request" in other:
        other = {"request": order.request.model_copy(update=other["request"])}
    before = content(whole)
    with pytest.raises(StreamError, match="is complete, of another source, range, model, policy, labels or flag"):
        replay(replace(order, output=whole, resume=True, **other), Settings(), NOBODY)
    assert content(whole) == before


def test_a_killed_process_leaves_nothing_half_written(
    order: Order, whole: Path, tmp_path: Path, small_model: Path
) -> None:
    """Kill -9 in the middle: no file under a final name, whole parts only, and --resume ends it."""
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "stream.cli", "replay", "--from-file", order.request.name, "--model", small_model]
    command += ["--threshold", "0.5", "--policy", order.policies[0], "--from", FIRST, "--no-drift", "--output", folder]
    running = subprocess.Popen([*map(str, command)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(folder.glob(".partial/decisions/[0-9]*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    running.send_signal(signal.SIGKILL)
    running.wait()
    if not (folder / "summary.json").exists():
        assert {path.name for path in folder.iterdir()} == {".partial"}
        for path in folder.glob(".partial/decisions/[0-9]*"):
            assert pq.read_table(path).num_rows > 0
        assert refusal(codiflux(*command[3:]), 2).endswith("or remove the folder")
    assert last_object(codiflux(*command[3:], "--resume", "--json"))["counts"]["filings"] == FILINGS
    assert content(folder) == content(whole)


def test_indexed_jobs_run_the_shards_and_merge_joins_them(
    order: Order, whole: Path, tmp_path: Path, small_model: Path
) -> None:
    """The manifest's own command, with its index, gives the shards of the whole; merging checks that all are there."""
    documents = list(yaml.safe_load_all((ROOT / "infra" / "kubernetes" / "replay-job.yaml").read_text()))
    [spec] = [job["spec"] for job in documents if job["spec"].get("completionMode") == "Indexed"]
    [container] = spec["template"]["spec"]["containers"]
    shard = container["args"][container["args"].index("--shard") + 1]
    assert shard == f"$(JOB_COMPLETION_INDEX)/{spec['completions']}"
    assert {"--resume", "--to", "--shard"} <= set(container["args"])
    folders = []
    for index in range(3):
        folders.append(tmp_path / f"shard-{index}")
        part = parse_shard(
            shard.replace("$(JOB_COMPLETION_INDEX)", str(index)).replace(f"/{spec['completions']}", "/3")
        )
        replay(replace(order, output=folders[-1], shard=part), Settings(), NOBODY)
        assert sorted(path.name for path in folders[-1].iterdir()) == ["decisions", "plan.json", "summary.json"]
    output = tmp_path / "merged"
    with pytest.raises(StreamError, match="1 of 3 shards are missing: 2/3"):
        merge([folders[0], folders[1]], output)
    with pytest.raises(StreamError, match="is given twice"):
        merge([*folders, folders[0]], output)
    with pytest.raises(StreamError, match="not a shard"):
        merge([*folders, whole], output)
    assert not output.exists()
    merge(folders, output)
    assert content(output) == content(whole)


@pytest.mark.parametrize(
    ("where", "name"),
    [(merging, "count"), (finish, "finish"), (Place, "complete")],
    ids=["taking parts", "finishing", "moving up"],
)
def test_a_merge_that_was_killed_is_run_again(
    whole: Path, shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    """As the retry of a job runs it: the same command, without a hand on the folder, gives the same bytes."""
    output = tmp_path / "merged"

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(where, name, die)
        with pytest.raises(KeyboardInterrupt):
            merge(shards, output)
    assert [path.name for path in output.iterdir()] == [".partial"]
    merge(shards, output)
    assert content(output) == content(whole)


def test_a_killed_merge_is_not_run_again_among_files_of_others(
    shards: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What someone has put beside it since stays theirs."""
    output = tmp_path / "merged"

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr(merging, "count", die)
        with pytest.raises(KeyboardInterrupt):
            merge(shards, output)
    (output / "notes.txt").write_text("mine")
    with pytest.raises(StreamError, match="already there and not empty"):
        merge(shards, output)
    assert (output / "notes.txt").read_text() == "mine"


def test_a_merge_leaves_the_interrupted_replay_of_something_else_alone(
    order: Order, shards: list[Path], tmp_path: Path
) -> None:
    """Its parts may be hours of work that are nowhere else."""
    output = tmp_path / "out"

    def die(offsets: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(replace(order, output=output, thresholds=[0.6]), Settings(), replace(NOBODY, done=die))
    before = content(output)
    with pytest.raises(StreamError, match="something else was interrupted there"):
        merge(shards, output)
    assert content(output) == before


def test_a_shard_whose_boundary_is_off_by_one_is_seen(
    order: Order, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The safeguard taken away: a unit that no shard has does not pass as the whole; one of two is a file of both."""
    right = units.parts

    def wrong(all_of_them: Sequence[Unit], count: int) -> list[list[Unit]]:
        first, *rest = right(all_of_them, count)
        return [first[:-1], *rest]

    monkeypatch.setattr(units, "parts", wrong)
    folders = [tmp_path / f"shard-{number}" for number in range(2)]
    for number, folder in enumerate(folders):
        replay(replace(order, output=folder, shard=Shard(number, 2)), Settings(), NOBODY)
    try:
        merge(folders, tmp_path / "merged")
    except (StreamError, OSError):
        return
    assert content(tmp_path / "merged") != content(whole)


def test_a_block_that_begins_a_row_late_is_seen(
    order: Order, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The safeguard taken away: a row between two units is missed by the count and by the bytes."""
    monkeypatch.setattr(file, "cut", lambda *bounds: [replace(unit, start=unit.start + 1) for unit in cut(*bounds)])
    summary = replay(replace(order, output=tmp_path / "out"), Settings(), NOBODY)
    assert summary.counts.filings == FILINGS - 3
    assert content(tmp_path / "out") != content(whole)


def test_processes_change_no_byte_and_csv_says_what_parquet_says(
    order: Order, whole: Path, tmp_path: Path, table: Path
) -> None:
    """Two processes over a Parquet file, drift looked for over two units; the first rows as CSV in one."""
    replay(replace(order, output=tmp_path / "two", processes=2), Settings(), NOBODY)
    assert content(tmp_path / "two") == content(whole)
    around = order.request.model_copy(update={"until": str(BLOCK + 1_000)})
    drifting = replace(order, request=around, options=FinishOptions())
    for processes in (1, 2):
        replay(replace(drifting, output=tmp_path / f"drift-{processes}", processes=processes), Settings(), NOBODY)
    assert content(tmp_path / "drift-1") == content(tmp_path / "drift-2")
    first = pq.read_table(table).slice(0, 500).to_pylist()
    csv = tmp_path / "filings.csv"
    csv.write_text(
        "formality_id,received_at,description_activity,type_form\n"
        + "".join(
            f'{row["formality_id"]},{row["received_at"].isoformat()},"{row["description_activity"]}",'
            f"{row['type_form'] or ''}\n"
            for row in first
        )
    )
    replay(
        replace(order, output=tmp_path / "csv", request=SourceRequest(kind="file", name=str(csv))), Settings(), NOBODY
    )
    until = SourceRequest(kind="file", name=str(table), until="500")
    replay(replace(order, output=tmp_path / "parquet", request=until), Settings(), NOBODY)
    read = [pq.read_table(tmp_path / name / "decisions").to_pylist() for name in ("csv", "parquet")]
    assert read[0] == read[1]
    assert len(read[0]) == 500


def test_a_range_of_time_is_half_open(order: Order, tmp_path: Path) -> None:
    """From is within, to is not; the audit sample and the summary are of the range alone."""
    request = replace_range(order, "2026-07-01T01:00Z", "2026-07-02")
    summary = replay(replace(order, output=tmp_path / "out", request=request), Settings(), NOBODY)
    assert summary.counts.filings == 23 * 60
    rows = pq.read_table(tmp_path / "out" / "decisions").to_pylist()
    assert (rows[0]["offset"], rows[-1]["offset"]) == (60, 24 * 60 - 1)
    assert [routes.auto + routes.review + routes.returned for routes in summary.routes] == [23 * 60] * 2
    assert sum(row["audit"] for row in rows) == summary.routes[0].audit
    assert sum(row["route_2"] == "auto" for row in rows) == summary.routes[1].auto


def replace_range(order: Order, since: str, until: str) -> SourceRequest:
    return order.request.model_copy(update={"since": since, "until": until})


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
        return replace(order, request=replace_range(order, "2031-01-01", "2032-01-01")), "no filing in the range"
    if what == "wrong way round":
        return replace(order, request=replace_range(order, "2026-08-01", "2026-07-01")), "does not lie before"
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
    ["cut short", "damaged", "other nomenclature", "empty range", "wrong way round", "no model", "twice", "no archive"],
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
    assert "it goes without --model" in refusal(
        codiflux("replay", "--from-file", order.request.name, "--emit", "x", *out), 2
    )
