"""Texts that code nothing, and texts that are themselves a code: the first step of the cascade."""

from __future__ import annotations

import re

from unidecode import unidecode

from models.nomenclature import Nomenclature
from schemas.reasons import DecisionReason

_NOT_WORD = re.compile(r"[^a-z0-9]+")

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
    words = _NOT_WORD.sub(" ", unidecode(text).lower()).split()
    letters = sum(character.isalpha() for word in words for character in word)
    if letters == 0:
        return DecisionReason.NO_LETTERS
    if letters == 1:
        return DecisionReason.SINGLE_LETTER
    words = [word for word in words if not word.isdigit()]
    if all(word in _POINTERS for word in words) and any(word in _POINTING for word in words):
        return DecisionReason.REFERS_ELSEWHERE
    if all(word in _NOTHING for word in words):
        return DecisionReason.SAYS_NOTHING
    return None


_BEFORE_A_CODE = re.compile(r"^\s*(?:code\s+)?(?:ape|apen|naf)?\s*[:=]?\s*", re.IGNORECASE)


def typed_code(text: str, nomenclature: Nomenclature) -> str | None:
    """The code of the nomenclature that a text consists of ("APE 43.22A", "4322a"), or `None`."""
    return nomenclature.canonical(_BEFORE_A_CODE.sub("", text, count=1))
