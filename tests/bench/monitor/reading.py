"""One process that reads everything on the topics, as a plain loop or as the monitor does, and says what it cost.

Run as `python -m tests.bench.monitor.reading plain|monitor`, settings from the environment; prints
one JSON object. Cost is the process's CPU time, librdkafka's threads included.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from pydantic_core import from_json

from stream import bootstrap
from stream.kafka.admin import Cluster
from stream.kafka.configuration import client_configuration
from stream.kafka.merged import MergedConsumer
from stream.monitor.export import Exporter
from stream.monitor.reading import WATCHED
from stream.monitor.run import MOST
from stream.settings import Settings, read_settings

SILENCE_SECONDS = 60.0


def plain(settings: Settings, wanted: int) -> Callable[[], int]:
    """Fetch and parse, nothing else: what any monitor in Python would have to do."""
    names = [settings.topic(name) for name in WATCHED]
    consumer = Consumer(
        client_configuration(settings)
        | {"group.id": "plain", "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    )
    consumer.assign([TopicPartition(*place, offset) for place, offset in Cluster(settings).beginnings(names).items()])

    def read() -> int:
        found = 0
        for message in consumer.consume(MOST, timeout=0.2):
            if message.error() is None:
                from_json(message.value())
                found += 1
        return found

    return read


def monitor(settings: Settings, wanted: int) -> Callable[[], int]:
    """Everything the process does: merge, read, drift, join, accuracy, export, commit."""
    engine = bootstrap.make_monitor(settings)
    engine.resume([])
    exporter = Exporter(bootstrap.monitor_instruments(), engine, threshold=0.5)
    names = [settings.topic(name) for name in WATCHED]
    starts = Cluster(settings).beginnings(names)
    consumer = MergedConsumer(settings, group="bench", starts=starts, now=time.monotonic())
    due = {"export": 0.0, "commit": 0.0}

    def read() -> int:
        items = consumer.poll(MOST, 0.2)
        if items:
            exporter.taken(engine.take(items))
        # By its own time: where others use the core, the wall's would ask for more of them a message.
        now = time.process_time()
        if now >= due["export"]:
            exporter.export()
            due["export"] = time.process_time() + settings.monitor_export_seconds
        if now >= due["commit"]:
            engine.commit()
            due["commit"] = time.process_time() + settings.monitor_commit_seconds
        return len(items)

    return read


def main() -> None:
    """Read until all there was has been read."""
    # One core, shared by Python and librdkafka's threads.
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings(monitor_state=Path(folder) / "state.sqlite")
        wanted = sum(Cluster(settings).ends([settings.topic(name) for name in WATCHED]).values())
        read = {"plain": plain, "monitor": monitor}[sys.argv[1]](settings, wanted)
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        found, cpu, wall = 0, time.process_time(), time.monotonic()
        heard = wall
        while found < wanted:
            fetched = read()
            found += fetched
            heard = time.monotonic() if fetched else heard
            if time.monotonic() - heard > SILENCE_SECONDS:
                raise SystemExit(f"stands at {found} of {wanted}")
        figures = {"messages": found, "cpu_seconds": time.process_time() - cpu, "wall_seconds": time.monotonic() - wall}
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
