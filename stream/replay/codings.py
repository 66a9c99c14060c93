"""Codings as columns: each content is coded once a model and remembered compactly."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from models import features
from models.classifier import PROBABILITY_DECIMALS, FastTextClassifier
from models.coding import Coding, CodingModel, Content
from schemas.decision import MAX_CANDIDATES, Stage
from schemas.formality import CODING_FIELDS, Formality
from schemas.reasons import DecisionReason
from stream.replay.filings import Index

REMEMBERED = 200_000
"""Contents whose codings are kept, about 0.2 kB each and 70 bytes a model; then all are forgotten."""
BATCH = 2_048
"""Contents coded at a time."""

STAGES = tuple(Stage)
REASONS = tuple(DecisionReason)
MODEL = STAGES.index(Stage.MODEL)
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

    Parameters
    ----------
    remembered
        Contents whose codings are kept.
    """

    def __init__(self, models: Sequence[CodingModel], vocabulary: Vocabulary, *, remembered: int = REMEMBERED) -> None:
        numbers = {code: number for number, code in enumerate(vocabulary.codes)}
        # Their own caches would remember the same again, in more room.
        self._coders = [_Coder(model, numbers) for model in models]
        self._remembered = remembered
        self._places: dict[bytes, int] = {}
        self._tables: list[Table] = []
        self._forget()

    def of(self, contents: Sequence[Content], digests: Sequence[bytes]) -> list[Table]:
        """For each model the codings of distinct contents, shape (contents,).

        Parameters
        ----------
        digests
            What each content is remembered by (`stream.replay.identities.digests`).
        """
        if len(self._places) + len(contents) > self._remembered and self._places:
            self._forget()
        places = self._places
        new = [(digest, content) for digest, content in zip(digests, contents, strict=True) if digest not in places]
        if new:
            first = len(places)
            places.update((digest, first + number) for number, (digest, _) in enumerate(new))
            self._learn([content for _, content in new])
        chosen = np.fromiter(map(places.__getitem__, digests), dtype=np.int64, count=len(contents))
        return [table[chosen] for table in self._tables]

    def _forget(self) -> None:
        self._places = {}
        self._tables = [np.zeros(0, dtype=LAYOUT) for _ in self._coders]

    def _learn(self, new: Sequence[Content]) -> None:
        # A coding depends on these fields alone: a value without the others takes a tenth of the time.
        filings = cast("list[Formality]", list(starmap(Filed, new)))
        for number, coder in enumerate(self._coders):
            added = np.zeros(len(new), dtype=LAYOUT)
            for name, absent in (("settled", NONE), ("codes", NONE), ("probabilities", np.nan)):
                added[name] = absent
            for start in range(0, len(new), BATCH):
                coder.fill(added[start : start + BATCH], filings[start : start + BATCH])
            added["confidence_index"] = _confidence(added["probabilities"])
            self._tables[number] = np.concatenate([self._tables[number], added])


class _Coder:
    """Codes filings with one model into rows of a table."""

    def __init__(self, model: CodingModel, numbers: Mapping[str, int]) -> None:
        self._model = model
        self._numbers = numbers
        # The same answers as columns, where the classifier has them.
        self._fasttext = model.classifier if isinstance(model.classifier, FastTextClassifier) else None
        codes = self._fasttext.codes if self._fasttext else ()
        self._number_of = np.array([numbers[code] for code in codes], dtype=np.int32)

    def fill(self, rows: Table, filings: Sequence[Formality]) -> None:
        """Code filings; `rows` are theirs and hold nothing yet."""
        lines: list[str] = []
        places: list[int] = []
        for place, formality in enumerate(filings):
            text, coding = self._model.before_model(formality)
            if coding is None:
                lines.append(features.input_line(text, formality))
                places.append(place)
            else:
                self._note(rows, place, coding)
        at = np.array(places, dtype=np.int64)
        rows["stage"][at] = MODEL
        if self._fasttext is not None:
            best, probabilities = self._fasttext.ranked(lines, MAX_CANDIDATES)
            width = best.shape[1]
            rows["codes"][at, :width] = self._number_of[best]
            rows["probabilities"][at, :width] = probabilities
            return
        for place, pairs in zip(places, self._model.classifier.top(lines, MAX_CANDIDATES), strict=True):
            self._candidates(rows, place, pairs)

    def _note(self, rows: Table, place: int, coding: Coding) -> None:
        rows["stage"][place] = STAGES.index(coding.stage)
        rows["settled"][place] = NONE if coding.settled is None else REASONS.index(coding.settled)
        self._candidates(rows, place, [(found.code, found.probability) for found in coding.candidates])

    def _candidates(self, rows: Table, place: int, pairs: Sequence[tuple[str, float]]) -> None:
        for rank, (code, probability) in enumerate(pairs):
            rows["codes"][place, rank] = self._numbers[code]
            rows["probabilities"][place, rank] = probability


def _confidence(probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`Coding.confidence_index` of each row; NaN without candidates."""
    return np.round(probabilities[:, 0] - np.nan_to_num(probabilities[:, 1], nan=0.0), PROBABILITY_DECIMALS)
