"""What the replays of one table share: sizes, ranges, nobody to tell."""

from __future__ import annotations

from stream.replay.plan import SourceRequest
from stream.replay.run import Order, Told
from stream.replay.units import BLOCK

ROWS = 2 * BLOCK + 1_000
FIRST = BLOCK - 1_000
"""Where replays begin: of their three units the first and the last are short."""
FILINGS = ROWS - FIRST
NOBODY = Told(lambda line: None, lambda total: None, lambda done: None)


def within(order: Order, since: str, until: str) -> SourceRequest:
    """The order's table between two bounds."""
    return order.request.model_copy(update={"since": since, "until": until})
