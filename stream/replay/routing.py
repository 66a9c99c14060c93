"""Policies over whole columns: `models.decide.apply_policy` for many codings at once.

What a policy does depends on the coding and the type of form alone, so that it is worked out once
for each distinct content; only the audit sample looks at each filing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from models.coding import Content
from models.policy import Policy
from schemas.decision import Route
from schemas.formality import CODING_FIELDS
from schemas.reasons import DecisionReason
from stream.replay.codings import NONE, REASONS, STAGES, Table, Vocabulary
from stream.replay.filings import Flags, Index

ROUTES = tuple(Route)
AUTO, REVIEW, RETURNED = (ROUTES.index(route) for route in (Route.AUTO, Route.REVIEW, Route.RETURNED))
CONFIDENT = REASONS.index(DecisionReason.CONFIDENT)
BELOW_THRESHOLD = REASONS.index(DecisionReason.BELOW_THRESHOLD)
_TYPE_FORM = CODING_FIELDS.index("type_form")
_AUTO, _REVIEW, _RETURNED = np.int32(AUTO), np.int32(REVIEW), np.int32(RETURNED)
Threshold = npt.NDArray[np.float64] | float
"""One for each content, or one for all."""
Numbers = npt.NDArray[np.int32]
"""As Arrow has the numbers of words, so that nothing is copied on the way to the file."""


@dataclass(frozen=True, slots=True)
class Segments:
    """The kinds of contents that segments of policies can tell apart.

    Parameters
    ----------
    kinds
        (section, type of form, number of the stage), each once.
    kind
        For each content its place in `kinds`.
    """

    kinds: Sequence[tuple[str | None, str | None, int]]
    kind: Index


def segments(codings: Table, contents: Sequence[Content], vocabulary: Vocabulary) -> Segments:
    """The kinds of some contents by their codings."""
    kinds: dict[tuple[str | None, str | None, int], int] = {}
    sections = [*vocabulary.sections, None]
    of_code = [*vocabulary.section.tolist(), NONE]
    chosen = [
        kinds.setdefault((sections[of_code[code]], content[_TYPE_FORM], stage), len(kinds))
        for code, stage, content in zip(
            codings["codes"][:, 0].tolist(), codings["stage"].tolist(), contents, strict=True
        )
    ]
    return Segments(list(kinds), np.array(chosen, dtype=np.int64))


def thresholds(policy: Policy, found: Segments | None) -> Threshold:
    """The threshold that holds for each content; `found` may be `None` for a policy without segments."""
    if not policy.segments or found is None:
        return policy.threshold
    by_kind = [
        policy.threshold_for(section=section, type_form=type_form, stage=STAGES[stage])
        for section, type_form, stage in found.kinds
    ]
    return np.array(by_kind, dtype=np.float64)[found.kind]


@dataclass(frozen=True, slots=True)
class Undecided:
    """What of codings a threshold depends on; shape (contents,).

    Parameters
    ----------
    confidence
        NaN where a step has settled the route: no threshold is reached there.
    otherwise
        Place in `ROUTES` where the threshold is not reached.
    """

    confidence: npt.NDArray[np.float64]
    otherwise: Numbers

    @property
    def returned(self) -> Flags:
        """What goes back to the declarant, which no policy changes."""
        return np.asarray(self.otherwise == RETURNED)


def undecided(codings: Table) -> Undecided:
    """Codings before any policy."""
    settled = codings["settled"] != NONE
    nothing = settled & (codings["codes"][:, 0] == NONE)
    return Undecided(np.where(settled, np.nan, codings["confidence_index"]), np.where(nothing, _RETURNED, _REVIEW))


def routes(found: Undecided, threshold: Threshold) -> Numbers:
    """For each content its place in `ROUTES`."""
    return np.where(found.confidence >= threshold, _AUTO, found.otherwise)


def reasons(codings: Table, route: Numbers) -> Numbers:
    """For each content its place in `REASONS`."""
    by_policy = np.where(route == AUTO, CONFIDENT, BELOW_THRESHOLD)
    return np.where(codings["settled"] != NONE, codings["settled"], by_policy).astype(np.int32)


def audit_hashes(formality_ids: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The number by which a filing is in or out of an audit sample (see `Policy.audits`)."""
    sha256 = hashlib.sha256
    digests = b"".join(
        sha256(b"audit:" + identity.encode("utf-8", "surrogatepass")).digest()[:8] for identity in formality_ids
    )
    return np.frombuffer(digests, dtype=">u8").astype(np.uint64)


def audits(policy: Policy, hashes: npt.NDArray[np.uint64]) -> Flags:
    """Whether each filing would be audited, were it auto."""
    bound = ceil(policy.audit_share * 2**64)
    if bound >= 2**64:
        return np.ones(len(hashes), dtype=bool)
    return np.asarray(hashes < np.uint64(bound))
