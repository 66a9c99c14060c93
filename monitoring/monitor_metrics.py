"""The monitor's metrics."""

from __future__ import annotations

from monitoring.metric_spec import Kind, MetricSpec

__all__ = [
    "ACCURACY",
    "ACCURACY_LABELS",
    "ACCURACY_LOWER",
    "ACCURACY_UPPER",
    "AUDIT_LABELS",
    "AUDIT_SHARE",
    "AUTO_SHARE_AT",
    "CONFIDENCE",
    "CONFIDENCE_BUCKETS",
    "CONFIDENCE_REFERENCE",
    "CONFIDENCE_SHARE",
    "DRIFT_AFTER",
    "DRIFT_BEFORE",
    "DRIFT_CONTRIBUTION",
    "DRIFT_DISTANCE",
    "DRIFT_EFFECT",
    "DRIFT_EVENTS",
    "DRIFT_FLOOR",
    "DRIFT_P_VALUE",
    "DRIFT_SINCE",
    "DRIFT_STATE",
    "EXPECTED_ACCURACY",
    "JOIN_DECISIONS",
    "JOIN_SIZE",
    "LABELS",
    "LABELS_JOINED",
    "LABELS_WAITING",
    "LABEL_DELAY",
    "LABEL_DELAY_BUCKETS",
    "MONITOR_COPIES",
    "MONITOR_EVENT_TIME",
    "MONITOR_INFO",
    "MONITOR_LAG",
    "MONITOR_LATE",
    "MONITOR_LIVE",
    "MONITOR_MESSAGES",
    "MONITOR_METRICS",
    "MONITOR_MODEL_SWAPS",
    "MONITOR_OUT_OF_ORDER",
    "MONITOR_PROGRESS",
    "MONITOR_READY",
    "MONITOR_TABLES",
    "MONITOR_UNKNOWN_CODES",
    "MONITOR_UNREADABLE",
    "REVIEW_OLDEST",
    "REVIEW_QUEUE",
    "ROUTE_SHARE",
    "SECTION_ACCURACY",
    "SECTION_ACCURACY_LOWER",
    "SECTION_ACCURACY_UPPER",
    "SECTION_REFERENCE",
    "SECTION_SHARE",
    "STAGE_ACCURACY",
    "STAGE_ACCURACY_LOWER",
    "STAGE_ACCURACY_UPPER",
    "THRESHOLD",
    "WINDOW_MESSAGES",
]

CONFIDENCE_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Confidence index; the monitor adds an edge at the threshold in force."""
LABEL_DELAY_BUCKETS = (60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0, 1_209_600.0, 2_592_000.0)

_DRIFT = ("signal", "model_version", "window", "against")
_ACCURACY = ("lane", "level", "model_version", "window")
_SECTION = ("section", "level", "model_version", "window")
_STAGE = ("stage", "level", "model_version", "window")


def _gauge(name: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(f"codiflux_{name}", Kind.GAUGE, text, labels)


def _counter(name: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(f"codiflux_{name}", Kind.COUNTER, text, labels)


DRIFT_DISTANCE = _gauge(
    "drift_distance", "How far the window is from the model's training data or the baseline.", *_DRIFT, "distance"
)
DRIFT_FLOOR = _gauge(
    "drift_noise_floor", "Distance that sampling alone explains, 99th percentile.", *_DRIFT, "distance"
)
DRIFT_P_VALUE = _gauge("drift_p_value", "Of the test that nothing moved, 0 to 1.", *_DRIFT)
DRIFT_EFFECT = _gauge("drift_effect_size", "Size of the move: Cohen's d of a number, w of a category.", *_DRIFT)
DRIFT_BEFORE = _gauge("drift_reference_value", "The signal's mean or share in what is compared with.", *_DRIFT)
DRIFT_AFTER = _gauge("drift_window_value", "The signal's mean or share in the window.", *_DRIFT)
DRIFT_STATE = _gauge(
    "drift_state", "-1 learning its baseline, 0 quiet, 1 suspected, 2 drifted.", "signal", "model_version"
)
DRIFT_SINCE = _gauge(
    "drift_since_timestamp_seconds",
    "Event time at which a standing drift began, since the epoch; absent without one.",
    "signal",
    "model_version",
)
DRIFT_CONTRIBUTION = _gauge(
    "drift_contribution_ratio", "Part of a standing drift's distance that a branch carries.", "signal", "branch"
)
DRIFT_EVENTS = _counter("drift_events_total", "Detections and all-clears published.", "signal", "state")

WINDOW_MESSAGES = _gauge("window_messages", "Decisions in the window.", "window")
SECTION_SHARE = _gauge("section_ratio", "Share of a section among the codes decided.", "section", "window")
SECTION_REFERENCE = _gauge("section_reference_ratio", "The same in the model's reference.", "section")
CONFIDENCE = MetricSpec(
    "codiflux_confidence_index",
    Kind.HISTOGRAM,
    "Confidence index of the model's decisions; one edge is the threshold in force.",
    buckets=CONFIDENCE_BUCKETS,
)
CONFIDENCE_SHARE = _gauge(
    "confidence_ratio",
    "Share of decisions with the confidence index in a bin, named by its lower edge.",
    "bin",
    "window",
)
CONFIDENCE_REFERENCE = _gauge("confidence_reference_ratio", "The same in the model's reference.", "bin")
THRESHOLD = _gauge("confidence_threshold", "Confidence index asked for by the last decision of the model.")
ROUTE_SHARE = _gauge("route_ratio", "Share of a route among the decisions.", "route", "window")
AUTO_SHARE_AT = _gauge(
    "auto_at_threshold_ratio", "Share that would be auto at another threshold.", "threshold", "window"
)

ACCURACY = _gauge(
    "accuracy_ratio", "Share of right codes, by lane: auto weighted from the audit, review, or both.", *_ACCURACY
)
ACCURACY_LOWER = _gauge("accuracy_lower_ratio", "Lower bound of the accuracy, 95 %.", *_ACCURACY)
ACCURACY_UPPER = _gauge("accuracy_upper_ratio", "Upper bound of the accuracy, 95 %.", *_ACCURACY)
ACCURACY_LABELS = _gauge("accuracy_labels", "Labels behind an accuracy.", *_ACCURACY)
SECTION_ACCURACY = _gauge("section_accuracy_ratio", "Accuracy by section decided, both lanes weighted.", *_SECTION)
SECTION_ACCURACY_LOWER = _gauge("section_accuracy_lower_ratio", "Its lower bound, 95 %.", *_SECTION)
SECTION_ACCURACY_UPPER = _gauge("section_accuracy_upper_ratio", "Its upper bound, 95 %.", *_SECTION)
STAGE_ACCURACY = _gauge("stage_accuracy_ratio", "Accuracy by stage of the cascade, both lanes weighted.", *_STAGE)
STAGE_ACCURACY_LOWER = _gauge("stage_accuracy_lower_ratio", "Its lower bound, 95 %.", *_STAGE)
STAGE_ACCURACY_UPPER = _gauge("stage_accuracy_upper_ratio", "Its upper bound, 95 %.", *_STAGE)
EXPECTED_ACCURACY = _gauge(
    "expected_accuracy_ratio",
    "Accuracy expected without labels, from the model's probabilities.",
    "lane",
    "model_version",
    "window",
)
AUDIT_SHARE = _gauge("audit_ratio", "Share of auto decisions copied for a second look.", "window")
AUDIT_LABELS = _gauge("audit_labels", "Labels from the audit behind the auto lane's accuracy.", "window")

LABELS = _counter("labels_total", "Labels read, by why a human gave them.", "origin")
LABELS_JOINED = _counter("labels_joined_total", "Labels that met their decision.", "origin")
LABELS_WAITING = _gauge("labels_waiting", "Labels whose decision has not come.")
LABEL_DELAY = MetricSpec(
    "codiflux_label_delay_seconds",
    Kind.HISTOGRAM,
    "From a decision to its label.",
    buckets=LABEL_DELAY_BUCKETS,
)
JOIN_DECISIONS = _gauge("join_decisions", "Decisions kept for labels to come.")
JOIN_SIZE = _gauge("join_size_bytes", "Size of the join on disk.")
REVIEW_QUEUE = _gauge("review_queue_filings", "Decisions for review without a label yet.")
REVIEW_OLDEST = _gauge("review_oldest_timestamp_seconds", "When the oldest of them was decided; 0: none waits.")

MONITOR_MESSAGES = _counter("monitor_messages_total", "Messages read since the process began.", "topic")
MONITOR_UNREADABLE = _counter("monitor_unreadable_total", "Messages passed over as unreadable.", "topic")
MONITOR_COPIES = _counter("monitor_copies_total", "Decisions read before and counted once.")
MONITOR_LATE = _counter("monitor_late_total", "Decisions that came too late for a window.", "window")
MONITOR_OUT_OF_ORDER = _counter(
    "monitor_out_of_order_total",
    "Decisions whose filing was received over a minute before one read already: sent late, or sent again.",
)
MONITOR_UNKNOWN_CODES = _counter(
    "monitor_unknown_codes_total", "Decisions or labels with a code of no nomenclature known."
)
MONITOR_MODEL_SWAPS = _counter("monitor_model_swaps_total", "Times another model version took over.")
MONITOR_LAG = _gauge("monitor_lag_messages", "Messages not read yet.", "topic")
MONITOR_PROGRESS = _gauge(
    "monitor_progress_timestamp_seconds", "When the monitor last read to the end or moved, since the epoch."
)
MONITOR_EVENT_TIME = _gauge("monitor_event_time_timestamp_seconds", "Latest decision seen, since the epoch.")
MONITOR_INFO = _gauge(
    "monitor_info", "1 for each model whose reference is held.", "version", "model_version", "nomenclature"
)
MONITOR_LIVE = _gauge("monitor_live", "1 while the monitor reads or has nothing to read.")
MONITOR_READY = _gauge("monitor_ready", "1 once the windows are filled again after a start.")

MONITOR_METRICS = (
    DRIFT_DISTANCE,
    DRIFT_FLOOR,
    DRIFT_P_VALUE,
    DRIFT_EFFECT,
    DRIFT_BEFORE,
    DRIFT_AFTER,
    DRIFT_STATE,
    DRIFT_SINCE,
    DRIFT_CONTRIBUTION,
    DRIFT_EVENTS,
    WINDOW_MESSAGES,
    SECTION_SHARE,
    SECTION_REFERENCE,
    CONFIDENCE,
    CONFIDENCE_SHARE,
    CONFIDENCE_REFERENCE,
    THRESHOLD,
    ROUTE_SHARE,
    AUTO_SHARE_AT,
    ACCURACY,
    ACCURACY_LOWER,
    ACCURACY_UPPER,
    ACCURACY_LABELS,
    SECTION_ACCURACY,
    SECTION_ACCURACY_LOWER,
    SECTION_ACCURACY_UPPER,
    STAGE_ACCURACY,
    STAGE_ACCURACY_LOWER,
    STAGE_ACCURACY_UPPER,
    EXPECTED_ACCURACY,
    AUDIT_SHARE,
    AUDIT_LABELS,
    LABELS,
    LABELS_JOINED,
    LABELS_WAITING,
    LABEL_DELAY,
    JOIN_DECISIONS,
    JOIN_SIZE,
    REVIEW_QUEUE,
    REVIEW_OLDEST,
    MONITOR_MESSAGES,
    MONITOR_UNREADABLE,
    MONITOR_COPIES,
    MONITOR_LATE,
    MONITOR_OUT_OF_ORDER,
    MONITOR_UNKNOWN_CODES,
    MONITOR_MODEL_SWAPS,
    MONITOR_LAG,
    MONITOR_PROGRESS,
    MONITOR_EVENT_TIME,
    MONITOR_INFO,
    MONITOR_LIVE,
    MONITOR_READY,
)
MONITOR_TABLES = tuple(spec for spec in MONITOR_METRICS if spec.kind is Kind.GAUGE and spec.labels)
"""Replaced as a whole, so that a scrape sees no table in the making."""
