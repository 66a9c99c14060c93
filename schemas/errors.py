"""What can be wrong with a message.

SchemaError
 └─ UnreadableMessage(reason, detail)    dead letter, with the stable reason
"""

from __future__ import annotations

from schemas.reasons import DeadLetterReason


class SchemaError(Exception):
    """Root of this package's errors."""


class UnreadableMessage(SchemaError):
    """A message that cannot become what it should be.

    Parameters
    ----------
    reason
        Stable code, for dashboards and redrive filters.
    detail
        One sentence for a person; names fields, never quotes a filing's text.
    """

    def __init__(self, reason: DeadLetterReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
