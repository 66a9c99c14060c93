"""Which decided filings a human sees: thresholds and the audit sample."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from models.errors import PolicyError
from schemas.decision import Stage

Threshold = Annotated[float, Field(ge=0.0, le=1.01)]
"""Confidence index needed for auto; above 1 sends everything to review."""


class Segment(BaseModel):
    """A threshold of its own for some filings; an absent condition fits every filing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: Threshold
    section: str | None = None
    type_form: str | None = None
    stage: Stage | None = None

    @model_validator(mode="after")
    def _some_condition(self) -> Segment:
        if self.specificity == 0:
            raise ValueError("a segment needs a section, a type_form or a stage")
        return self

    @property
    def specificity(self) -> int:
        """How many conditions it has."""
        return sum(value is not None for value in (self.section, self.type_form, self.stage))

    def fits(self, *, section: str | None, type_form: str | None, stage: Stage) -> bool:
        """Whether a decided filing falls into the segment."""
        return self.section in (None, section) and self.type_form in (None, type_form) and self.stage in (None, stage)


class Policy(BaseModel):
    """Thresholds and audit share; immutable, named by the hash of its content.

    Parameters
    ----------
    threshold
        A confidence index equal to it is auto.
    segments
        Exceptions; the one with most conditions wins, the first among equals.
    audit_share
        Share of auto decisions copied to the audit topic, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    threshold: Threshold
    segments: tuple[Segment, ...] = ()
    audit_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0

    @cached_property
    def version(self) -> str:
        """`policy-` and twelve hex digits of the content's hash."""
        return "policy-" + hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:12]

    @cached_property
    def _by_specificity(self) -> tuple[Segment, ...]:
        return tuple(sorted(self.segments, key=lambda segment: -segment.specificity))

    def threshold_for(self, *, section: str | None, type_form: str | None, stage: Stage) -> float:
        """The threshold that holds for one decided filing."""
        for segment in self._by_specificity:
            if segment.fits(section=section, type_form=type_form, stage=stage):
                return segment.threshold
        return self.threshold

    def audits(self, formality_id: str) -> bool:
        """Whether an auto decision on this filing is in the audit sample.

        The same filing is always in or always out: the hash of its id, read as a number between 0
        and 1, is compared to the share. Raising the share keeps those already in.
        """
        if self.audit_share <= 0.0:
            return False
        digest = hashlib.sha256(b"audit:" + formality_id.encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:8], "big") < self.audit_share * 2**64


def parse(text: str | bytes) -> Policy:
    """A policy from JSON; what is wrong is said in one line as `PolicyError`."""
    try:
        return Policy.model_validate_json(text)
    except ValidationError as error:
        details = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise PolicyError(f"policy: {details}") from error
