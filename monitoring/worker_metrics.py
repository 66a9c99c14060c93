"""The worker's metrics."""

from __future__ import annotations

from monitoring.metric_spec import Kind, MetricSpec

__all__ = [
    "AUDITED",
    "BATCH_BUCKETS",
    "BATCH_SIZE",
    "BREAKER_OPEN",
    "CACHE_HITS",
    "CACHE_MISSES",
    "DEAD_LETTERS",
    "DECIDE_BUCKETS",
    "DECIDE_TIME",
    "FILINGS",
    "IN_FLIGHT",
    "LAG_MESSAGES",
    "LAG_SECONDS",
    "LAST_COMMIT",
    "LATENCY",
    "LATENCY_BUCKETS",
    "LIVE",
    "MODEL_INFO",
    "POLICY_AUDIT_SHARE",
    "POLICY_THRESHOLD",
    "READY",
    "REDIS_ERRORS",
    "SUPPRESSED",
    "WORKER_INFO",
    "WORKER_METRICS",
]

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
POLICY_THRESHOLD = MetricSpec(
    "codiflux_policy_threshold_ratio",
    Kind.GAUGE,
    "Confidence index that the policy in force asks for auto, segments apart.",
)
POLICY_AUDIT_SHARE = MetricSpec(
    "codiflux_policy_audit_share_ratio",
    Kind.GAUGE,
    "Share of auto decisions that the policy in force copies for audit.",
)
BREAKER_OPEN = MetricSpec(
    "codiflux_breaker_open",
    Kind.GAUGE,
    "1 once too many dead letters have stopped the worker; it is readable for a while before the process ends.",
)
WORKER_INFO = MetricSpec("codiflux_worker_info", Kind.GAUGE, "1 for the version that runs.", ("version",))
LIVE = MetricSpec(
    "codiflux_live", Kind.GAUGE, "1 while the committed offset moves or there is no lag, 0 when it stalls."
)
READY = MetricSpec("codiflux_ready", Kind.GAUGE, "1 when the model is loaded and partitions are assigned.")

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
    POLICY_THRESHOLD,
    POLICY_AUDIT_SHARE,
    BREAKER_OPEN,
    WORKER_INFO,
    LIVE,
    READY,
)
