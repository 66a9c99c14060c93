"""Codings as columns: each content is coded once a model and remembered compactly."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from models.coding import Coding, CodingModel, Content
from models.lru import BoundedCache
from schemas.decision import MAX_CANDIDATES, Stage
from schemas.formality import CODING_FIELDS, Formality
from schemas.reasons import DecisionReason
from stream.replay.filings import Index

REMEMBERED = 200_000
"""Contents whose codings are kept, about 0.5 kB each and 70 bytes a model; then all are forgotten."""
BATCH = 2_048
"""Contents coded at a time."""

STAGES = tuple(Stage)
REASONS = tuple(DecisionReason)
NONE = -1
"""In a column of numbers of words: no word."""

LAYOUT = np.dtype(
    [
        ("stage", np.int8),
        ("settled", np.int8),
        ("codes", np.int32, (MAX_CANDIDATES,)),
        ("probabilities", np.float64, (MAX_CANDIDATES,)),
        ("confidence_index", np.float64),
    ]
)
"""One coding: numbers in `STAGES`, `REASONS` and `Vocabulary.codes`; NaN where there is no candidate."""
Table = npt.NDArray[Any]
"""Codings, of `LAYOUT`."""
Filed = namedtuple("Filed", CODING_FIELDS)  # type: ignore[misc]
"""What of a filing a coding depends on; it was validated where it was read."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The codes that any of the models may answer, and their sections; the same for all processes.

    Parameters
    ----------
    codes
        Sorted.
    section
        For each code the place of its section in `sections`, `NONE` without one.
    """

    codes: tuple[str, ...]
    sections: tuple[str, ...]
    section: Index

    @classmethod
    def of(cls, models: Sequence[CodingModel]) -> Vocabulary:
        """What artefacts can answer: the nomenclature's codes, and only those."""
        codes = sorted({code for model in models for code in model.nomenclature.labels})
        of_code = {code: model.nomenclature.section(code) for model in models for code in model.nomenclature.labels}
        sections = sorted({section for section in of_code.values() if section is not None})
        places: dict[str | None, int] = {section: place for place, section in enumerate(sections)}
        numbers = np.array([places.get(of_code[code], NONE) for code in codes], dtype=np.int64)
        return cls(tuple(codes), tuple(sections), numbers)


class CodingTable:
    """Codings of contents by every model, each coded when first met.

    What is remembered is bounded, and nothing of it shows in the answers: a coding depends on its
    content and the artefact alone.
    """

    def __init__(self, models: Sequence[CodingModel], vocabulary: Vocabulary, *, remembered: int = REMEMBERED) -> None:
        # Their own caches would remember the same again, in more room.
        self._models = [_without_cache(model) for model in models]
        self._numbers = {code: number for number, code in enumerate(vocabulary.codes)}
        self._remembered = remembered
        self._places: dict[Content, int] = {}
        self._tables: list[Table] = []
        self._forget()

    def of(self, contents: Sequence[Content]) -> list[Table]:
        """For each model the codings of distinct contents, shape (contents,)."""
        if len(self._places) + len(contents) > self._remembered and self._places:
            self._forget()
        places = self._places
        new = [content for content in contents if content not in places]
        if new:
            self._learn(new)
        chosen = np.fromiter((places[content] for content in contents), dtype=np.int64, count=len(contents))
        return [table[chosen] for table in self._tables]

    def _forget(self) -> None:
        self._places = {}
        self._tables = [np.zeros(0, dtype=LAYOUT) for _ in self._models]

    def _learn(self, new: Sequence[Content]) -> None:
        first = len(self._places)
        self._places.update((content, first + number) for number, content in enumerate(new))
        for number, model in enumerate(self._models):
            added = np.zeros(len(new), dtype=LAYOUT)
            for start in range(0, len(new), BATCH):
                chunk = new[start : start + BATCH]
                # A coding depends on these fields alone: a value without the others takes a tenth of the time.
                filings = cast("list[Formality]", list(starmap(Filed, chunk)))
                self._fill(added[start : start + len(chunk)], model.code(filings))
            self._tables[number] = np.concatenate([self._tables[number], added])

    def _fill(self, rows: Table, codings: Sequence[Coding]) -> None:
        numbers = self._numbers
        rows["stage"] = [STAGES.index(coding.stage) for coding in codings]
        rows["settled"] = [NONE if coding.settled is None else REASONS.index(coding.settled) for coding in codings]
        absent_codes, absent = [NONE] * MAX_CANDIDATES, [np.nan] * MAX_CANDIDATES
        rows["codes"] = [
            ([numbers[candidate.code] for candidate in coding.candidates] + absent_codes)[:MAX_CANDIDATES]
            for coding in codings
        ]
        rows["probabilities"] = [
            ([candidate.probability for candidate in coding.candidates] + absent)[:MAX_CANDIDATES] for coding in codings
        ]
        rows["confidence_index"] = [coding.confidence_index if coding.candidates else np.nan for coding in codings]


def _without_cache(model: CodingModel) -> CodingModel:
    return CodingModel(model.version, model.nomenclature, model.rules, model.classifier, BoundedCache(0))
