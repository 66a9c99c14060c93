"""What a supervised worker is given: the supervisor's own settings, whatever the environment says."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from stream.settings import SecurityProtocol, Settings, read_settings
from stream.supervisor import FINAL, environment_of


def _settings_of_a_child(settings: Settings, monkeypatch: pytest.MonkeyPatch, number: int = 0) -> Settings:
    """What a process with that environment reads."""
    environment = environment_of(settings, number)
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("CODIFLUX_")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("variable", ["CODIFLUX_TOPIC_PREFIX", "codiflux_topic_prefix"])
def test_a_flag_that_is_the_default_wins_over_a_variable(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child reads what the supervisor was told, in whatever case the variable is written."""
    monkeypatch.setenv(variable, "elsewhere.")
    monkeypatch.setenv("CODIFLUX_KAFKA_BOOTSTRAP_SERVERS", "elsewhere:9092")
    told = read_settings(topic_prefix="", kafka_bootstrap_servers="127.0.0.1:9092")
    child = _settings_of_a_child(told, monkeypatch)
    assert (child.topic_prefix, child.kafka_bootstrap_servers) == ("", "127.0.0.1:9092")


def test_a_setting_that_is_none_is_none_in_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment says otherwise, the variable is not handed on."""
    monkeypatch.setenv("CODIFLUX_THRESHOLD", "0.7")
    monkeypatch.setenv("CODIFLUX_POLICY", "policy.json")
    child = _settings_of_a_child(Settings(threshold=None, policy=None), monkeypatch)
    assert (child.threshold, child.policy) == (None, None)


def test_every_kind_of_setting_survives_the_way_to_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, secrets, names of an enum, numbers and switches, from flags and from variables; the rest is untouched."""
    monkeypatch.setenv("CODIFLUX_AUDIT_SHARE", "0.25")
    monkeypatch.setenv("PLACE", "untouched")
    told = read_settings(
        model=Path("a model"),
        policy=Path("policy.json"),
        kafka_sasl_password=SecretStr("a secret, with = and spaces "),
        kafka_security_protocol=SecurityProtocol.SASL_SSL,
        kafka_ssl_ca_file=Path("tls/ca.pem"),
        threshold=0.1 + 0.2,
        explain=True,
        batch_size=7,
    )
    assert _settings_of_a_child(told, monkeypatch) == told
    assert os.environ["PLACE"] == "untouched"


def test_each_child_has_a_metrics_port_and_a_health_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbered from the supervisor's own; no port stays no port."""
    told = Settings(metrics_port=9100, health_file=Path("health"))
    child = _settings_of_a_child(told, monkeypatch, number=2)
    assert (child.metrics_port, child.health_file) == (9102, Path("health.2"))
    assert _settings_of_a_child(Settings(metrics_port=0), monkeypatch, number=2).metrics_port == 0


def test_what_the_operations_guide_says_is_started_again_is_and_the_rest_is_not() -> None:
    """Its table of exit codes; those of an ending as asked are neither."""
    guide = (Path(__file__).resolve().parents[3] / "docs/operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| (yes|no)\b[^|]*\|$", guide, re.MULTILINE)
    assert {code for code, again in rows if again == "no"} == set(map(str, FINAL))
    assert {code for code, again in rows if again == "yes"} == {"69", "70", "75"}
