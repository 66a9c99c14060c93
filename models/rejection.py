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
        "joint", "jointe", "ci", "dessus", "dessous", "apres", "contre", "meme", "activite", "activites",
        "principale", "le", "la", "les", "l", "que", "au", "aux", "sur", "en", "de", "du", "des", "document",
        "dossier", "precedent", "precedente", "precedemment", "inchange", "inchangee", "siege", "etablissement",
        "objet", "social", "declaration", "formulaire", "imprime", "memes", "anterieure", "changement", "sans", "pas",
    }
)  # fmt: skip
"""Words of a text that only points at another document; it does when it also has a pointing word."""

_POINTING = frozenset(
    {"idem", "dito", "voir", "cf", "kbis", "bis", "annexe", "annexes", "joint", "jointe", "dessus", "dessous",
     "meme", "memes", "inchange", "inchangee", "precedent", "precedente", "precedemment", "changement"}
)  # fmt: skip

_NOTHING = frozenset(
    {
        "neant", "aucun", "aucune", "rien", "nc", "np", "na", "ras", "non", "renseigne", "renseignee", "communique",
        "communiquee", "connu", "connue", "precise", "precisee", "definir", "defini", "definie", "determiner",
        "determine", "activite", "activites", "principale", "principales", "secondaire", "secondaires", "exercee",
        "exercees", "a", "completer", "preciser", "inconnu", "inconnue", "divers", "diverse", "diverses", "autre",
        "autres", "toute", "toutes", "tout", "tous", "test", "essai", "x", "xx", "xxx", "xxxx", "la", "le", "les",
        "l", "de", "d", "du", "des", "pour", "le", "moment", "encore", "entreprise", "societe", "micro", "auto",
        "entrepreneur", "entrepreneuse", "autoentrepreneur", "microentrepreneur", "independant", "independante",
        "code", "ape", "naf", "etc", "et", "ou", "pas", "sans", "objet", "reprise", "creation",
    }
)  # fmt: skip
"""Words none of which says what is done."""


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
    if len(words) == 1 and len(words[0]) == 1:
        return DecisionReason.SINGLE_LETTER
    if _POINTERS.issuperset(words) and not _POINTING.isdisjoint(words):
        return DecisionReason.REFERS_ELSEWHERE
    if _NOTHING.issuperset(words):
        return DecisionReason.SAYS_NOTHING
    return None


MAX_TYPED_CODE_LENGTH = 40
"""Characters; a longer text is more than a code."""
_BEFORE_A_CODE = re.compile(r"^\s*(?:code\s+)?(?:ape|apen|naf)?\s*[:=]?\s*", re.IGNORECASE)


def typed_code(text: str, nomenclature: Nomenclature) -> str | None:
    """The code of the nomenclature that a text consists of ("APE 43.22A", "4322a"), or `None`."""
    if len(text) > MAX_TYPED_CODE_LENGTH:
        return None
    return nomenclature.canonical(_BEFORE_A_CODE.sub("", text, count=1))
