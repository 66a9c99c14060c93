"""What the operator has put in force (compacted topic `model.control`)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from schemas.instant import Instant, SchemaVersion


class Setting(StrEnum):
    """The settings workers follow; each is a key of the topic."""

    CHAMPION = "champion"
    SHADOW = "shadow"
    POLICY = "policy"


class Control(BaseModel):
    """One setting's value from now on.

    Parameters
    ----------
    schema_version
        Version of this form, 1.
    setting
        What is set, and the message's key: one of champion, shadow, policy.
    version
        Version of the model artefact or policy put in force; `None` takes the setting back.
    location
        Where workers find it.
    set_by
        Who set it.
    set_at
        When, with its offset from UTC.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: SchemaVersion = 1
    setting: Setting
    version: str | None
    location: str | None = None
    set_by: str
    set_at: Instant
