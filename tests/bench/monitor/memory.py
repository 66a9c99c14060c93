"""How much memory a monitor takes while millions of messages pass: the process itself, on a real Kafka."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil

from monitoring import catalogue
from stream.cli.output import progress_bar
from stream.kafka.sender import sender_of
from stream.records import Outgoing
from stream.settings import Settings
from stream.topics import create_topics
from stream.watch.fetching import ask
from tests.bench.monitor.stream import Repeated, make_pool
from tests.ports import free_block

MEGABYTE = 1e6
LOOK = 20_000
AHEAD = 200_000
"""Messages that are written before the monitor has read them, at most: it is to catch up all the time."""
DEADLINE_SECONDS = 120.0
"""Within so long the monitor must have read what it was asked to wait for."""
ROW = 11


class Watched:
    """A monitor's process, and what it took."""

    def __init__(self, process: subprocess.Popen[bytes], address: str) -> None:
        self._process, self._address = process, address
        self._memory = psutil.Process(process.pid)
        self.curve: list[tuple[int, float]] = []

    def look(self) -> int:
        """Messages read so far; what the process takes now is noted."""
        if self._process.poll() is not None:
            raise SystemExit(f"the monitor ended with exit code {self._process.returncode}")
        name = catalogue.MONITOR_MESSAGES.name
        read = int(sum(sample.value for sample in ask(self._address).samples if sample.name == name))
        self.curve.append((read, self._memory.memory_info().rss / MEGABYTE))
        return read

    def until(self, wanted: int) -> None:
        """Wait until it has read so many."""
        read, heard = 0, time.monotonic()
        while (now := self.look()) < wanted:
            heard = time.monotonic() if now > read else heard
            if time.monotonic() - heard > DEADLINE_SECONDS:
                raise SystemExit(f"the monitor stands at {now} of {wanted}")
            read = now
            time.sleep(0.5)

    def peak(self) -> float:
        """The most it ever took, as the kernel noted it, megabytes."""
        status = Path(f"/proc/{self._memory.pid}/status")
        if not status.exists():
            return max(rss for _, rss in self.curve)
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / MEGABYTE


def memory(settings: Settings, messages: int, pool: int, folder: Path) -> dict[str, Any]:
    """Resident memory of `codiflux monitor` while it reads what is written meanwhile.

    Parameters
    ----------
    pool
        Different filings, written over and over; more than the monitor remembers texts of.
    """
    create_topics(settings, partitions=4, replication=1)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as other:
        repeated = Repeated(other.submit(make_pool, settings.model, pool).result())
    state, refused = folder / "state.sqlite", list[str]()
    with _monitor(settings, state) as watched:
        watched.until(0)
        with (
            progress_bar("messages", messages) as bar,
            sender_of(
                settings, lambda _, fate: refused.append(fate.error) if fate.error else None, linger_milliseconds=20
            ) as to,
        ):
            for number, message in enumerate(repeated.messages(messages)):
                to.post(Outgoing(settings.topic(message.topic), message.key, message.value))
                if number % LOOK == 0:
                    bar.advance(0, LOOK)
                    watched.until(number - AHEAD)
        if refused:
            raise SystemExit(f"the broker did not take the messages: {refused[0]}")
        watched.until(messages)
        curve, peak = watched.curve, watched.peak()
    settled = [(read, rss) for read, rss in curve if read >= messages // 5]
    return {
        "messages": curve[-1][0],
        "different_texts": pool,
        "at_the_start_megabytes": round(curve[0][1]),
        "peak_megabytes": round(peak),
        "from_a_fifth_to_the_end_megabytes": [round(settled[0][1]), round(settled[-1][1])],
        "state_on_disk_megabytes": round(state.stat().st_size / MEGABYTE),
        "curve": [(read, round(rss)) for read, rss in curve[:: max(1, len(curve) // ROW)]],
    }


@contextmanager
def _monitor(settings: Settings, state: Path) -> Iterator[Watched]:
    port = free_block()
    environment = {
        "CODIFLUX_KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "CODIFLUX_TOPIC_PREFIX": settings.topic_prefix,
        "CODIFLUX_MODEL": str(settings.model),
    }
    command = [sys.executable, "-m", "stream.cli", "monitor", "--state", str(state), "--metrics-port", str(port)]
    process = subprocess.Popen(command, env=os.environ | environment)
    address = f"127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while ask(address).problem is not None and process.poll() is None:
            if time.monotonic() > deadline:
                raise SystemExit("the monitor does not answer")
            time.sleep(0.1)
        yield Watched(process, address)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
