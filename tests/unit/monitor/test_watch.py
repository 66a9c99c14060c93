"""`codiflux watch`: metrics as another process exposes them become what a person wants to know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.console import Console

from monitoring import catalogue as c
from monitoring.instruments import Instruments
from monitoring.scraped import parse, quantile
from stream.bootstrap import monitor_instruments
from stream.errors import UsageError
from stream.exposition import HealthServer
from stream.watch.fetching import Answer, ask, url_of
from stream.watch.screen import screen
from stream.watch.snapshot import snapshot
from tests.integration.command_line import codiflux, refusal

NOW = 1_800_000_000.0


def worker(*, auto: int, seconds: float) -> Instruments:
    """A worker that has coded so many filings, each within that time."""
    made = Instruments(c.WORKER_METRICS)
    made.add(c.FILINGS, auto, route="auto", stage="model")
    made.add(c.DEAD_LETTERS, 2, reason="not_json")
    made.observe(c.LATENCY, [seconds] * auto)
    made.set(c.LAG_MESSAGES, 7, partition="0")
    made.set(c.LAG_SECONDS, 1.5)
    made.set(c.LIVE, 1)
    made.set(c.MODEL_INFO, 1, model_version="model-a", policy_version="p", nomenclature="naf-rev2")
    return made


def monitor() -> Instruments:
    """A monitor with one drift, one quiet signal and one accuracy."""
    made = monitor_instruments()
    made.replace(c.DRIFT_STATE, {("nature", "model-a"): 2.0, ("route", "model-a"): 0.0})
    place = ("nature", "model-a", "500_filings", "baseline")
    made.replace(c.DRIFT_DISTANCE, {(*place, "hellinger"): 0.4, (*place, "psi"): 9.0})
    made.replace(c.DRIFT_FLOOR, {(*place, "hellinger"): 0.1, (*place, "psi"): 1.0})
    made.replace(c.DRIFT_SINCE, {("nature", "model-a"): NOW - 3_600.0})
    made.replace(c.DRIFT_CONTRIBUTION, {("nature", "F"): 0.75})
    for spec, value in (
        (c.ACCURACY, 0.9),
        (c.ACCURACY_LOWER, 0.85),
        (c.ACCURACY_UPPER, 0.94),
        (c.ACCURACY_LABELS, 200.0),
    ):
        made.replace(spec, {("auto", "5", "model-a", "720_hours"): value, ("auto", "1", "model-a", "720_hours"): 1.0})
    made.replace(c.EXPECTED_ACCURACY, {("auto", "model-a", "720_hours"): 0.92})
    made.set(c.REVIEW_QUEUE, 12)
    made.set(c.MONITOR_PROGRESS, NOW - 2.0)
    made.set(c.MONITOR_LIVE, 1)
    return made


def served(instruments: Instruments) -> HealthServer:
    return HealthServer("127.0.0.1", 0, metrics=instruments.wsgi_app(), live=lambda: True, ready=lambda: True)


@pytest.fixture
def answers() -> Iterator[list[Answer]]:
    """What a worker and a monitor say over HTTP."""
    servers = [served(worker(auto=30, seconds=0.003)), served(monitor())]
    yield [ask(f"127.0.0.1:{server.port}") for server in servers]
    for server in servers:
        server.close()


def test_two_looks_give_rates_routes_latency_lag_and_drift(answers: list[Answer]) -> None:
    """Thirty filings in two seconds, one signal drifted."""
    seen = snapshot([Answer("worker"), Answer("monitor")], answers, seconds=2.0, now=NOW)
    assert (seen.rate, seen.filings, seen.routes, seen.dead_letters) == (15.0, 30, {"auto": 30}, {"not_json": 2})
    assert seen.latency_seconds["p50"] == pytest.approx(0.003)
    assert (seen.lag_messages, seen.lag_seconds, seen.review_queue, seen.live) == (7, 1.5, 12, True)
    assert [(s.signal, s.state) for s in seen.signals] == [("nature", "drifted"), ("route", "quiet")]
    assert (seen.signals[0].distance, seen.signals[0].floor, seen.signals[0].branches) == (0.4, 0.1, {"F": 0.75})
    (accuracy,) = seen.accuracy
    assert (accuracy.share, accuracy.lower, accuracy.upper, accuracy.labels, accuracy.expected) == (
        0.9,
        0.85,
        0.94,
        200,
        0.92,
    )


def test_the_screen_shows_what_the_snapshot_says(answers: list[Answer]) -> None:
    """Nothing that matters is left out of the terminal."""
    console = Console(width=160, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(screen(snapshot(answers, answers, seconds=2.0, now=NOW)))
    shown = capture.get()
    for words in (
        "all live",
        "not_json 2",
        "p50",
        "nature",
        "drifted",
        "0.400",
        "F 75%",
        "90.0%",
        "85.0% to 94.0%",
        "12",
    ):
        assert words in shown, words


def test_an_address_that_does_not_answer_is_said_and_the_others_are_shown(answers: list[Answer]) -> None:
    """One worker down must not blind the operator."""
    silent = ask("127.0.0.1:9")
    assert silent.problem
    seen = snapshot(answers, [*answers, silent], seconds=1.0, now=NOW)
    assert (seen.live, seen.filings, seen.addresses["127.0.0.1:9"]) == (False, 30, silent.problem)


def test_when_nothing_answers_the_command_says_so_in_one_line() -> None:
    """Exit code 69, as when Kafka does not answer."""
    assert "127.0.0.1:9" in refusal(codiflux("watch", "127.0.0.1:9", "--once", "--interval", "0.2"), 69)


@pytest.mark.parametrize("address", ["", "http://", "ftp://x", "127.0.0.1:port", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(address: str) -> None:
    """Only HTTP is asked, and only where a host is named."""
    with pytest.raises(UsageError):
        url_of(address)


def test_an_answer_that_is_no_exposition_is_a_problem() -> None:
    """Another program may listen there."""
    server = HealthServer(
        "127.0.0.1", 0, metrics=lambda _, start: (start("200 OK", []) and None) or [b"<html>{"], live=bool, ready=bool
    )
    try:
        assert ask(f"127.0.0.1:{server.port}").problem == "no Prometheus exposition"
    finally:
        server.close()


def test_a_quantile_is_what_prometheus_would_say() -> None:
    """Linear within the bucket; beyond the last edge, that edge."""
    assert quantile({1.0: 10.0, 2.0: 30.0, float("inf"): 30.0}, 0.5) == 1.25
    assert quantile({1.0: 0.0, float("inf"): 4.0}, 0.5) == 1.0
    assert quantile({}, 0.5) is None
    assert quantile({1.0: 0.0, float("inf"): 0.0}, 0.99) is None


def test_a_gauge_table_is_exposed_as_prometheus_reads_it() -> None:
    """Labels with quotes and line ends survive the way."""
    made = monitor_instruments()
    made.replace(c.SECTION_SHARE, {('a"b\\c\nd', "day"): 0.5})
    server = served(made)
    try:
        (found,) = [s for s in ask(f"127.0.0.1:{server.port}").samples if s.name == c.SECTION_SHARE.name]
    finally:
        server.close()
    assert (dict(found.labels), found.value) == ({"section": 'a"b\\c\nd', "window": "day"}, 0.5)
    assert parse("") == []
