"""The archive's metrics; those of a process that commits are the worker's."""

from __future__ import annotations

from monitoring.metric_spec import Kind, MetricSpec
from monitoring.worker_metrics import LAST_COMMIT, LIVE, READY

__all__ = [
    "ARCHIVED",
    "ARCHIVE_FILES",
    "ARCHIVE_FILE_BYTES",
    "ARCHIVE_GATHERED",
    "ARCHIVE_LAG",
    "ARCHIVE_LOST",
    "ARCHIVE_METRICS",
    "ARCHIVE_OLDEST",
    "ARCHIVE_UNREADABLE",
    "ARCHIVE_WRITE",
]

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
