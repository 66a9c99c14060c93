"""A code given by a human."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from schemas.instant import Instant, SchemaVersion


class LabelOrigin(StrEnum):
    """Why a human coded the filing."""

    REVIEW = "review"
    AUDIT = "audit"
    CLAIM = "claim"


class Label(BaseModel):
    """One human's code for one filing.

    Parameters
    ----------
    schema_version
        Version of this form, 1.
    formality_id
        The filing's identity, and the message's key.
    code
        In `nomenclature`; `None` when the human found the filing uncodable.
    decision_id
        The decision the human looked at, when there was one.
    nomenclature
        Name of the list of codes, such as `naf-rev2`.
    origin
        Why a human coded it: one of review, audit, claim.
    labelled_by
        A pseudonym of the agent, never a name.
    labelled_at
        When, with its offset from UTC.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: SchemaVersion = 1
    formality_id: str
    decision_id: str | None = None
    code: str | None
    nomenclature: str
    origin: LabelOrigin
    labelled_by: str
    labelled_at: Instant
