"""Every setting: its environment variable, default, unit and effect. Built once, never edited."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from stream.errors import UsageError

PREFIX = "CODIFLUX_"
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class SecurityProtocol(StrEnum):
    """How clients speak to Kafka."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class Settings(BaseSettings):
    """Settings of every command, from `CODIFLUX_*` variables; flags override them.

    The description of each field stands in docs/operations.md, word for word.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True, protected_namespaces=())

    kafka_bootstrap_servers: str = Field("127.0.0.1:9092", description="Kafka brokers, host:port, comma-separated.")
    kafka_security_protocol: SecurityProtocol = Field(
        SecurityProtocol.PLAINTEXT, description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    )
    kafka_sasl_mechanism: str = Field("PLAIN", description="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.")
    kafka_sasl_username: str = Field("", description="SASL user name.")
    kafka_sasl_password: SecretStr = Field(SecretStr(""), description="SASL password; never logged.")
    kafka_ssl_ca_file: Path | None = Field(None, description="CA certificates (PEM) that the broker's is checked with.")
    kafka_ssl_certificate_file: Path | None = Field(None, description="Client certificate (PEM), for mutual TLS.")
    kafka_ssl_key_file: Path | None = Field(None, description="Key of the client certificate (PEM).")
    kafka_compression: str = Field(
        "none", description="Compression of what is written: none, lz4, zstd, gzip or snappy. Less network, more CPU."
    )
    embedded_broker: bool = Field(
        False, description="The broker is librdkafka's test broker, for demo and tests: it has no settings to check."
    )
    topic_prefix: str = Field("", description="Put before every topic name; several installations share a cluster.")
    consumer_group: str = Field("codiflux-worker", description="Consumer group of the workers, before the prefix.")

    model: Path = Field(Path("model"), description="Directory of the model artefact.")
    threshold: float | None = Field(
        None, ge=0.0, le=1.01, description="Confidence index needed for auto; the model's own when not set."
    )
    policy: Path | None = Field(
        None, description="Policy file (JSON) with segments; excludes threshold and audit share."
    )
    audit_share: Share = Field(0.01, description="Share of auto decisions copied to formality.audit, 0 to 1.")
    explain: bool = Field(
        False, description="Decisions for review carry their reasons (codiflux-explanation), about 40 us each."
    )
    cache_entries: int = Field(30_000, ge=0, description="Codings remembered in the process, about 1.5 kB each.")

    redis_url: str = Field("", description="Redis, e.g. redis://127.0.0.1:6379/0; empty: none. Only ever helps.")
    redis_timeout_seconds: float = Field(
        0.05, gt=0.0, le=0.05, description="Longest a batch waits for Redis; beyond it the batch goes on without."
    )
    redis_ttl_seconds: int = Field(86_400, ge=1, description="How long a decision is remembered in Redis.")

    batch_size: int = Field(500, ge=1, le=10_000, description="Most filings of one batch; a batch never waits to fill.")
    in_flight_batches: int = Field(
        4, ge=1, le=64, description="Batches whose outputs may await acknowledgement while the next is decided."
    )
    commit_interval_seconds: float = Field(
        1.0, gt=0.0, description="Time between commits; a crash repeats at most what was decided within it."
    )
    delivery_timeout_seconds: float = Field(
        30.0, gt=0.0, description="Longest an output may stay unacknowledged before the process ends without commit."
    )
    session_timeout_seconds: float = Field(
        30.0, ge=1.0, description="Silence after which Kafka gives a dead worker's partitions to others."
    )
    dead_letter_max_share: Share = Field(
        0.5, description="Circuit breaker: share of dead letters in the last 1,000 messages; 1 switches it off."
    )
    dead_letter_max_consecutive: int = Field(
        500, ge=0, description="Circuit breaker: dead letters in a row; 0 switches it off."
    )

    archive_output: str = Field("", description="Where the archive lies: a folder or s3://bucket/folder.")
    archive_group: str = Field("codiflux-archive", description="Consumer group of the archive, before the prefix.")
    archive_received: bool = Field(False, description="Received filings are archived as well, as the bytes they were.")
    archive_flush_seconds: float = Field(
        300.0, gt=0.0, description="Longest a message waits for its file; less gives more and smaller files."
    )
    archive_buffer_bytes: int = Field(
        67_108_864, ge=1_048_576, description="Most that waits for files, in memory; more gives fewer, larger files."
    )
    breaker_linger_seconds: float = Field(
        20.0,
        ge=0.0,
        le=300.0,
        description="With an open breaker and a metrics port: how long the process can be scraped before it ends.",
    )

    metrics_port: int = Field(
        0, ge=0, le=65_535, description="Port of /metrics, /live and /ready; 0: no port is opened."
    )
    metrics_address: str = Field("127.0.0.1", description="Address that port listens on.")
    health_file: Path | None = Field(None, description="File rewritten every second with live and ready, for probes.")
    stall_seconds: float = Field(
        60.0, gt=0.0, description="Without a moved commit for this long while there is lag, the worker is not live."
    )
    monitor_group: str = Field(
        "codiflux-monitor", description="Consumer group under which the monitor's position is shown, before the prefix."
    )
    monitor_state: Path | None = Field(
        None,
        description="File of the monitor's windows and of labels still to come; without one it begins from Kafka"
        " at each start.",
    )
    monitor_models: str = Field(
        "",
        description="Folders of further models, colon-separated: a model's, or one that holds several; looked at anew"
        " when a decision names a model that is not known.",
    )
    monitor_short_window_filings: int = Field(
        500, ge=100, multiple_of=50, description="Filings of the window that sees strong drifts at once."
    )
    monitor_long_window_filings: int = Field(
        5_000, ge=100, multiple_of=50, description="Filings of the window that sees weak drifts."
    )
    monitor_baseline_filings: int = Field(
        20_000, ge=100, multiple_of=50, description="Filings of the stream that alarms are held against."
    )
    monitor_short_window_seconds: float = Field(
        3_600.0, ge=60.0, description="Event time of the shorter window that is shown."
    )
    monitor_long_window_seconds: float = Field(
        86_400.0, ge=60.0, description="Event time of the longer window that is shown."
    )
    monitor_accuracy_days: int = Field(30, ge=2, le=366, description="Days of the longer window of accuracy.")
    monitor_join_days: int = Field(
        90, ge=2, description="Days a decision waits for its label; the topics keep decisions as long."
    )
    monitor_commit_seconds: float = Field(
        5.0, gt=0.0, description="Time between writes of the monitor's state; a crash reads again what came since."
    )
    monitor_export_seconds: float = Field(1.0, gt=0.0, description="Time between two makings of the monitor's metrics.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_json: bool = Field(False, description="Log one JSON object a line.")

    def topic(self, name: str) -> str:
        """A topic's name on the broker."""
        return f"{self.topic_prefix}{name}"

    @property
    def group(self) -> str:
        """The workers' consumer group on the broker."""
        return f"{self.topic_prefix}{self.consumer_group}"

    @property
    def monitor_group_name(self) -> str:
        """The monitor's consumer group on the broker."""
        return f"{self.topic_prefix}{self.monitor_group}"


class OwnSettings(Settings):
    """Settings of what is started and ended here: defaults and what is given, nothing of the environment."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given alone."""
        return (init_settings,)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without our variables, in whatever case they are written.

    >>> without_settings({"PATH": "/bin", "CODIFLUX_TOPIC_PREFIX": "a.", "codiflux_model": "m"})
    {'PATH': '/bin'}
    """
    return {name: value for name, value in environment.items() if not name.upper().startswith(PREFIX)}


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment, then flags (those that are not `None`).

    Raises
    ------
    UsageError
        Naming the variable and what is wrong with it.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        details = "; ".join(f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise UsageError(details) from error
