"""Why this code? Which words and variables of a filing carried the first candidates.

The contributions are the model's own arithmetic taken apart (models/contributions.py), said in the
declarant's words: a stem is shown as the first word of the text that it comes from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter, itemgetter

from models import features
from models.coding import Coding, CodingModel
from models.contributions import Contributions, fasttext_of
from models.lru import BoundedCache
from models.text import normalise
from schemas.decision import Candidate, Stage
from schemas.formality import Formality

EXPLAINED = 2
"""The chosen code and the runner-up."""
MISSING = "missing"

_WEIGHT = itemgetter(1)
_WRITTEN_WORD = re.compile(r"\w+")


class Kind(StrEnum):
    """What a reason is made of."""

    WORD = "word"
    VARIABLE = "variable"


@dataclass(frozen=True, slots=True)
class Reason:
    """One word or variable, and what it adds to a code's score.

    Parameters
    ----------
    said
        The word as the declarant wrote it; a variable as `nature=10`, or `nature missing`.
    token
        What the model read for it: a stem, or a variable's character.
    weight
        In units of the score: with softmax 1 makes the code e times as probable against the average
        code, with ova it is added to the logarithm of the odds; below zero it speaks against the code.
    """

    kind: Kind
    said: str
    token: str
    weight: float


@dataclass(frozen=True, slots=True)
class Account:
    """Where one candidate's score comes from: `score` is `base` and all weights together.

    Parameters
    ----------
    base
        What every filing gets: the part of the end of the line.
    reasons
        Every word and variable, the strongest first.
    """

    candidate: Candidate
    score: float
    base: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A coding with the accounts of its first candidates.

    Parameters
    ----------
    accounts
        None when the model was not asked: rejection and rules have their reason in themselves.
    """

    coding: Coding
    accounts: tuple[Account, ...]


def explain(formality: Formality, *, model: CodingModel) -> Explanation:
    """Why the model gives a filing its code, and why it might have been the runner-up.

    Raises
    ------
    ModelError
        The model is not fastText, whose arithmetic this takes apart.
    """
    return Explainer(model).explain(formality)


class Explainer:
    """Explains the codings of one model; keeps the vectors of words that come again."""

    def __init__(self, model: CodingModel) -> None:
        self._model = model
        self._contributions = Contributions(fasttext_of(model))

    def explain(self, formality: Formality) -> Explanation:
        """`explain` for this model."""
        (coding,) = self._model.code([formality])
        if coding.stage is not Stage.MODEL:
            return Explanation(coding, ())
        chosen = coding.candidates[:EXPLAINED]
        tokens = _tokens(formality, self._model.language)
        (parts,) = self._contributions.of([tokens], [[candidate.code for candidate in chosen]])
        said = _Sayings(formality, self._model.language)
        accounts = []
        for candidate, column in zip(chosen, parts.T.tolist(), strict=True):
            reasons = [said.reason(token, weight) for token, weight in _by_token(tokens, column)]
            accounts.append(Account(candidate, sum(column), column[-1], tuple(reasons)))
        return Explanation(coding, tuple(accounts))

    def strongest(
        self, formalities: Sequence[Formality], codes: Sequence[Sequence[str]], *, most: int
    ) -> list[list[list[tuple[str, float]]]]:
        """What was written that speaks most for given codes, and its weight; for many filings at once.

        Parameters
        ----------
        codes
            For each filing, as many each.
        most
            Words and variables for each code, the strongest first. A missing variable is none of
            them, and neither is what speaks against the code.
        """
        lines = [_tokens(formality, self._model.language) for formality in formalities]
        found = []
        for formality, tokens, parts in zip(formalities, lines, self._contributions.of(lines, codes), strict=True):
            said = _Sayings(formality, self._model.language)
            found.append([said.strongest(_by_token(tokens, column), most) for column in parts.T.tolist()])
        return found


def _tokens(formality: Formality, language: str) -> list[str]:
    return features.input_line(features.text_of(formality, language), formality).split()


def _by_token(tokens: Sequence[str], weights: Sequence[float]) -> list[tuple[str, float]]:
    """Each token once with its weight, the greatest first; one that stands twice in the line has both weights.

    Weights beyond the tokens (the end of the line's) are left out.
    """
    total = dict(zip(tokens, weights, strict=False))
    if len(total) < len(tokens):
        total = dict.fromkeys(total, 0.0)
        for token, weight in zip(tokens, weights, strict=False):
            total[token] += weight
    return sorted(total.items(), key=_WEIGHT, reverse=True)


class _Sayings:
    """How the tokens of one filing's line are said to people."""

    def __init__(self, formality: Formality, language: str) -> None:
        self._language = language
        self._variables = _said(formality)
        texts = " ; ".join(filter(None, features.raw_texts(formality)))
        self._written = _WRITTEN_WORD.findall(texts)
        self._sources = {token: word for word in reversed(self._written) for token in _tokens_of(word, language)}

    def strongest(self, ranked: Sequence[tuple[str, float]], most: int) -> list[tuple[str, float]]:
        """The first `most` that speak for the code and are there."""
        found: list[tuple[str, float]] = []
        for token, weight in ranked:
            if weight <= 0.0 or len(found) == most:
                break
            said = self._variables.get(token)
            if said is None:
                found.append((self._sources.get(token) or self._pair(token), weight))
            elif not said.endswith(MISSING):
                found.append((said, weight))
        return found

    def reason(self, token: str, weight: float) -> Reason:
        """A token and its weight, said."""
        variable = self._variables.get(token)
        if variable is None:
            return Reason(Kind.WORD, self._sources.get(token) or self._pair(token), token, weight)
        return Reason(Kind.VARIABLE, variable, token, weight)

    def _pair(self, token: str) -> str:
        """The first two words that give the token together; the token itself where none do."""
        for first, second in zip(self._written, self._written[1:], strict=False):
            if token in _tokens_of(f"{first} {second}", self._language):
                return f"{first} {second}"
        return token


@lru_cache(maxsize=32_768)
def _tokens_of(word: str, language: str) -> frozenset[str]:
    """What the model reads when a word stands alone."""
    return frozenset(normalise(word, language).split())


_VALUES = attrgetter("nature", "type_form", "event", "surface", "cj", "activity_permanence_status")
_SAID: BoundedCache[tuple[str | None, ...], Mapping[str, str]] = BoundedCache(8_192)


def _said(formality: Formality) -> Mapping[str, str]:
    """Token -> how it is said, for one set of variables; few sets make up most filings."""
    values = _VALUES(formality)
    said = _SAID.get(values)
    if said is None:
        said = {
            features.token(variable): f"{variable.name} {MISSING}"
            if variable.value is None
            else f"{variable.name}={variable.value}"
            for variable in features.variables(formality)
        }
        _SAID.put(values, said)
    return said
