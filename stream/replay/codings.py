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

GENERATION = 65_536
"""Contents whose codings are kept, twice as many in all, about 0.15 kB each and 70 bytes a model."""
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
    content and the artefact alone. It is in two generations: what the older one holds and nobody asks
    for while the younger one fills is forgotten.

    Parameters
    ----------
    generation
        Contents whose codings a generation keeps, or those of one call.
    """

    def __init__(self, models: Sequence[CodingModel], vocabulary: Vocabulary, *, generation: int = GENERATION) -> None:
        numbers = {code: number for number, code in enumerate(vocabulary.codes)}
        # Their own caches would remember the same again, in more room.
        self._coders = [_Coder(model, numbers) for model in models]
        self._generation = generation
        self._young = self._old = _Generation.empty(len(models))

    def of(self, contents: Sequence[Content], digests: Sequence[bytes]) -> list[Table]:
        """For each model the codings of distinct contents, shape (contents,).

        Parameters
        ----------
        digests
            What each content is remembered by (`stream.replay.identities.digests`).
        """
        if len(self._young.places) + len(contents) > self._generation:
            self._old, self._young = self._young, _Generation.empty(len(self._coders))
        young, old = self._young, self._old
        recalled = [digest for digest in dict.fromkeys(digests) if digest in old.places and digest not in young.places]
        young.add(recalled, old.of(recalled))
        pairs = zip(digests, contents, strict=True)
        new = {digest: content for digest, content in pairs if digest not in young.places}
        young.add(list(new), self._coded(list(new.values())))
        return young.of(digests)

    def _coded(self, new: Sequence[Content]) -> list[Table]:
        # A coding depends on these fields alone: a value without the others takes a tenth of the time.
        filings = cast("list[Formality]", list(starmap(Filed, new)))
        tables = []
        for coder in self._coders:
            table = np.zeros(len(new), dtype=LAYOUT)
            for name, absent in (("settled", NONE), ("codes", NONE), ("probabilities", np.nan)):
                table[name] = absent
            for start in range(0, len(new), BATCH):
                coder.fill(table[start : start + BATCH], filings[start : start + BATCH])
            table["confidence_index"] = _confidence(table["probabilities"])
            tables.append(table)
        return tables


@dataclass(slots=True)
class _Generation:
    """Codings, for each model a table; `places` has each content's digest and its row."""

    places: dict[bytes, int]
    tables: list[Table]

    @classmethod
    def empty(cls, models: int) -> _Generation:
        return cls({}, [np.zeros(0, dtype=LAYOUT)] * models)

    def of(self, digests: Sequence[bytes]) -> list[Table]:
        """The rows of contents that are here."""
        chosen = np.fromiter(map(self.places.__getitem__, digests), dtype=np.int64, count=len(digests))
        return [table[chosen] for table in self.tables]

    def add(self, digests: Sequence[bytes], tables: Sequence[Table]) -> None:
        """Contents that are not here, and their rows."""
        if not digests:
            return
        first = len(self.tables[0])
        self.places.update((digest, first + number) for number, digest in enumerate(digests))
        self.tables = [np.concatenate(both) for both in zip(self.tables, tables, strict=True)]


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
