"""How people write: capitals, missing accents, slips of the finger, and texts that say nothing."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

UNCODABLE = (
    "idem",
    "IDEM",
    "voir kbis",
    "VOIR KBIS",
    "voir extrait kbis",
    "cf statuts",
    "néant",
    "NEANT",
    "activité principale",
    "voir ci-dessus",
    "idem siège",
    "non renseigné",
    "inchangé",
    ".",
    "-",
    "x",
    "12345",
)
"""What real declarants write where an activity is asked; the rejection step returns each."""

NEIGHBOURS = {
    "a": "zq", "b": "vn", "c": "xv", "d": "sf", "e": "zr", "f": "dg", "g": "fh", "h": "gj", "i": "uo",
    "j": "hk", "k": "jl", "l": "km", "m": "lp", "n": "b", "o": "ip", "p": "om", "q": "sa", "r": "et",
    "s": "qd", "t": "ry", "u": "yi", "v": "cb", "w": "x", "x": "wc", "y": "tu", "z": "ae",
}  # fmt: skip
"""Keys beside each other on a French keyboard."""


def slipped(text: str, chance: random.Random) -> str:
    """The text with one typing error within a word; a text of under three characters as it is.

    >>> slipped("plomberie", random.Random(1)) != "plomberie"
    True
    """
    if len(text) < 3:
        return text
    at = 1 + int(chance.random() * (len(text) - 2))
    changed = SLIPS[int(chance.random() * len(SLIPS))](text, at, chance)
    return changed if changed.strip() and changed != text else text[:at] + text[at - 1] + text[at:]


def _swapped(text: str, at: int, chance: random.Random) -> str:
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _dropped(text: str, at: int, chance: random.Random) -> str:
    return text[:at] + text[at + 1 :]


def _doubled(text: str, at: int, chance: random.Random) -> str:
    return text[:at] + text[at] + text[at:]


def _beside(text: str, at: int, chance: random.Random) -> str:
    keys = NEIGHBOURS.get(text[at].lower())
    if keys is None:
        return _swapped(text, at, chance)
    key = keys[int(chance.random() * len(keys))]
    return text[:at] + (key.upper() if text[at].isupper() else key) + text[at + 1 :]


def unaccented(text: str) -> str:
    """The text without its accents, as on a keyboard that has none.

    >>> unaccented("Pâtisserie orientale à domicile")
    'Patisserie orientale a domicile'
    """
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


SLIPS: tuple[Callable[[str, int, random.Random], str], ...] = (_swapped, _dropped, _doubled, _beside)
