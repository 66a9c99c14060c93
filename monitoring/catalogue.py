"""Every metric, in one place: name, kind, labels and meaning.

Base units; labels have a bounded number of values (a version, a route, a reason, a partition), so
never an id, a text, or a code by version by bucket. Dashboards, rules and docs are checked against
this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus' metric types that we use."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One row of the catalogue.

    Parameters
    ----------
    name
        As exposed; a counter's ends in `_total`.
    buckets
        Upper edges of a histogram, in the metric's unit; +Inf is added.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


LATENCY_BUCKETS = (0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0)
"""Seconds; an edge at the objective, 1 s."""
BATCH_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0)
DECIDE_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)

FILINGS = MetricSpec(
    "codiflux_filings_total", Kind.COUNTER, "Filings decided and acknowledged by the broker.", ("route", "stage")
)
AUDITED = MetricSpec("codiflux_filings_audited_total", Kind.COUNTER, "Auto decisions copied to the audit topic.")
SUPPRESSED = MetricSpec(
    "codiflux_filings_suppressed_total", Kind.COUNTER, "Re-delivered filings not decided again, known from Redis."
)
DEAD_LETTERS = MetricSpec(
    "codiflux_dead_letters_total", Kind.COUNTER, "Messages that could not become a decision.", ("reason",)
)
LATENCY = MetricSpec(
    "codiflux_filing_latency_seconds",
    Kind.HISTOGRAM,
    "From the broker's timestamp of a filing to the acknowledgement of its decision.",
    buckets=LATENCY_BUCKETS,
)
BATCH_SIZE = MetricSpec("codiflux_batch_messages", Kind.HISTOGRAM, "Messages decided together.", buckets=BATCH_BUCKETS)
DECIDE_TIME = MetricSpec(
    "codiflux_decide_seconds",
    Kind.HISTOGRAM,
    "Time to read and decide one batch, prediction included.",
    buckets=DECIDE_BUCKETS,
)
IN_FLIGHT = MetricSpec("codiflux_batches_in_flight", Kind.GAUGE, "Batches whose outputs await acknowledgement.")
LAG_MESSAGES = MetricSpec(
    "codiflux_consumer_lag_messages", Kind.GAUGE, "Messages after the committed offset, by partition.", ("partition",)
)
LAG_SECONDS = MetricSpec(
    "codiflux_consumer_lag_seconds",
    Kind.GAUGE,
    "Age of the oldest message that is fetched and not yet acknowledged; 0 without lag.",
)
LAST_COMMIT = MetricSpec(
    "codiflux_last_commit_timestamp_seconds", Kind.GAUGE, "When an offset was last committed, since the epoch."
)
CACHE_HITS = MetricSpec("codiflux_cache_hits_total", Kind.COUNTER, "Filings whose coding was in the process's cache.")
CACHE_MISSES = MetricSpec("codiflux_cache_misses_total", Kind.COUNTER, "Filings that had to be coded.")
REDIS_ERRORS = MetricSpec(
    "codiflux_redis_errors_total", Kind.COUNTER, "Batches that went on without Redis, slow or gone.", ("operation",)
)
MODEL_INFO = MetricSpec(
    "codiflux_model_info",
    Kind.GAUGE,
    "1 for the model and policy in force.",
    ("model_version", "policy_version", "nomenclature"),
)
WORKER_INFO = MetricSpec("codiflux_worker_info", Kind.GAUGE, "1 for the version that runs.", ("version",))
LIVE = MetricSpec(
    "codiflux_live", Kind.GAUGE, "1 while the committed offset moves or there is no lag, 0 when it stalls."
)
READY = MetricSpec("codiflux_ready", Kind.GAUGE, "1 when the model is loaded and partitions are assigned.")

ARCHIVED = MetricSpec(
    "codiflux_archive_messages_total", Kind.COUNTER, "Messages that are in a file, by topic.", ("topic",)
)
ARCHIVE_UNREADABLE = MetricSpec(
    "codiflux_archive_unreadable_total",
    Kind.COUNTER,
    "Archived messages that are not what their topic carries; their bytes are kept.",
    ("topic",),
)
ARCHIVE_LOST = MetricSpec(
    "codiflux_archive_lost_messages_total",
    Kind.COUNTER,
    "Offsets that the topic's retention removed before they were archived.",
    ("topic",),
)
ARCHIVE_FILES = MetricSpec("codiflux_archive_files_total", Kind.COUNTER, "Parquet files written.")
ARCHIVE_FILE_BYTES = MetricSpec("codiflux_archive_file_bytes_total", Kind.COUNTER, "Bytes of the files written.")
ARCHIVE_GATHERED = MetricSpec("codiflux_archive_gathered_bytes", Kind.GAUGE, "Read and not yet in a file, in memory.")
ARCHIVE_OLDEST = MetricSpec(
    "codiflux_archive_oldest_seconds", Kind.GAUGE, "How long the message that waits longest for a file has waited."
)
ARCHIVE_WRITE = MetricSpec(
    "codiflux_archive_write_seconds",
    Kind.HISTOGRAM,
    "Time to write the files of one batch.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
)
ARCHIVE_LAG = MetricSpec(
    "codiflux_archive_lag_messages", Kind.GAUGE, "Messages on the topics that are in no file yet.", ("topic",)
)

WORKER_METRICS = (
    FILINGS,
    AUDITED,
    SUPPRESSED,
    DEAD_LETTERS,
    LATENCY,
    BATCH_SIZE,
    DECIDE_TIME,
    IN_FLIGHT,
    LAG_MESSAGES,
    LAG_SECONDS,
    LAST_COMMIT,
    CACHE_HITS,
    CACHE_MISSES,
    REDIS_ERRORS,
    MODEL_INFO,
    WORKER_INFO,
    LIVE,
    READY,
)
ARCHIVE_METRICS = (
    ARCHIVED,
    ARCHIVE_UNREADABLE,
    ARCHIVE_LOST,
    ARCHIVE_FILES,
    ARCHIVE_FILE_BYTES,
    ARCHIVE_GATHERED,
    ARCHIVE_OLDEST,
    ARCHIVE_WRITE,
    ARCHIVE_LAG,
    LAST_COMMIT,
    LIVE,
    READY,
)
CATALOGUE = tuple(dict.fromkeys((*WORKER_METRICS, *ARCHIVE_METRICS)))
