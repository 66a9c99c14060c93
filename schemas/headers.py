"""Every Kafka header we write or read, in one place.

CloudEvents attributes follow the Kafka protocol binding 1.0.2, binary mode: `ce_` before each
attribute and `content-type` for the media type of the value.
"""

from __future__ import annotations

from collections.abc import Iterable

Headers = list[tuple[str, str | bytes | None]]

CE_SPECVERSION = "ce_specversion"
"""Version of CloudEvents, 1.0."""
CE_ID = "ce_id"
"""The decision_id: copies of a decision share it."""
CE_SOURCE = "ce_source"
"""Who decided."""
CE_TYPE = "ce_type"
"""Kind of event, with the major version of its form."""
CE_SUBJECT = "ce_subject"
"""The formality_id."""
CE_TIME = "ce_time"
"""The decision's decided_at, RFC 3339."""
CONTENT_TYPE = "content-type"
"""Media type of the value, application/json."""
TRACEPARENT = "traceparent"
"""W3C trace context of the producer, passed through."""

EXPLANATION = "codiflux-explanation"
"""On the review topic: what spoke most for the first two candidates, JSON. It quotes the filing."""

ORIGINAL_TOPIC = "codiflux-original-topic"
"""Topic the message stood on."""
ORIGINAL_PARTITION = "codiflux-original-partition"
"""Its partition."""
ORIGINAL_OFFSET = "codiflux-original-offset"
"""Its offset."""
ORIGINAL_TIMESTAMP = "codiflux-original-timestamp"
"""The broker's timestamp, ISO 8601; empty where it had none."""
REASON = "codiflux-reason"
"""Why the message could not become a decision: a stable code."""
ERROR = "codiflux-error"
"""One sentence for a person; never quotes the filing."""
WORKER_VERSION = "codiflux-worker-version"
"""Version of the worker that gave up on it."""
ATTEMPT = "codiflux-attempt"
"""1 for the first failure; a redriven message counts on."""
REDRIVEN_FROM = "codiflux-redriven-from"
"""topic/partition/offset of the dead letter a redriven message comes from."""

REPLAY = "codiflux-replay"
"""On a message that a replay wrote again: topic/partition/offset where the original stands (of a row:
file/number). It travels on to the decision."""

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

_OURS = PROVENANCE | {CONTENT_TYPE, EXPLANATION}

EVENT_TYPES = {
    "formality.auto-coded": "fr.codiflux.formality.auto-coded.v1",
    "formality.review": "fr.codiflux.formality.review.v1",
    "formality.returned": "fr.codiflux.formality.returned.v1",
    "formality.audit": "fr.codiflux.formality.audit.v1",
}


def passed_through(original: Iterable[tuple[str, bytes | None]]) -> Headers:
    """The producer's own headers, which travel on to the decision.

    A filing's CloudEvents attributes, extensions too, describe the filing and not the decision:
    they stay behind, and so do the provenance of an earlier failure and the reasons of an earlier
    decision. A header without a value stays without one.

    >>> passed_through([("traceparent", b"00-ab"), ("ce_id", b"1"), ("CE_Team", b"x"), (ATTEMPT, b"2"), ("mark", None)])
    [('traceparent', b'00-ab'), ('mark', None)]
    """
    return [(name, value) for name, value in original if not _describes_the_original(name.lower())]


def _describes_the_original(name: str) -> bool:
    return name.startswith("ce_") or name in _OURS
