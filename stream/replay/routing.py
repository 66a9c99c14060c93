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
Numbers = npt.NDArray[np.int8]


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


def thresholds(policy: Policy, found: Segments | None, rows: int) -> npt.NDArray[np.float64]:
    """The threshold that holds for each content; `found` may be `None` for a policy without segments."""
    if not policy.segments or found is None:
        return np.full(rows, policy.threshold)
    by_kind = [
        policy.threshold_for(section=section, type_form=type_form, stage=STAGES[stage])
        for section, type_form, stage in found.kinds
    ]
    return np.array(by_kind, dtype=np.float64)[found.kind]


def routes(codings: Table, threshold: npt.NDArray[np.float64]) -> Numbers:
    """For each content its place in `ROUTES`."""
    chosen = np.where(codings["confidence_index"] >= threshold, AUTO, REVIEW).astype(np.int8)
    settled = codings["settled"] != NONE
    chosen[settled] = np.where(codings["codes"][settled, 0] != NONE, REVIEW, RETURNED)
    return chosen


def reasons(codings: Table, route: Numbers) -> Numbers:
    """For each content its place in `REASONS`."""
    by_policy = np.where(route == AUTO, CONFIDENT, BELOW_THRESHOLD)
    return np.where(codings["settled"] != NONE, codings["settled"], by_policy).astype(np.int8)


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
