"""The redrive's own record of what it sent back, kept on formality.redriven."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class RedriveState(StrEnum):
    """What a note says of its run."""

    BEGUN = "begun"
    SENT = "sent"
    FINISHED = "finished"


class RedriveNote(BaseModel):
    """One step of one redrive run; docs/adr/0004-redrive.md says how they are read.

    Parameters
    ----------
    run
        Identity of the run, the message's key.
    at
        When the note was written.
    ends
        With `begun`: by topic and partition, the offset from which copies of this run stand.
    letters
        With `sent`: "topic/partition/offset@milliseconds" of dead letters whose copies Kafka has.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    run: str
    state: RedriveState
    at: AwareDatetime
    ends: dict[str, dict[int, int]] = {}
    letters: tuple[str, ...] = ()
