"""Why a filing is under review, for the person who codes it: a header beside the decision.

    codiflux-explanation: {"4322A": [["plomberie", 7.32], ["nature=14", 2.36]], "4322B": [["chauffages", 5.99]]}

For the first two candidates, in their order: what the declarant wrote that speaks most for the code,
and its weight (models/explanation.py). The words are the filing's own: they travel with it and are
never logged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic_core import to_json

from models.coding import CodingModel, Content, content_of
from models.explanation import EXPLAINED, Explainer
from models.lru import BoundedCache
from schemas.decision import Decision, Stage

MOST_REASONS = 3
"""Of each candidate."""
MAX_BYTES = 512
LONGEST_WORD = 40
"""Characters; the rest of a longer one is cut off."""
REMEMBERED = 16_384
"""Filings whose header is kept, about 1 kB each: real declarations repeat."""


class Explaining:
    """Explains the decisions of one model for the review topic."""

    def __init__(self, model: CodingModel) -> None:
        self._explainer = Explainer(model)
        self._cache: BoundedCache[Content, bytes] = BoundedCache(REMEMBERED)

    def __call__(self, decisions: Sequence[Decision]) -> Mapping[str, bytes]:
        """The header of each decision that the model made, by decision_id."""
        found: dict[str, bytes] = {}
        waiting: dict[Content, list[Decision]] = {}
        for decision in decisions:
            if decision.stage is not Stage.MODEL:
                continue
            content = content_of(decision.formality)
            header = self._cache.get(content)
            if header is None:
                waiting.setdefault(content, []).append(decision)
            else:
                found[decision.decision_id] = header
        first = [alike[0] for alike in waiting.values()]
        codes = [[candidate.code for candidate in decision.candidates[:EXPLAINED]] for decision in first]
        reasons = self._explainer.strongest([d.formality for d in first], codes, most=MOST_REASONS)
        for (content, alike), asked, because in zip(waiting.items(), codes, reasons, strict=True):
            header = encoded(dict(zip(asked, because, strict=True)))
            self._cache.put(content, header)
            found.update((decision.decision_id, header) for decision in alike)
        return found


def encoded(reasons: Mapping[str, Sequence[tuple[str, float]]]) -> bytes:
    """The header's bytes, at most `MAX_BYTES`: where there are more, each code has fewer reasons."""
    for most in range(MOST_REASONS, -1, -1):
        value = to_json(
            {
                code: [(said[:LONGEST_WORD], round(weight, 2)) for said, weight in strongest[:most]]
                for code, strongest in reasons.items()
            }
        )
        if len(value) <= MAX_BYTES:
            return value
    return b"{}"
