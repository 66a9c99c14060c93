"""A code given by a human."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class LabelOrigin(StrEnum):
    """Why a human coded the filing."""

    REVIEW = "review"
    AUDIT = "audit"
    CLAIM = "claim"


class Label(BaseModel):
    """One human's code for one filing.

    Parameters
    ----------
    code
        In `nomenclature`; `None` when the human found the filing uncodable.
    decision_id
        The decision the human looked at, when there was one.
    labelled_by
        A pseudonym of the agent, never a name.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    formality_id: str
    decision_id: str | None = None
    code: str | None
    nomenclature: str
    origin: LabelOrigin
    labelled_by: str
    labelled_at: AwareDatetime
