"""Every topic: its name, key, payload, who writes and who reads it.

The broker set-up (`stream/topics.py`), the AsyncAPI document and the message reference are made
from this table, so that a topic is described once.
"""

from __future__ import annotations

from dataclasses import dataclass

RECEIVED = "formality.received"
AUTO_CODED = "formality.auto-coded"
REVIEW = "formality.review"
RETURNED = "formality.returned"
AUDIT = "formality.audit"
DEAD_LETTER = "formality.dead-letter"
LABELLED = "formality.labelled"
CONTROL = "model.control"
DRIFT = "drift.detected"
REDRIVEN = "formality.redriven"

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One row of the topic table.

    Parameters
    ----------
    name
        Without prefix.
    key, payload, writers, readers, summary
        For the documents; `payload` names a message of this package.
    retention_seconds
        How long the broker keeps a message; `None` keeps for ever.
    compacted
        Keep the last message of each key instead of a span of time.
    single_partition
        Order over the whole topic matters more than scale.
    """

    name: str
    key: str
    payload: str
    writers: str
    readers: str
    summary: str
    retention_seconds: int | None
    compacted: bool = False
    single_partition: bool = False


TOPICS: tuple[TopicSpec, ...] = (
    TopicSpec(
        RECEIVED,
        "formality_id",
        "Formality",
        "one-stop counter",
        "worker",
        "Filings to code, in any of the three accepted shapes.",
        30 * DAY_SECONDS,
    ),
    TopicSpec(
        AUTO_CODED,
        "formality_id",
        "Decision",
        "worker",
        "register, monitor, archive",
        "Filings coded without a human.",
        90 * DAY_SECONDS,
    ),
    TopicSpec(
        REVIEW,
        "formality_id",
        "Decision",
        "worker",
        "review desk, monitor, archive",
        "Filings a human codes, with the five most likely codes.",
        90 * DAY_SECONDS,
    ),
    TopicSpec(
        RETURNED,
        "formality_id",
        "Decision",
        "worker",
        "one-stop counter, monitor, archive",
        "Filings whose text codes nothing, for the declarant to complete.",
        90 * DAY_SECONDS,
    ),
    TopicSpec(
        AUDIT,
        "formality_id",
        "Decision",
        "worker",
        "review desk",
        "Copies of a sample of auto-coded filings, for a blind second look.",
        90 * DAY_SECONDS,
    ),
    TopicSpec(
        DEAD_LETTER,
        "key of the original message",
        "DeadLetter",
        "worker",
        "operator, redrive",
        "Messages that could not become a decision: bytes untouched, provenance in headers.",
        180 * DAY_SECONDS,
    ),
    TopicSpec(
        LABELLED,
        "formality_id",
        "Label",
        "review desk, import",
        "monitor, training",
        "Codes given by humans.",
        None,
    ),
    TopicSpec(
        CONTROL,
        "setting name",
        "Control",
        "operator",
        "worker",
        "Champion, shadow and policy in force.",
        None,
        compacted=True,
        single_partition=True,
    ),
    TopicSpec(
        DRIFT,
        "signal",
        "DriftEvent",
        "monitor",
        "operator, retraining",
        "Detections and all-clears of the drift monitor.",
        None,
        single_partition=True,
    ),
    TopicSpec(
        REDRIVEN,
        "run",
        "RedriveNote",
        "redrive",
        "redrive",
        "Which dead letters were sent back to their topic, so that none is sent twice.",
        # A note must outlive its dead letter (180 days); docs/adr/0004-redrive.md.
        360 * DAY_SECONDS,
        single_partition=True,
    ),
)

TOPIC_OF_ROUTE = {"auto": AUTO_CODED, "review": REVIEW, "returned": RETURNED}


def with_prefix(prefix: str, topic: str) -> str:
    """Name of a topic on the broker: several installations share one cluster by their prefixes.

    >>> with_prefix("acceptance.", RECEIVED)
    'acceptance.formality.received'
    """
    return f"{prefix}{topic}"
