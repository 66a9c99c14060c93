"""What the operator has put in force (compacted topic `model.control`)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Setting(StrEnum):
    """The settings workers follow; each is a key of the topic."""

    CHAMPION = "champion"
    SHADOW = "shadow"
    POLICY = "policy"


class Control(BaseModel):
    """One setting's value from now on.

    Parameters
    ----------
    version
        Version of the model artefact or policy put in force; `None` takes the setting back.
    location
        Where workers find it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = 1
    setting: Setting
    version: str | None
    location: str | None = None
    set_by: str
    set_at: AwareDatetime
