"""Where a replay reads from: Kafka, an archive, a file. Each gives the filings of units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from stream.errors import UsageError
from stream.replay.filings import UnitFilings
from stream.replay.summary import SourceSummary
from stream.replay.units import Unit


@dataclass(frozen=True, slots=True)
class Planned:
    """A range as it was found at the start.

    Parameters
    ----------
    notes
        What the operator should know: what retention ate, what is not there.
    """

    summary: SourceSummary
    units: tuple[Unit, ...]
    notes: tuple[str, ...] = ()


class Source(Protocol):
    """What a replay reads."""

    def plan(self) -> Planned:
        """Capture the bounds; an empty range raises `UsageError`."""
        ...

    def read(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, UnitFilings]]:
        """The filings of units, in their order: the units of an earlier plan, in any process."""
        ...


def nothing_in_range(name: str, what: str, notes: Iterable[str] = ()) -> UsageError:
    """The refusal of an empty range, and what may be why."""
    return UsageError("; ".join((f"{name}: no {what} in the range: look at --from and --to", *notes)))
