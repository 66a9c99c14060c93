"""`codiflux demo`, as a user runs it: broker, Redis, worker and monitor of its own. No service is needed."""

from __future__ import annotations

from pathlib import Path

from tests.integration.command_line import codiflux, last_object

FILINGS = 700
CONTRACT = {
    *("filings", "auto", "review", "returned", "dead_letter", "lost", "duplicates"),
    *("throughput_per_second", "latency_seconds", "monitor"),
}


def test_the_demo_loses_nothing_and_its_monitor_has_seen_every_decision(small_model: Path) -> None:
    """The names that others script against, a recount that adds up, and each signal in a known state."""
    done = codiflux("demo", "--filings", FILINGS, "--seed", 3, "--model", small_model, "--json")
    found = last_object(done)
    assert set(found) >= CONTRACT
    assert (found["filings"], found["lost"], found["conflicts"]) == (FILINGS, 0, 0)
    assert set(found["latency_seconds"]) == {"p50", "p99"}
    decided = found["auto"] + found["review"] + found["returned"]
    assert decided + found["dead_letter"] >= FILINGS
    watched = found["monitor"]
    assert watched["decisions"] >= decided
    assert set(watched["signals"]) == {"learning", "quiet", "suspected", "drifted"}
    assert watched["signals"]["drifted"] == len(watched["drifted"])
    assert sum(watched["signals"].values()) > 15
    assert "FAIL" not in done.stderr


def test_the_demo_does_not_depend_on_the_settings_of_an_installation(small_model: Path, tmp_path: Path) -> None:
    """Another prefix, a secured cluster, a real monitor's state: nothing of them is used, nothing is lost."""
    state = tmp_path / "state.sqlite"
    installation = {
        "CODIFLUX_TOPIC_PREFIX": "acceptance.",
        "codiflux_consumer_group": "",
        "CODIFLUX_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "CODIFLUX_MONITOR_STATE": str(state),
        "CODIFLUX_CACHE_ENTRIES": "many",
    }
    found = last_object(
        codiflux("demo", "--filings", 200, "--seed", 3, "--model", small_model, "--json", **installation)
    )
    assert (found["filings"], found["lost"], found["conflicts"]) == (200, 0, 0)
    assert found["monitor"]["decisions"] > 0
    assert not state.exists()
