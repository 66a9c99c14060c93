"""Every Kafka header we write or read, in one place.

CloudEvents attributes follow the Kafka protocol binding 1.0.2, binary mode: `ce_` before each
attribute and `content-type` for the media type of the value.
"""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[str, str | bytes | None]]

CE_SPECVERSION = "ce_specversion"
CE_ID = "ce_id"
CE_SOURCE = "ce_source"
CE_TYPE = "ce_type"
CE_SUBJECT = "ce_subject"
CE_TIME = "ce_time"
CONTENT_TYPE = "content-type"
TRACEPARENT = "traceparent"

ORIGINAL_TOPIC = "codiflux-original-topic"
ORIGINAL_PARTITION = "codiflux-original-partition"
ORIGINAL_OFFSET = "codiflux-original-offset"
ORIGINAL_TIMESTAMP = "codiflux-original-timestamp"
REASON = "codiflux-reason"
ERROR = "codiflux-error"
WORKER_VERSION = "codiflux-worker-version"
ATTEMPT = "codiflux-attempt"
REDRIVEN_FROM = "codiflux-redriven-from"
"""topic/partition/offset of the dead letter a redriven message comes from."""

PROVENANCE = frozenset(
    {
        ORIGINAL_TOPIC,
        ORIGINAL_PARTITION,
        ORIGINAL_OFFSET,
        ORIGINAL_TIMESTAMP,
        REASON,
        ERROR,
        WORKER_VERSION,
        ATTEMPT,
    }
)
CLOUD_EVENT = frozenset({CE_SPECVERSION, CE_ID, CE_SOURCE, CE_TYPE, CE_SUBJECT, CE_TIME, CONTENT_TYPE})

EVENT_TYPES = {
    "formality.auto-coded": "fr.codiflux.formality.auto-coded.v1",
    "formality.review": "fr.codiflux.formality.review.v1",
    "formality.returned": "fr.codiflux.formality.returned.v1",
    "formality.audit": "fr.codiflux.formality.audit.v1",
}


def passed_through(original: Iterable[tuple[str, bytes | None]]) -> Headers:
    """The producer's own headers, which travel on to the decision.

    A filing's CloudEvents attributes describe the filing, not the decision, and stay behind.
    """
    return [(name, value or b"") for name, value in original if name.lower() not in CLOUD_EVENT]
