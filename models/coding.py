"""The cascade up to the candidates: rejection, rules, model, with a cache in front.

What is found here depends on the filing's content and the artefact alone; the policy comes after,
so that one coding serves any number of policies (replay relies on it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from models import features
from models.lru import BoundedCache
from models.nomenclature import Nomenclature
from models.rejection import rejection_of_words, typed_code
from models.rules import RuleTable
from models.text import FRENCH, fold, join_fields, stems_of, without_empty_phrases, words_of
from schemas.decision import MAX_CANDIDATES, Candidate, Stage, candidates_of
from schemas.formality import CODING_FIELDS, Formality
from schemas.reasons import DecisionReason

_CONTENT = attrgetter(*CODING_FIELDS)
Content = tuple[str | None, ...]
"""The values of `CODING_FIELDS`: all that a coding depends on."""


class Classifier(Protocol):
    """What the cascade needs of a model; tests have a fake of ten lines."""

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """The most probable codes of each line with their probabilities, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Coding:
    """What rejection, rules and model found for one filing's content.

    Parameters
    ----------
    settled
        The reason, when the step itself settles the route (rejection); `None` leaves it to the
        policy.
    candidates
        At most five, most probable first; none when the text codes nothing.
    """

    stage: Stage
    settled: DecisionReason | None
    candidates: tuple[Candidate, ...]

    @property
    def confidence_index(self) -> float:
        """p1 - p2 of the candidates, rounded as the probabilities are; p2 is 0 with one candidate."""
        first = self.candidates[0].probability
        second = self.candidates[1].probability if len(self.candidates) > 1 else 0.0
        return round(first - second, 6)


def content_of(formality: Formality) -> Content:
    """What of a filing the coding depends on."""
    content: Content = _CONTENT(formality)
    return content


@dataclass(frozen=True)
class CodingModel:
    """A loaded artefact, ready to code.

    Parameters
    ----------
    version
        The artefact's.
    cache
        Content -> Coding, bounded; real declarations repeat.
    language
        Of the texts the classifier was trained on: the same stems in training and serving.
    """

    version: str
    nomenclature: Nomenclature
    rules: RuleTable
    classifier: Classifier
    cache: BoundedCache[Content, Coding]
    language: str = FRENCH

    def code(self, formalities: Sequence[Formality]) -> list[Coding]:
        """Code filings; one prediction for all that the cache and the first steps leave over."""
        contents = [content_of(formality) for formality in formalities]
        found: dict[Content, Coding] = {}
        waiting: dict[Content, str] = {}
        for content, formality in zip(contents, formalities, strict=True):
            if content in found or content in waiting:
                continue
            coding = self.cache.get(content)
            if coding is None:
                text, coding = self.before_model(formality)
                if coding is None:
                    waiting[content] = features.input_line(text, formality)
                    continue
                self.cache.put(content, coding)
            found[content] = coding
        labels = self.nomenclature.labels
        for content, pairs in zip(waiting, self.classifier.top(list(waiting.values()), MAX_CANDIDATES), strict=True):
            coding = Coding(Stage.MODEL, None, candidates_of(pairs, labels))
            found[content] = coding
            self.cache.put(content, coding)
        return [found[content] for content in contents]

    def before_model(self, formality: Formality) -> tuple[str, Coding | None]:
        """Normalised text, and the coding when rejection or a rule has it."""
        written = join_fields(features.raw_texts(formality))
        code = typed_code(written, self.nomenclature)
        if code is not None:
            candidates = candidates_of([(code, 1.0)], self.nomenclature.labels)
            return "", Coding(Stage.REJECTION, DecisionReason.APE_CODE_AS_TEXT, candidates)
        folded = fold(written)
        words = words_of(folded)
        reason = rejection_of_words(words)
        if reason is not None:
            return "", Coding(Stage.REJECTION, reason, ())
        said = without_empty_phrases(folded)
        text = stems_of(words if said is folded else words_of(said), self.language)
        rule = self.rules.find(text, formality)
        if rule is not None:
            candidates = candidates_of([(rule.code, rule.precision)], self.nomenclature.labels)
            return text, Coding(Stage.RULE, None, candidates)
        return text, None
