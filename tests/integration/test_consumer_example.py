"""The consumer of docs/consumers.md, run as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

PAGE = Path(__file__).resolve().parents[2] / "docs" / "consumers.md"
GOLDEN = Path(__file__).resolve().parents[1] / "contract" / "golden" / "v1" / "decision.review.json"
DEADLINE_SECONDS = 60


def example() -> str:
    """The one Python block of the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


def test_the_example_is_twenty_lines() -> None:
    """As short as the page promises, imports apart."""
    compile(example(), "consumers.md", "exec")
    assert len([line for line in example().splitlines() if line and not line.startswith(("import", "from"))]) <= 20


@pytest.mark.kafka
def test_the_example_shows_each_decision_once(kafka_bootstrap: str, topic_prefix: str) -> None:
    """Two copies of a decision on the review topic are shown as one, with its codes."""
    topic = f"{topic_prefix}formality.review"
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.create_topics([NewTopic(topic, num_partitions=1)])[topic].result(DEADLINE_SECONDS)
    producer = Producer({"bootstrap.servers": kafka_bootstrap})
    for value in (GOLDEN.read_bytes(), GOLDEN.read_bytes(), GOLDEN.read_bytes().replace(b"0b0b", b"0d0d")):
        producer.produce(topic, value, key=b"J00123456789/A1")
    assert producer.flush(DEADLINE_SECONDS) == 0
    environment = {**os.environ, "BOOTSTRAP": kafka_bootstrap, "PREFIX": topic_prefix}
    command = [sys.executable, "-c", example()]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        # A consumer that shows nothing would be waited for without end.
        deadline = threading.Timer(DEADLINE_SECONDS, process.kill)
        deadline.start()
        try:
            assert process.stdout is not None
            shown = [process.stdout.readline() for _ in range(2)]
        finally:
            deadline.cancel()
            process.kill()
    assert shown == ["J00123456789/A1 below_threshold ['5610C', '5610A']\n"] * 2
