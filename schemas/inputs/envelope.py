"""What the message around a filing says about it, when the filing itself does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Envelope:
    """Key and timestamp of the Kafka message.

    Parameters
    ----------
    identity
        The message key as text, or a hash of its bytes: the formality id of a body without one.
    timestamp
        The broker's, aware: the received_at of a body without one.
    """

    identity: str
    timestamp: datetime
