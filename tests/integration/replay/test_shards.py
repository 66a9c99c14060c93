"""Shards of a replay, their merging, and the safeguards that both have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from stream.errors import StreamError
from stream.replay import finish, units
from stream.replay import merge as merging
from stream.replay.merge import merge
from stream.replay.options import FinishOptions
from stream.replay.place import Place
from stream.replay.run import Order, replay
from stream.replay.sources import file
from stream.replay.units import Shard, Unit, cut, parse_shard
from stream.settings import Settings
from tests.integration.command_line import codiflux, last_object
from tests.integration.replay.sample import FILINGS, NOBODY
from tests.integration.test_replay_kafka import content

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def shards(order: Order, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The replay in two shards."""
    folders = [tmp_path_factory.mktemp("shards") / str(number) for number in range(2)]
    for number, folder in enumerate(folders):
        replay(replace(order, output=folder, shard=Shard(number, 2)), Settings(), NOBODY)
    return folders


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


def test_shards_without_a_readable_filing_are_merged_to_a_refusal(order: Order, tmp_path: Path) -> None:
    """Each shard alone may be empty; all together are one line, and nothing is left."""
    table = tmp_path / "unreadable.csv"
    table.write_text("formality_id,received_at,description_activity\nf-1,one day,boulangerie\n")
    request = order.request.model_copy(update={"name": str(table), "since": None})
    folders = [tmp_path / str(number) for number in range(2)]
    for number, folder in enumerate(folders):
        replay(replace(order, request=request, output=folder, shard=Shard(number, 2)), Settings(), NOBODY)
    with pytest.raises(StreamError, match="no filing in the range but 1 unreadable"):
        merge(folders, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_table_replaced_by_another_of_as_many_rows_is_seen(order: Order, tmp_path: Path) -> None:
    """Neither goes a run on with it, nor are shards of the two joined; put back, the run goes on."""
    table = tmp_path / "filings.csv"
    request = order.request.model_copy(update={"name": str(table), "since": None})
    first, second = (f"formality_id,description_activity\nf-1,{text}\n" for text in ("boulangerie", "coiffure"))
    table.write_text(first)
    folders = [tmp_path / str(number) for number in range(2)]
    replay(replace(order, request=request, output=folders[0], shard=Shard(0, 2)), Settings(), NOBODY)
    whole = replace(order, request=request, output=tmp_path / "whole", resume=True)

    def die(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay(whole, Settings(), replace(NOBODY, done=die))
    table.write_text(second)
    with pytest.raises(StreamError, match="another table than at the start"):
        replay(whole, Settings(), NOBODY)
    replay(replace(order, request=request, output=folders[1], shard=Shard(1, 2)), Settings(), NOBODY)
    with pytest.raises(StreamError, match="not of the same replay"):
        merge(folders, tmp_path / "merged")
    table.write_text(first)
    assert replay(whole, Settings(), NOBODY).source.size_bytes == len(first)
    table.write_text(second)
    with pytest.raises(StreamError, match="another table than at the start"):
        replay(whole, Settings(), NOBODY)


def test_a_merge_says_how_far_its_evaluation_is(order: Order, tmp_path: Path) -> None:
    """The same lines and counts as a replay of the whole; the command prints them."""
    table = tmp_path / "filings.csv"
    table.write_text(
        "formality_id,received_at,description_activity\n"
        + "".join(f"f-{number},2026-07-{number + 1:02d}T09:00Z,boulangerie\n" for number in range(20))
    )
    request = order.request.model_copy(update={"name": str(table), "since": None})
    folders = [tmp_path / str(number) for number in range(2)]
    for number, folder in enumerate(folders):
        asked = replace(
            order, request=request, output=folder, shard=Shard(number, 2), options=FinishOptions(examples=1)
        )
        replay(asked, Settings(), NOBODY)
    lines: list[str] = []
    totals: list[int] = []
    done: list[int] = []
    merge(folders, tmp_path / "merged", finish.Following(lines.append, totals.append, done.append))
    assert (lines, totals, sum(done)) == (["looking for drift over event time"], [20], 20)
    printed = codiflux("replay", "merge", *folders, "--output", tmp_path / "again", "--json")
    assert last_object(printed)["counts"]["filings"] == 20
    assert lines[0] in printed.stderr
