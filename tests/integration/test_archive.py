"""`codiflux archive` on a real Kafka: every offset once, readable by others, and what stops it in one line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from monitoring import catalogue as c
from monitoring.scraped import Scrape, parse
from schemas import topics
from stream.archive.reading import read_rows
from stream.archive.run import Totals, run_archive
from stream.archive.stores import open_store
from stream.archive.verification import verify
from stream.errors import BrokerUnavailable, UsageError
from stream.kafka.admin import Cluster
from stream.kafka.reader import read_topics
from stream.kafka.sender import sender_of
from stream.records import Outgoing
from stream.settings import Settings
from stream.topics import create_topics
from tests.integration.command_line import codiflux, last_object, refusal
from tests.ports import free_block
from tests.unit.archive.fields import decision

pytestmark = pytest.mark.kafka
PARTITIONS = 2
README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
PATIENCE_SECONDS = 60.0


@pytest.fixture
def settings(kafka_settings: Settings) -> Settings:
    """Topics are made, nothing is on them."""
    create_topics(kafka_settings, partitions=PARTITIONS)
    return kafka_settings


def environment(settings: Settings) -> dict[str, str]:
    return {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": settings.topic_prefix,
    }


def write(settings: Settings, first: int, count: int, topic: str = topics.REVIEW) -> None:
    with sender_of(settings, lambda _, fate: None) as sender:
        for number in range(first, first + count):
            sender.post(Outgoing(settings.topic(topic), b"J%06d/A1" % number, decision(number), [("ce_id", b"x")]))


def run(settings: Settings, folder: Path) -> Totals:
    """The archiving process, here and until nothing more stands on the topics."""
    return run_archive(settings.model_copy(update={"archive_output": str(folder)}), once=True)


def archived(folder: Path, topic: str = topics.REVIEW) -> dict[int, list[int]]:
    """Offsets by partition, as a reader finds them."""
    found: dict[int, list[int]] = defaultdict(list)
    for batch in read_rows(open_store(str(folder)), topic, columns=["kafka_partition", "kafka_offset"]):
        for row in batch.to_pylist():
            found[row["kafka_partition"]].append(row["kafka_offset"])
    return found


def on_the_topic(settings: Settings, topic: str = topics.REVIEW) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for record in read_topics(settings, [settings.topic(topic)]):
        found[record.partition].append(record.offset)
    return found


def test_an_archive_has_every_offset_once_and_others_read_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runs and a compaction; then the README's three: DuckDB, pandas, polars."""
    folder = tmp_path / "archive"
    write(settings, 0, 300)
    write(settings, 300, 100, topics.AUTO_CODED)
    write(settings, 0, 5, topics.RECEIVED)
    first = last_object(
        codiflux("archive", "--output", folder, "--once", "--json", "--received", **environment(settings))
    )
    assert first["messages"] == {topics.REVIEW: 300, topics.AUTO_CODED: 100, topics.RECEIVED: 5}
    write(settings, 400, 50)
    assert run(settings, folder).messages == {topics.REVIEW: 50}
    assert archived(folder) == on_the_topic(settings)
    merged = last_object(codiflux("archive", "compact", "--output", folder, "--json"))
    assert merged["files_after"] < merged["files_before"]
    assert last_object(codiflux("archive", "forget", "J000003", "--output", folder, "--json"))["rows"] == 2
    assert [proof.faults for proof in verify(open_store(str(folder))) if proof.faults] == []
    monkeypatch.chdir(tmp_path)
    counts = {}
    for tool in ("duckdb", "pandas", "polars"):
        [code] = re.findall(rf"```python\n(import {tool}\b.*?)```", README, re.DOTALL)
        names: dict[str, object] = {}
        exec(code, names)
        counts[tool] = names["routes"]
    assert counts["duckdb"] == counts["pandas"] == counts["polars"] == {topics.REVIEW: 349, topics.AUTO_CODED: 100}


def scrape(port: int) -> Scrape:
    """What a process says of itself at this moment."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return Scrape([parse(answer.read().decode())])


def test_sigterm_writes_what_is_gathered(settings: Settings, tmp_path: Path) -> None:
    """Nothing was due yet; exit code 0 within the patience of an orchestrator, and health said what is so."""
    folder, health, port = tmp_path / "archive", tmp_path / "health", free_block()
    write(settings, 0, 100)
    extra = {"CODIFLUX_HEALTH_FILE": str(health), "CODIFLUX_METRICS_PORT": str(port), "CODIFLUX_LOG_LEVEL": "DEBUG"}
    process = subprocess.Popen(
        [sys.executable, "-m", "stream.cli", "archive", "--output", str(folder), "--json"],
        env={**os.environ, **environment(settings), **extra},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (health.exists() and json.loads(health.read_text())["ready"]):
            assert time.monotonic() < deadline, "not ready"
            time.sleep(0.05)
        while (said := scrape(port)).total(c.ARCHIVE_GATHERED) == 0.0 or said.total(c.ARCHIVE_LAG) < 100.0:
            assert time.monotonic() < deadline, (said.total(c.ARCHIVE_GATHERED), said.total(c.ARCHIVE_LAG))
            time.sleep(0.05)
        assert said.total(c.ARCHIVE_LAG, topic=topics.REVIEW) == 100.0
        assert (said.total(c.LIVE), said.total(c.READY), said.total(c.ARCHIVED)) == (1.0, 1.0, 0.0)
        assert said.total(c.ARCHIVE_OLDEST) > 0.0
        write(settings, 100, 50)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    written = json.loads(output.splitlines()[-1])["messages"].get(topics.REVIEW, 0)
    found = archived(folder)
    assert sum(map(len, found.values())) == written
    assert all(offsets == list(range(len(offsets))) for offsets in found.values())
    run(settings, folder)
    assert archived(folder) == on_the_topic(settings)


def test_transactions_and_retention_are_explained(settings: Settings, tmp_path: Path) -> None:
    """Markers and messages given up have no row; what retention took before us is lost and said."""
    folder, name = tmp_path / "archive", settings.topic(topics.REVIEW)
    producer = Producer(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "transactional.id": f"{settings.topic_prefix}t"}
    )
    producer.init_transactions()
    for end in (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction):
        producer.begin_transaction()
        for number in range(5):
            producer.produce(name, decision(number), b"k", partition=0)
        producer.flush()
        end()
    run(settings, folder)
    [proof] = verify(open_store(str(folder)))
    # The marker of the last transaction is accounted for when something follows it.
    assert (proof.rows, proof.end, proof.absent, proof.faults) == (10, 17, {"no message": 7}, [])
    for _ in range(2):
        producer.begin_transaction()
        producer.produce(name, decision(9), b"k", partition=0)
        producer.commit_transaction()
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    for future in admin.delete_records([TopicPartition(name, 0, 20)]).values():
        future.result()
    assert run(settings, folder).lost == 3
    [proof] = verify(open_store(str(folder)))
    assert (proof.rows, proof.absent, proof.faults) == (11, {"no message": 7, "retention": 3}, [])


def test_what_is_wrong_with_the_world_is_one_line(settings: Settings, tmp_path: Path) -> None:
    """A scheme, a folder of someone else's, no topics; nothing is left behind."""
    (tmp_path / "x.txt").write_text("x")
    done = codiflux("archive", "--output", "ftp://x/y", **environment(settings))
    assert "not a place for an archive" in refusal(done, 2)
    with pytest.raises(UsageError, match="has other files in it"):
        run(settings, tmp_path)
    with pytest.raises(BrokerUnavailable, match="topics create"):
        run(settings.model_copy(update={"topic_prefix": "nowhere."}), tmp_path / "archive")
    assert [path.name for path in tmp_path.iterdir()] == ["x.txt"]


def test_another_clusters_archive_is_refused(settings: Settings, tmp_path: Path) -> None:
    """The file at the root knows whose it is."""
    marker = tmp_path / "_codiflux-archive.json"
    marker.write_text(json.dumps({"format": 1, "topic_prefix": settings.topic_prefix, "cluster": "another"}))
    with pytest.raises(UsageError, match="is the archive of Kafka cluster 'another'"):
        run(settings, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [marker.name]
    assert Cluster(settings).identity not in {"", "another"}
