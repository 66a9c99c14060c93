"""Filings of every kind, and workers that are killed, put to sleep, joined and left at random."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.contract.stage import TEXTS, Stage, Worker, filing, until

SESSION_SECONDS = 3
"""The least that infra/kafka allows: a killed worker's partitions are soon another's."""
STRIKES = {"kill": 5, "leave": 2, "join": 2, "sleep": 2}
"""What is done to a worker, and how often in comparison."""
PORTION_SECONDS = 0.25
"""At least, between two portions: fast workers would be through before much could be done to them."""
MENDABLE = {69, 70, 75}
"""Exit codes after which the supervisor starts a worker again."""


def mixed_filings(count: int, chance: random.Random) -> Iterator[tuple[str, bytes, list[str]]]:
    """Messages until they hold `count` filings: (key, value, identity of each filing in it).

    About 3 % cannot be read, 5 % have a text that codes nothing, 3 % are one-stop-counter filings
    with two to four activities.
    """
    made = 0
    while made < count:
        key = f"x-{made:06d}"
        draw = chance.random()
        if draw < 0.03:
            value, identities = chance.choice([b"\xff\xfe", b"{", b"[]", b'{"formality_id": "z"}']), [key]
        elif draw < 0.08:
            text = chance.choice(["idem", "voir kbis", "neant", "...", "4711"])
            value, identities = filing(key, description_activity=text), [key]
        elif draw < 0.11:
            activities = chance.randint(2, 4)
            value = _counter_filing(key, activities)
            identities = [f"{key}/a{n}" for n in range(activities)]
        else:
            value, identities = filing(key, chance.randrange(10_000)), [key]
        made += len(identities)
        yield key, value, identities


def _counter_filing(identity: str, activities: int) -> bytes:
    described = [{"activiteId": f"a{n}", "descriptionDetaillee": TEXTS[n % len(TEXTS)]} for n in range(activities)]
    content = {"personnePhysique": {"etablissementPrincipal": {"activites": described}}}
    return json.dumps({"formality": {"id": identity, "content": content}}).encode()


class Disorder:
    """Some workers, and what is done to them.

    Parameters
    ----------
    command
        What runs as a worker: the product, or a mutant of it.
    """

    def __init__(
        self,
        stage: Stage,
        chance: random.Random,
        *,
        workers: int,
        command: Sequence[str] | None,
        strikes: Mapping[str, int],
    ) -> None:
        self._stage, self._chance, self._command, self._strikes = stage, chance, command, strikes
        self.done: Counter[str] = Counter()
        self._asleep: dict[Worker, float] = {}
        self.workers = [self._new() for _ in range(workers)]

    def _new(self) -> Worker:
        return self._stage.worker(
            command=self._command,
            batch_size=self._chance.choice([20, 60, 200]),
            in_flight_batches=self._chance.choice([1, 4]),
            commit_interval_seconds=self._chance.choice([0.1, 0.5]),
            session_timeout_seconds=SESSION_SECONDS,
            audit_share=0.2,
            threshold=0.06,
        )

    def strike(self) -> None:
        """Do one thing to one of them."""
        awake = [worker for worker in self.workers if worker not in self._asleep]
        worker = self._chance.choice(awake)
        what = self._chance.choices(list(self._strikes), list(self._strikes.values()))[0]
        if what == "kill":
            worker.kill()
            self._replace(worker)
        elif what == "leave":
            worker.signal(signal.SIGTERM)
            self._replace(worker)
        elif what == "join":
            self.workers.append(self._new())
            while len(self.workers) > 4:
                self.workers.pop(0).signal(signal.SIGTERM)
        elif len(self._asleep) < 1:
            worker.signal(signal.SIGSTOP)
            self._asleep[worker] = time.monotonic() + SESSION_SECONDS + 2
        self.done[what] += 1

    def _replace(self, worker: Worker) -> None:
        self.workers[self.workers.index(worker)] = self._new()

    def tend(self) -> None:
        """Wake who has slept enough and start again what ended, as a supervisor does."""
        for worker, until_then in list(self._asleep.items()):
            if time.monotonic() >= until_then:
                worker.signal(signal.SIGCONT)
                del self._asleep[worker]
        for worker in list(self.workers):
            code = worker.process.poll()
            if code is not None:
                assert code in MENDABLE or code == 0, f"exit code {code}:\n{worker.text()[-3000:]}"
                self._replace(worker)
                self.done["restart"] += 1

    def calm(self) -> None:
        """Wake everyone; no more strikes."""
        for worker in self._asleep:
            worker.signal(signal.SIGCONT)
        self._asleep.clear()


def run_chaos(
    stage: Stage,
    *,
    filings: int,
    seed: int,
    workers: int = 3,
    ahead: int = 2_500,
    strikes: Mapping[str, int] = STRIKES,
    command: Sequence[str] | None = None,
    strike_every_seconds: float = 3.0,
    restart_broker: Callable[[], None] | None = None,
    through_seconds: float = 90,
) -> tuple[set[str], Counter[str]]:
    """Send filings in portions while workers are struck; returns identities and what was done."""
    chance = random.Random(seed)
    expected: set[str] = set()
    disorder = Disorder(stage, chance, workers=workers, command=command, strikes=strikes)
    messages = list(mixed_filings(filings, chance))
    portions = [messages[start : start + 150] for start in range(0, len(messages), 150)]
    sent = 0
    next_strike = time.monotonic() + 4
    restart_at = len(portions) // 2
    for number, portion in enumerate(portions):
        paced = time.monotonic() + PORTION_SECONDS
        stage.send((key, value) for key, value, _ in portion)
        expected |= {identity for _, _, identities in portion for identity in identities}
        sent += len(portion)
        if sent <= ahead:
            continue

        def breathing(sent: int = sent, paced: float = paced) -> bool:
            nonlocal next_strike
            disorder.tend()
            if time.monotonic() >= next_strike:
                disorder.strike()
                next_strike = time.monotonic() + strike_every_seconds * chance.uniform(0.5, 1.5)
            return time.monotonic() >= paced and sent - _committed(stage) < ahead

        until(breathing, "the group keeps up", seconds=120)
        if restart_broker is not None and number == restart_at:
            restart_broker()
            disorder.done["broker restart"] += 1
    disorder.calm()

    def through() -> bool:
        disorder.tend()
        return stage.through()

    until(through, "all is committed", seconds=through_seconds)
    rebalances: Any = sum(worker.text().count("it is rebalancing") for worker in stage.workers)
    disorder.done["heartbeats that met a rebalance"] += rebalances
    return expected, disorder.done


def _committed(stage: Stage) -> int:
    return sum(stage.committed().values())
