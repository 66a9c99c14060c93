"""What is wrong with a message is a dead letter; what is wrong beyond measure opens the breaker."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)

from tests.contract.stage import AUTO, DEAD, RECEIVED, RETURNED, REVIEW, TEXTS, Stage, filing, until
from tests.ports import free_block

POISON: list[tuple[bytes | None, str]] = [
    (b"\xff\xfe\x00", "not_utf8"),
    (b"{'formality_id': 1}", "not_json"),
    (b'{"hello": "world"}', "not_a_formality"),
    (b'{"formality_id": "p", "received_at": "2026-03-02T09:00:00Z"}', "missing_field"),
    (b"[" * 100_000, "not_json"),
    (None, "empty_message"),
    (b"", "empty_message"),
]


def _counter_filing(identity: str, activities: int) -> bytes:
    """A one-stop-counter body with several activities."""
    described = [{"activiteId": f"a{n}", "descriptionDetaillee": TEXTS[n % len(TEXTS)]} for n in range(activities)]
    content = {"personnePhysique": {"etablissementPrincipal": {"activites": described}}}
    return json.dumps({"formality": {"id": identity, "content": content}}).encode()


def test_poison_among_good_filings_is_dead_lettered_with_its_bytes_key_and_headers(stage: Stage) -> None:
    """Each bad message is on the dead letters as it came, with its provenance; the good ones are decided."""
    own = [("traceparent", b"00-ab-cd-01"), ("mine", b"\x00\xff"), ("mark", None), ("empty", b"")]
    for number, (value, _) in enumerate(POISON):
        stage.send_filings(20, start=20 * number)
        stage.send([(f"poison-{number}", value)], headers=own)
    stage.worker().until_ready()
    stage.until_through()
    letters = {message.key(): message for message in stage.read(DEAD)}
    assert len(letters) == len(stage.read(DEAD)) == len(POISON)
    assert len({d["formality_id"] for d in stage.decisions()}) == 20 * len(POISON)
    sources = {message.key(): message for message in stage.read(RECEIVED)}
    for number, (value, reason) in enumerate(POISON):
        key = f"poison-{number}".encode()
        letter, headers = letters[key], dict(letters[key].headers())
        assert letter.value() == value
        assert letter.headers()[: len(own)] == own
        assert headers["codiflux-reason"].decode() == reason
        place = (stage.prefix + RECEIVED, str(sources[key].partition()), str(sources[key].offset()))
        names = ("codiflux-original-topic", "codiflux-original-partition", "codiflux-original-offset")
        assert tuple(headers[name].decode() for name in names) == place
        assert headers["codiflux-attempt"] == b"1"


def test_a_message_over_the_limit_is_dead_lettered_whole(stage: Stage) -> None:
    """Larger than a filing may be, smaller than the broker's limit: `too_large`, every byte kept."""
    large = b'{"formality_id": "' + b"x" * 999_990 + b'"}'
    stage.send([("large", large)], **{"message.max.bytes": 2_000_000})
    stage.send_filings(5)
    stage.worker().until_ready()
    stage.until_through()
    (letter,) = stage.read(DEAD)
    assert letter.value() == large
    assert dict(letter.headers())["codiflux-reason"] == b"too_large"
    assert len(stage.decisions()) == 5


def test_a_decision_the_broker_finds_too_large_becomes_a_dead_letter(stage: Stage, embedded_cannot: Any) -> None:
    """The outputs' limit is below the decision's size: the filing is dead-lettered, the others go on."""
    embedded_cannot("the embedded broker has no size limit on a topic")
    assert stage.broker.kind == "real"
    worker = stage.worker().until_ready()
    admin = AdminClient({"bootstrap.servers": stage.broker.bootstrap})
    entry = ConfigEntry("max.message.bytes", "2500", incremental_operation=AlterConfigOpType.SET)
    for topic in (AUTO, REVIEW, RETURNED):
        resource = ConfigResource(ConfigResource.Type.TOPIC, stage.prefix + topic, incremental_configs=[entry])
        for future in admin.incremental_alter_configs([resource]).values():
            future.result(15)
    long_text = filing("long", description_activity="plombier " * 200)
    stage.send([("long", long_text)])
    stage.send_filings(5)
    stage.until_through()
    (letter,) = stage.read(DEAD)
    assert letter.value() == long_text
    assert dict(letter.headers())["codiflux-reason"] == b"decision_too_large"
    assert worker.process.poll() is None
    assert len(stage.decisions()) == 5


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_compressed_messages_are_read(stage: Stage, codec: str, request: pytest.FixtureRequest) -> None:
    """Whatever compression a producer chose, its filings are decided."""
    identities = [f"c-{number}" for number in range(200)]
    stage.send(((i, filing(i, n)) for n, i in enumerate(identities)), **{"compression.type": codec, "linger.ms": 50})
    stage.worker().until_ready()
    stage.until_through(seconds=20)
    assert {d["formality_id"] for d in stage.decisions()} == set(identities)


def test_a_flood_of_garbage_opens_the_breaker_and_leaves_the_source_uncommitted(stage: Stage) -> None:
    """Exit 65 with one line; nothing of the flood is committed, and the source is as it was."""
    stage.send(((f"g-{n}", b"garbage %d" % n) for n in range(600)), partition=2)
    worker = stage.worker(dead_letter_max_consecutive=50, batch_size=100)
    assert worker.ended() == 65
    assert "circuit breaker open: 50 dead letters in a row" in worker.text()
    assert stage.committed() == dict.fromkeys(range(stage.partitions), 0)
    assert not stage.read(DEAD)
    assert len(stage.read(RECEIVED)) == 600


def test_each_activity_of_a_one_stop_counter_filing_is_decided(stage: Stage) -> None:
    """One message, three activities: three decisions with identities of their own."""
    stage.send([("g", _counter_filing("ABC", 3))])
    stage.worker().until_ready()
    stage.until_through()
    assert len({d["formality_id"] for d in stage.decisions()}) == 3
    assert not stage.read(DEAD)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis of this test's own, on a socket."""
    program = shutil.which("redis-server")
    if program is None:
        from tests.conftest import missing

        missing("no redis-server")
    socket = tmp_path / "redis.sock"
    process = subprocess.Popen(
        [str(program), "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path)],
        stdout=subprocess.DEVNULL,
    )
    until(socket.exists, "Redis answers")
    yield f"unix://{socket}", process
    process.kill()
    process.wait()


@pytest.mark.redis
def test_redis_killed_in_the_middle_costs_warnings_and_no_filing(
    stage: Stage, redis_server: tuple[str, subprocess.Popen[bytes]]
) -> None:
    """Redis dies while filings stream: every filing is decided, and the trouble is counted."""
    url, redis = redis_server
    port = free_block()
    identities = stage.send_filings(2_000)
    worker = stage.worker(redis_url=url, batch_size=50, metrics_port=port).until_ready()
    until(lambda: stage.decisions(), "the first decisions")
    redis.kill()
    identities += stage.send_filings(2_000, start=2_000)
    stage.until_through()
    assert {d["formality_id"] for d in stage.decisions()} == set(identities)
    assert "redis_unavailable" in worker.text()
    _, metrics = _get(port, "/metrics")
    counted = [line for line in metrics.splitlines() if line.startswith("codiflux_redis_errors_total{")]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in counted) > 0


@pytest.mark.redis
def test_a_redelivered_filing_is_suppressed_when_redis_remembers_it(
    stage: Stage, redis_server: tuple[str, subprocess.Popen[bytes]], embedded_cannot: Any
) -> None:
    """With Redis up, a group set back writes nothing twice, and commits what it did not write."""
    embedded_cannot("the embedded broker takes commits from members of the group only")
    url, _ = redis_server
    stage.send_filings(300)
    first = stage.worker(redis_url=url).until_ready()
    stage.until_through()
    assert first.stop() == 0
    stage.commit(dict.fromkeys(range(stage.partitions), 0))
    stage.worker(redis_url=url).until_ready()
    stage.until_through()
    # Redis only helps: on a machine so busy that it missed its 50 ms the copies are there, and equal.
    helped = all("redis_unavailable" not in worker.text() for worker in stage.workers)
    assert len(stage.decisions()) == 300 or not helped
    assert len({d["decision_id"] for d in stage.decisions()}) == 300


def _get(port: int, path: str) -> tuple[int, str]:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
