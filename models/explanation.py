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

from models import features
from models.coding import Coding, CodingModel
from models.contributions import Contributions, fasttext_of
from models.text import normalise
from schemas.decision import Candidate, Stage
from schemas.formality import Formality

EXPLAINED = 2
"""The chosen code and the runner-up."""
MISSING = "missing"

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
        tokens = _tokens(formality)
        (parts,) = self._contributions.of([tokens], [[candidate.code for candidate in chosen]])
        said = _Sayings(formality)
        accounts = []
        for candidate, column in zip(chosen, parts.T.tolist(), strict=True):
            reasons = [said.reason(token, weight) for token, weight in _by_token(tokens, column).items()]
            reasons.sort(key=lambda reason: (-reason.weight, reason.said))
            accounts.append(Account(candidate, sum(column), column[-1], tuple(reasons)))
        return Explanation(coding, tuple(accounts))

    def strongest(
        self, formalities: Sequence[Formality], codes: Sequence[Sequence[str]], *, most: int
    ) -> list[list[list[Reason]]]:
        """The strongest reasons for given codes, for many filings that the model has coded.

        Parameters
        ----------
        codes
            For each filing, as many each.
        most
            Reasons for each code. A missing variable is none, and neither is what speaks against it.
        """
        lines = [_tokens(formality) for formality in formalities]
        found = []
        for formality, tokens, parts in zip(formalities, lines, self._contributions.of(lines, codes), strict=True):
            said = _Sayings(formality)
            found.append([said.strongest(_by_token(tokens, column), most) for column in parts.T.tolist()])
        return found


def _tokens(formality: Formality) -> list[str]:
    return features.input_line(features.text_of(formality), formality).split()


def _by_token(tokens: Sequence[str], weights: Sequence[float]) -> dict[str, float]:
    """Weight of each token; one that stands twice in the line has both. What has no token is left out."""
    total: dict[str, float] = {}
    for token, weight in zip(tokens, weights, strict=False):
        total[token] = total.get(token, 0.0) + weight
    return total


class _Sayings:
    """How the tokens of one filing's line are said to people."""

    def __init__(self, formality: Formality) -> None:
        self._formality = formality
        self._variables = {features.token(variable): variable for variable in features.variables(formality)}
        self._words: list[str] | None = None

    def strongest(self, weights: Mapping[str, float], most: int) -> list[Reason]:
        """The `most` strongest that speak for the code."""
        reasons: list[Reason] = []
        for weight, token in sorted(((weight, token) for token, weight in weights.items()), reverse=True):
            if weight <= 0.0 or len(reasons) == most:
                break
            if (variable := self._variables.get(token)) is None or variable.value is not None:
                reasons.append(self.reason(token, weight))
        return reasons

    def reason(self, token: str, weight: float) -> Reason:
        """A token and its weight, said."""
        variable = self._variables.get(token)
        if variable is None:
            return Reason(Kind.WORD, self._written(token), token, weight)
        value = f" {MISSING}" if variable.value is None else f"={variable.value}"
        return Reason(Kind.VARIABLE, f"{variable.name}{value}", token, weight)

    def _written(self, token: str) -> str:
        """The first word of the text, or pair of words, that gives the token; the token where none does."""
        if self._words is None:
            self._words = _WRITTEN_WORD.findall(" ; ".join(filter(None, features.raw_texts(self._formality))))
        for word in self._words:
            if token in _tokens_of(word):
                return word
        for first, second in zip(self._words, self._words[1:], strict=False):
            if token in _tokens_of(f"{first} {second}"):
                return f"{first} {second}"
        return token


@lru_cache(maxsize=32_768)
def _tokens_of(word: str) -> frozenset[str]:
    """What the model reads when a word stands alone."""
    return frozenset(normalise(word).split())
