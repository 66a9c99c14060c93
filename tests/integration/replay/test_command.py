"""Replay from files and archives: the same bytes again, resumed, and refused in one line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from models.policy import Policy
from stream.errors import StreamError
from stream.replay.options import FinishOptions
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, replay
from stream.replay.team import Team
from stream.replay.units import BLOCK
from stream.replay.work import Task
from stream.settings import Settings
from tests.integration.command_line import codiflux, last_object, refusal
from tests.integration.replay.sample import FILINGS, FIRST, NOBODY, ROWS, within
from tests.integration.test_replay_kafka import content


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


def children(process: int) -> list[int]:
    """Processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def alive(process: int) -> bool:
    """Whether it is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes in /proc")
def test_the_processes_of_a_killed_replay_end_with_it(order: Order, tmp_path: Path) -> None:
    """Kill -9 of the one that started them: they end in the middle of their units, here ones that never end."""
    table = tmp_path / "nobody-writes.parquet"
    os.mkfifo(table)
    task = Task(
        request=SourceRequest(kind="file", name=str(table)),
        models=tuple(order.models),
        policies=(Policy(threshold=0.5),),
        all_ids=False,
        units=((0, 0, 10),),
        folder=tmp_path,
    )
    script = "import sys; from stream.replay.team import Team; Team(sys.argv[1:2], 2).decide(sys.argv[2:], print)"
    running = subprocess.Popen([sys.executable, "-c", script, order.models[0], *[task.model_dump_json()] * 2])
    members: list[int] = []
    deadline = time.monotonic() + 60
    try:
        while len(members) < 3 and time.monotonic() < deadline:
            first = children(running.pid)
            members = [*first, *(member for process in first for member in children(process))]
            time.sleep(0.01)
        assert len(members) == 3
        running.kill()
        running.wait()
        while any(map(alive, members)) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(map(alive, members))
    finally:
        running.kill()
        running.wait()
        for member in filter(alive, members):
            os.kill(member, signal.SIGKILL)


def test_processes_change_no_byte_and_csv_says_what_parquet_says(
    order: Order, whole: Path, tmp_path: Path, table: Path
) -> None:
    """Two processes over a Parquet file, drift looked for over two units; the first rows as CSV in one."""
    with Team(order.models, 2) as team:
        replay(replace(order, output=tmp_path / "two"), Settings(), NOBODY, team)
    assert content(tmp_path / "two") == content(whole)
    around = order.request.model_copy(update={"until": str(BLOCK + 1_000)})
    drifting = replace(order, request=around, options=FinishOptions())
    replay(replace(drifting, output=tmp_path / "drift-1"), Settings(), NOBODY)
    with Team(order.models, 2) as team:
        replay(replace(drifting, output=tmp_path / "drift-2"), Settings(), NOBODY, team)
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
    request = within(order, "2026-07-01T01:00Z", "2026-07-02")
    summary = replay(replace(order, output=tmp_path / "out", request=request), Settings(), NOBODY)
    assert summary.counts.filings == 23 * 60
    rows = pq.read_table(tmp_path / "out" / "decisions").to_pylist()
    assert (rows[0]["offset"], rows[-1]["offset"]) == (60, 24 * 60 - 1)
    assert [routes.auto + routes.review + routes.returned for routes in summary.routes] == [23 * 60] * 2
    assert sum(row["audit"] for row in rows) == summary.routes[0].audit
    assert sum(row["route_2"] == "auto" for row in rows) == summary.routes[1].auto
