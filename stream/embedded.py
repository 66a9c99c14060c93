"""Brokers without an installation: librdkafka's test broker and a private Redis.

For the demo and for tests, and it says so: the broker keeps 5 MB a partition and forgets the rest
without a word, makes topics on use, four partitions each, and lives and dies with this process.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stream.errors import StreamError
from stream.kafka.mock import MockBroker

REDIS_START_SECONDS = 5.0


@contextmanager
def embedded_broker(topics: Iterable[str]) -> Iterator[str]:
    """A test broker in this process with these topics; yields its `host:port`."""
    broker = MockBroker()
    try:
        for topic in topics:
            broker.make_topic(topic)
        yield broker.bootstrap_servers
    finally:
        broker.close()


@contextmanager
def private_redis() -> Iterator[str | None]:
    """A Redis of our own on a socket in a temporary folder; `None` where there is no redis-server."""
    program = shutil.which("redis-server")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="codiflux-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(socket, process)
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(socket: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + REDIS_START_SECONDS
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StreamError("redis-server is installed but did not start")
        time.sleep(0.02)
