"""Replay from a real Kafka, beside a real worker on the same topics."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from confluent_kafka import Message, Producer

from models.starter.declarations import declarations
from schemas.arrow import archived
from schemas.decision import Decision
from schemas.headers import REPLAY
from stream.archive.layout import ArchiveFile
from stream.errors import StreamError, UsageError
from stream.replay.bounds import Bound, Range
from stream.replay.emitting import Pace, emit
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, Told, replay
from stream.replay.sources.kafka import DISORDER, KafkaSource
from stream.replay.units import Shard
from stream.settings import Settings
from stream.simulation.filings import Shares, filings
from stream.topics import create_topics
from tests.contract.stage import AUTO, DEAD, RECEIVED, RETURNED, REVIEW, Broker, Stage, filing
from tests.integration.command_line import codiflux, last_object, refusal

pytestmark = pytest.mark.kafka
NOBODY = Told(lambda line: None, lambda total: None, lambda done: None)
MESSAGES = 3_000
LATER = 200


@dataclass(frozen=True)
class History:
    """A topic that a worker has decided, and the replay of it in one process."""

    stage: Stage
    live: list[dict[str, Any]]
    whole: Path
    summary: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """Settings of the stage."""
        found = self.stage.environment(audit_share=0.2)
        return {name: value for name, value in found.items() if name.startswith("CODIFLUX_")}

    @property
    def bounds(self) -> str:
        """Where the replay ended, by partition: the topic has grown since."""
        return ",".join(f"{s['partition']}={s['end']}" for s in self.summary["source"]["stretches"])

    def replay(self, output: Path, shard: Shard | None = None) -> None:
        """A replay of the same bounds, in this process."""
        stage = self.stage
        settings = Settings(kafka_bootstrap_servers=stage.broker.bootstrap, topic_prefix=stage.prefix, audit_share=0.2)
        request = SourceRequest(kind="kafka", name=settings.topic(RECEIVED), until=self.bounds)
        replay(Order(request, [stage.model], [0.5], [], output, shard=shard), settings, NOBODY)


@pytest.fixture(scope="module")
def history(kafka_bootstrap: str, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    """Simulated messages of every shape and fault, decided live; then more that nobody replays."""
    folder = tmp_path_factory.mktemp("history")
    stage = Stage(Broker("kafka", kafka_bootstrap), f"t{uuid.uuid4().hex[:8]}.", small_model, folder)
    try:
        source = filings(7, Shares(malformed=0.05, oversize=0.0), declarations())
        sent = [next(source) for _ in range(MESSAGES + LATER)]
        stage.send((message.key.decode(), message.value) for message in sent[:MESSAGES])
        worker = stage.worker(threshold=0.5, audit_share=0.2)
        stage.until_through()
        worker.stop()
        live = stage.decisions()
        whole = folder / "whole"
        before = History(stage, live, whole, {})
        done = codiflux(
            *("replay", "--from-kafka", "--threshold", 0.5, "--output", whole, "--json"), **before.environment
        )
        stage.send((message.key.decode(), message.value) for message in sent[MESSAGES:])
        yield replace(before, summary=last_object(done))
    finally:
        stage.close()


def rows(folder: Path) -> list[dict[str, Any]]:
    """All rows of an output, in order."""
    tables = [pq.read_table(path) for path in sorted((folder / "decisions").iterdir())]
    found: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return found


def content(folder: Path) -> dict[str, bytes]:
    """Every file of an output, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_live_decisions_of_a_range_are_the_replays_id_for_id(history: History) -> None:
    """Every live decision is in the replay and no other, with the same id, route, codes and audit."""
    live = {d["decision_id"]: d for d in history.live}
    replayed = {row["decision_id"]: row for row in rows(history.whole)}
    assert replayed.keys() == live.keys()
    assert len(live) > MESSAGES * 0.9
    for identity, row in replayed.items():
        decision = live[identity]
        for name in ("formality_id", "route", "stage", "reason", "code", "confidence_index", "threshold", "audit"):
            assert row[name] == decision[name], name
        assert row["model_version"] == decision["model_version"]
        place = (row["topic"], row["partition"], row["offset"])
        assert place == tuple(decision["source"][name] for name in ("topic", "partition", "offset"))
    assert {row["route"] for row in replayed.values()} == {"auto", "review", "returned"}


def test_what_the_worker_could_not_read_is_counted_by_the_same_reasons(history: History) -> None:
    """Dead letters by reason, live, are the replay's unreadable messages."""
    reasons: dict[str, int] = {}
    for message in history.stage.read(DEAD):
        reason = dict(message.headers())["codiflux-reason"].decode()
        reasons[reason] = reasons.get(reason, 0) + 1
    assert history.summary["counts"]["unreadable"] == reasons
    assert history.summary["counts"]["messages"] == MESSAGES
    [routes] = history.summary["routes"]
    for topic, route in ((AUTO, "auto"), (REVIEW, "review"), (RETURNED, "returned")):
        assert len(history.stage.read(topic)) == routes[route]


def test_processes_and_shards_change_no_byte(history: History, tmp_path: Path) -> None:
    """One process, two processes, and three shards that are merged, over a topic that has grown meanwhile."""
    one, two = tmp_path / "one", tmp_path / "two"
    history.replay(one)
    asked = ("--from-kafka", "--to", history.bounds, "--threshold", 0.5, "--output", two, "--processes", 2, "--json")
    last_object(codiflux("replay", *asked, **history.environment))
    assert content(two) == content(one)
    shards = [tmp_path / f"shard-{number}" for number in (1, 2, 3)]
    for number, folder in enumerate(shards):
        history.replay(folder, Shard(number, 3))
    merged = tmp_path / "merged"
    last_object(codiflux("replay", "merge", *reversed(shards), "--output", merged, "--json"))
    assert content(merged) == content(one)
    assert len(content(one)) >= history.stage.partitions + 1
    assert rows(one) != []


def archive(stage: Stage, root: Path, topics: Sequence[str]) -> Path:
    """What stands on topics as an archive has it: two batches a partition, some decisions twice."""
    for topic in topics:
        by_partition: dict[int, list[dict[str, Any]]] = {}
        for message in stage.read(topic):
            by_partition.setdefault(message.partition(), []).append(archived_row(topic, message))
        for partition, found in by_partition.items():
            half = len(found) // 2
            for part in (found[:half], found[half:]):
                if part:
                    write_batch(root, topic, partition, part)
    return root


def archived_row(topic: str, message: Message) -> dict[str, Any]:
    """A message in the columns of its topic."""
    row: dict[str, Any] = {
        "kafka_partition": message.partition(),
        "kafka_offset": message.offset(),
        "kafka_timestamp": datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        "kafka_key": message.key(),
        "kafka_headers": [],
    }
    if topic == RECEIVED:
        return row | {"value": message.value()}
    return row | Decision.model_validate_json(message.value()).model_dump()


def write_batch(root: Path, topic: str, partition: int, found: list[dict[str, Any]]) -> None:
    """One batch of consecutive offsets, a file for each date in it."""
    start, end = found[0]["kafka_offset"], found[-1]["kafka_offset"] + 1
    days = sorted({row["kafka_timestamp"].date() for row in found})
    for part, day in enumerate(days, start=1):
        rows = [row for row in found if row["kafka_timestamp"].date() == day]
        path = root / ArchiveFile(topic, day, partition, start, end, part, len(days)).path
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=archived(topic)), path, row_group_size=300)


def test_an_archive_gives_what_kafka_gives(history: History, tmp_path: Path) -> None:
    """Received messages byte for byte; decisions, some of them there twice, row for row but what was unreadable."""
    stage = history.stage
    received = archive(stage, tmp_path / "received", [RECEIVED])
    decided = archive(stage, tmp_path / "decided", [AUTO, REVIEW, RETURNED])
    copies = stage.read(REVIEW)[:40]
    for partition in {message.partition() for message in copies}:
        rows_again = [archived_row(REVIEW, message) for message in copies if message.partition() == partition]
        end = len([message for message in stage.read(REVIEW) if message.partition() == partition])
        for number, row in enumerate(rows_again):
            row["kafka_offset"] = end + number
        write_batch(decided, REVIEW, partition, rows_again)
    asked = ("--to", history.bounds, "--threshold", 0.5, "--json", "--output")
    last_object(codiflux("replay", "--from-archive", received, *asked, tmp_path / "r", **history.environment))
    parts = {name: data for name, data in content(tmp_path / "r").items() if name.startswith("decisions/")}
    assert parts == {name: data for name, data in content(history.whole).items() if name.startswith("decisions/")}
    summary = last_object(codiflux("replay", "--from-archive", decided, *asked, tmp_path / "d", **history.environment))
    assert rows(tmp_path / "d") == rows(history.whole)
    assert summary["counts"]["copies"] == 40


def test_a_replay_joins_no_group_and_commits_nothing(history: History) -> None:
    """The live group stands where the worker left it, before what came later."""
    assert sum(history.stage.committed().values()) == MESSAGES
    assert sum(history.stage.ends(RECEIVED).values()) == MESSAGES + LATER


def test_emitted_messages_say_so_and_their_decisions_too(history: History, tmp_path: Path) -> None:
    """Bytes, key and headers are the original's, with where it stood; a worker leaves the mark travelling."""
    stage = history.stage
    rehearsal = Stage(stage.broker, f"{stage.prefix}again.", stage.model, tmp_path)
    try:
        done = codiflux(
            *("replay", "--from-kafka", "--from", "0=10,1=10,2=10,3=10", "--to", "60", "--emit"),
            *(f"{rehearsal.prefix}{RECEIVED}", "--rate", 2_000, "--json"),
            **history.environment,
        )
        assert last_object(done)["sent"] == 200
        originals = {(m.partition(), m.offset()): m for m in stage.read(RECEIVED)}
        emitted = rehearsal.read(RECEIVED)
        assert len(emitted) == 200
        for message in emitted:
            topic, partition, offset = dict(message.headers())[REPLAY].decode().split("/")
            original = originals[int(partition), int(offset)]
            assert topic == stage.prefix + RECEIVED
            assert (message.key(), message.value()) == (original.key(), original.value())
        rehearsal.worker(threshold=0.5)
        rehearsal.until_through()
        for topic in (AUTO, REVIEW, RETURNED, DEAD):
            assert all(REPLAY in dict(message.headers()) for message in rehearsal.read(topic))
        assert len(rehearsal.decisions()) > 150
    finally:
        rehearsal.close()


def test_bad_bounds_and_topics_are_one_line_and_leave_nothing(history: History, tmp_path: Path) -> None:
    """An empty range, bounds the wrong way round, an unknown topic, a partition that is not there."""
    output = tmp_path / "out"

    settings = Settings(kafka_bootstrap_servers=history.stage.broker.bootstrap, topic_prefix=history.stage.prefix)
    received = settings.topic(RECEIVED)

    def refused(code: int, since: str | None, until: str | None = None, topic: str = received) -> str:
        request = SourceRequest(kind="kafka", name=topic, since=since, until=until)
        order = Order(request, [history.stage.model], [0.5], [], output)
        with pytest.raises(StreamError) as caught:
            replay(order, settings, NOBODY)
        assert caught.value.exit_code == code
        assert not output.exists()
        return str(caught.value)

    assert "no message in the range" in refused(2, "2031-01-01")
    assert "does not lie before" in refused(2, "2026-02-01", "2026-01-01")
    assert "does not lie before" in refused(2, "10", "0=5")
    assert "no topic nowhere" in refused(69, None, topic="nowhere")
    assert "no partition 9" in refused(2, "9=1")
    assert "neither a time" in refused(2, "yesterday")
    with pytest.raises(UsageError, match="must not become history"):
        emit(
            SourceRequest(kind="kafka", name=received), received, Pace(), settings, note=print, total=print, done=print
        )
    shard = codiflux("replay", "--from-kafka", "--output", output, "--shard", "1/2", **history.environment)
    assert "needs --to" in refusal(shard, 2)


def test_what_retention_ate_of_the_range_is_said(history: History, tmp_path: Path) -> None:
    """Records before an offset are deleted; a replay from the beginning counts them as lost."""
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    stage = Stage(history.stage.broker, f"{history.stage.prefix}old.", history.stage.model, tmp_path, partitions=1)
    try:
        stage.send_filings(50)
        admin = AdminClient({"bootstrap.servers": stage.broker.bootstrap})
        asked = [TopicPartition(stage.prefix + RECEIVED, 0, 20)]
        for future in admin.delete_records(asked).values():
            future.result(timeout=15)
        environment = history.environment | {"CODIFLUX_TOPIC_PREFIX": stage.prefix}
        done = codiflux("replay", "--from-kafka", "--from", "0", "--output", tmp_path / "o", "--json", **environment)
        summary = last_object(done)
        assert "retention has removed 20 offsets of the range" in done.stderr
        assert [(s["start"], s["end"], s["lost"]) for s in summary["source"]["stretches"]] == [(20, 50, 20)]
        assert summary["counts"]["filings"] == 30
        done = codiflux("replay", "--from-kafka", "--from", "2020-01-01", "--output", tmp_path / "p", **environment)
        assert "retention has removed what stood before offset 20" in done.stderr
        assert json.loads((tmp_path / "p" / "summary.json").read_text())["counts"]["filings"] == 30
        for since, until, why in (
            ("0", "20", "retention has removed 20 offsets of the range: nothing is left"),
            ("2020-01-01", "2021-01-01", "retention has removed what stood before offset 20; nothing is left"),
        ):
            asked = ("--from", since, "--to", until, "--output", tmp_path / "q")
            line = refusal(codiflux("replay", "--from-kafka", *asked, **environment), 2)
            assert "no message in the range: look at --from and --to; " in line
            assert why in line
    finally:
        stage.close()


def test_a_message_stamped_earlier_than_those_before_it_is_in_its_own_range(kafka_settings: Settings) -> None:
    """Two ranges that meet have every message once, and what comes after the end moves no plan."""
    create_topics(kafka_settings, partitions=2)
    topic = kafka_settings.topic(RECEIVED)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def write(minutes: Sequence[int]) -> None:
        producer = Producer({"bootstrap.servers": kafka_settings.kafka_bootstrap_servers})
        for minute in minutes:
            stamp = round((noon + timedelta(minutes=minute)).timestamp() * 1000)
            producer.produce(topic, key=f"{minute}", value=filing(f"m{minute}"), partition=0, timestamp=stamp)
        assert producer.flush(30) == 0

    def found(wanted: Range) -> list[str]:
        source = KafkaSource(kafka_settings, topic, wanted)
        units = source.read(source.plan().units)
        return [key for _, unit in units for key in unit.identity["formality_id"].to_pylist()]

    before, after = Range(until=Bound(instant=noon)), Range(since=Bound(instant=noon))
    write([-30, -20, 0, -10, 5, 50, -1, 59, 7])
    assert found(before) == ["m-30", "m-20", "m-10", "m-1"]
    assert found(after) == ["m0", "m5", "m50", "m59", "m7"]
    assert found(Range(Bound(instant=noon - timedelta(minutes=15)), Bound(instant=noon))) == ["m-10", "m-1"]
    plan = KafkaSource(kafka_settings, topic, before).plan()
    assert [(s.partition, s.start, s.end) for s in plan.summary.stretches] == [(0, 0, 7), (1, 0, 0)]
    margin = round(DISORDER.total_seconds() / 60)
    # Behind a message stamped the whole margin later nothing is looked for.
    write([10, 20, margin, -5])
    assert KafkaSource(kafka_settings, topic, before).plan() == plan
