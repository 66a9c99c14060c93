"""Texts that code nothing, and texts that are themselves a code: the first step of the cascade."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.nomenclature import Nomenclature
from models.text import fold, words_of
from schemas.reasons import DecisionReason

_POINTERS = frozenset(
    {
        "idem", "dito", "voir", "cf", "kbis", "k", "bis", "extrait", "statut", "statuts", "annexe", "annexes",
        "joint", "jointe", "joints", "jointes", "piece", "pieces",
        "ci", "dessus", "dessous", "apres", "contre", "meme", "activite", "activites",
        "principale", "le", "la", "les", "l", "que", "au", "aux", "sur", "en", "de", "du", "des", "document",
        "dossier", "precedent", "precedente", "precedemment", "inchange", "inchangee", "siege", "etablissement",
        "objet", "social", "declaration", "formulaire", "imprime", "memes", "anterieure", "changement", "sans", "pas",
    }
)  # fmt: skip
"""Words of a text that only points at another document; it does when it also has a pointing word."""

_POINTING = frozenset(
    {"idem", "dito", "voir", "cf", "kbis", "bis", "annexe", "annexes", "joint", "jointe", "joints", "jointes",
     "statut", "statuts", "dessus", "dessous",
     "meme", "memes", "inchange", "inchangee", "precedent", "precedente", "precedemment", "changement"}
)  # fmt: skip

_NOTHING = frozenset(
    {
        "neant", "aucun", "aucune", "rien", "nc", "np", "na", "ras", "non", "renseigne", "renseignee", "communique",
        "communiquee", "connu", "connue", "precise", "precisee", "definir", "defini", "definie", "determiner",
        "determine", "activite", "activites", "principale", "principales", "secondaire", "secondaires", "exercee",
        "exercees", "a", "completer", "preciser", "inconnu", "inconnue", "divers", "diverse", "diverses", "autre",
        "autres", "toute", "toutes", "tout", "tous", "test", "essai", "x", "xx", "xxx", "xxxx", "la", "le", "les",
        "l", "de", "d", "du", "des", "pour", "moment", "encore", "entreprise", "societe", "micro", "auto",
        "entrepreneur", "entrepreneuse", "autoentrepreneur", "microentrepreneur", "independant", "independante",
        "code", "ape", "naf", "etc", "et", "ou", "pas", "sans", "objet", "reprise", "creation",
    }
)  # fmt: skip
"""Words none of which says what is done."""


_SUSPECT = _POINTERS | _NOTHING


def rejection(text: str) -> DecisionReason | None:
    """Why a text codes nothing, or `None` when it may say something.

    >>> rejection("Voir Kbis").value, rejection("néant").value, rejection("12 - 14").value
    ('refers_elsewhere', 'says_nothing', 'no_letters')
    >>> rejection("boulangerie") is None
    True
    """
    return rejection_of_words(words_of(fold(text)))


def rejection_of_words(words: Sequence[str]) -> DecisionReason | None:
    """`rejection` for the words of a folded text."""
    if not words:
        return DecisionReason.NO_LETTERS
    if _says_something(words[0]):
        return None
    if len(words) == 1 and len(words[0]) == 1:
        return DecisionReason.SINGLE_LETTER
    if _POINTERS.issuperset(words) and not _POINTING.isdisjoint(words):
        return DecisionReason.REFERS_ELSEWHERE
    if all(word in _NOTHING or _is_filler(word) for word in words) or _spelt(words) in _NOTHING:
        return DecisionReason.SAYS_NOTHING
    return None


def _says_something(word: str) -> bool:
    """Whether a text that opens with this word needs no closer look: what follows cannot empty it."""
    return len(word) > 1 and word not in _SUSPECT and not _is_filler(word)


def _is_filler(word: str) -> bool:
    """One letter held down: "xxxxx", "aaaa"."""
    return len(word) > 2 and word == word[0] * len(word)


def _spelt(words: Sequence[str]) -> str:
    """The word that letters with dots between them spell ("n.c.", "R.A.S"); empty for other texts."""
    return "".join(words) if all(len(word) == 1 for word in words) else ""


_DIGIT = re.compile(r"[0-9]")
MAX_TYPED_CODE_LENGTH = 40
"""Characters; a longer text is more than a code."""
_AROUND_A_CODE = re.compile(r"^[\W_]*(?:(?:codes?|n[°o]|num[eé]ro|a\.?p\.?e\.?n?|naf)[\W_]*)*|[\W_]+$", re.IGNORECASE)
"""What people write before and after it: "code APE n° 4322A", "(4322A)"."""


def typed_code(text: str, nomenclature: Nomenclature) -> str | None:
    """The code of the nomenclature that a text consists of ("APE 43.22A", "4322a"), or `None`."""
    if len(text) > MAX_TYPED_CODE_LENGTH or (nomenclature.codes_have_digits and not _DIGIT.search(text)):
        return None
    return nomenclature.canonical(_AROUND_A_CODE.sub("", text))
