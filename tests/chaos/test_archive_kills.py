"""The archive under SIGKILL at random moments, while the topics grow and files are compacted."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from stream.archive.compaction import compact
from stream.archive.home import open_archive
from stream.archive.run import run_archive
from stream.archive.verification import verify
from stream.kafka.admin import Cluster
from stream.kafka.sender import sender_of
from stream.records import Outgoing
from stream.settings import Settings
from stream.topics import create_topics
from tests.conftest import OwnKafka
from tests.unit.archive.fields import decision

pytestmark = [pytest.mark.kafka, pytest.mark.chaos]
KILLS = 4
MESSAGES = 1_000
"""Written before each start."""
START_SECONDS = 60.0
LONGEST_LIFE_SECONDS = 0.5
"""From the first file on; files are due after a hundredth of it."""
Row = tuple[int, int, str]
"""Partition, offset, formality id."""


@pytest.fixture
def settings(own_kafka: OwnKafka, tmp_path: Path) -> Settings:
    prefix = f"chaos{os.getpid()}."
    made = Settings(
        kafka_bootstrap_servers=own_kafka.bootstrap, topic_prefix=prefix, archive_output=str(tmp_path / "archive")
    )
    create_topics(made, partitions=3)
    return made


def write(settings: Settings, first: int) -> None:
    with sender_of(settings, lambda _, fate: None) as sender:
        for number in range(first, first + MESSAGES):
            sender.post(Outgoing(settings.topic(topics.REVIEW), b"J%06d/A1" % number, decision(number)))


def counted(settings: Settings) -> Counter[Row]:
    """What stands on the topic, by a plain consumer and the standard library."""
    name = settings.topic(topics.REVIEW)
    ends = Cluster(settings).ends([name])
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "group.id": "recount",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.assign([TopicPartition(name, partition, 0) for _, partition in ends])
    found: Counter[Row] = Counter()
    while found.total() < sum(ends.values()):
        for message in consumer.consume(1_000, timeout=1.0):
            found[message.partition(), message.offset(), json.loads(message.value())["formality_id"]] += 1
    consumer.close()
    return found


def in_files(folder: Path) -> Counter[Row]:
    """What stands in every file of the folder, leftovers too, without our reader."""
    found: Counter[Row] = Counter()
    for path in folder.glob("topic=formality.review/*/*.parquet"):
        table = pq.ParquetFile(path).read(columns=["kafka_partition", "kafka_offset", "formality_id"])
        found.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return found


@contextmanager
def archiving(settings: Settings, number: int) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own: nothing but the files can tell it where to go on."""
    environment = {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": settings.topic_prefix,
        "CODIFLUX_ARCHIVE_OUTPUT": settings.archive_output,
        "CODIFLUX_ARCHIVE_GROUP": f"archive-{number}",
        "CODIFLUX_ARCHIVE_FLUSH_SECONDS": "0.01",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "stream.cli", "archive"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def files(folder: Path) -> int:
    return sum(1 for _ in folder.glob("topic=formality.review/*/*"))


def test_killed_at_random_every_offset_is_in_the_archive_exactly_once(settings: Settings) -> None:
    """Four kills, each in another moment of the writing, with a compaction after some of them."""
    folder = Path(settings.archive_output)
    chance = random.Random(20_261_128)
    for number in range(KILLS):
        write(settings, number * MESSAGES)
        before = files(folder)
        with archiving(settings, number) as process:
            deadline = time.monotonic() + START_SECONDS
            while files(folder) <= before:
                assert process.poll() is None, f"ended by itself with {process.returncode}"
                assert time.monotonic() < deadline, "no file was written"
                time.sleep(0.002)
            time.sleep(chance.uniform(0.0, LONGEST_LIFE_SECONDS))
            if number % 2:
                compact(open_archive(settings.archive_output))
            process.send_signal(signal.SIGKILL)
            process.wait()
    run_archive(settings.model_copy(update={"archive_group": "archive-last"}), once=True)
    store = open_archive(settings.archive_output)
    assert [proof.faults for proof in verify(store)] == [[], [], []]
    compact(store)
    expected = counted(settings)
    assert expected.total() == KILLS * MESSAGES
    assert in_files(folder) == expected
