"""The model's input line: the words of the text, then one token for each variable. Version 2.

A long text opens with the main activity and goes on to others: its first words stand twice, since
the code is the main activity's and the model averages over words.

Each value of each variable is one character of Unicode's private use area. fastText builds
sub-words from the characters of a token, so tokens written `NAT_10` and `NAT_17` would share
"NAT", "AT_" and "T_1" (a known flaw of Insee's model); a token of one character shares nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from models.text import FRENCH, join_fields, normalise
from schemas.formality import Formality

VERSION = 2
_FIRST_CODE_POINT = 0xE000
_WIDTH = 1_000
LONG_TEXT = 6
"""Words; a longer text repeats its first `OPENING` words."""
OPENING = 4
"""Code points reserved for each variable; six variables fit the 6,400 of the area."""

VARIABLES = ("nature", "type_form", "event", "surface", "cj_family", "permanence")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable's value, for people: what a token stands for; `None` means missing."""

    name: str
    value: str | None


def variables(formality: Formality) -> tuple[Variable, ...]:
    """The six variables the model sees; the legal form by its family (first two digits)."""
    return tuple(Variable(name, value) for name, value in zip(VARIABLES, _values(formality), strict=True))


def _values(formality: Formality) -> tuple[str | None, ...]:
    return (
        formality.nature,
        formality.type_form,
        formality.event,
        formality.surface,
        formality.cj[:2] if formality.cj else None,
        formality.activity_permanence_status,
    )


def token(variable: Variable) -> str:
    """The one-character token of a value, the missing value included."""
    position = VARIABLES.index(variable.name)
    return chr(_FIRST_CODE_POINT + position * _WIDTH + _rank(variable.value))


def _rank(value: str | None) -> int:
    """Position of a value among the possible ones of its form: 0 is missing.

    Forms are two digits, two digits and a letter of P M F, one digit or one capital letter: each
    gets its own position below 1,000.
    """
    if value is None:
        return 0
    if value.isdigit():
        return 1 + int(value)
    if len(value) == 3:
        return 200 + int(value[:2]) * 3 + "PMF".index(value[2])
    return 600 + ord(value) - ord("A")


@lru_cache(maxsize=8_192)
def _tokens(values: tuple[str | None, ...]) -> str:
    # A missing value leaves no token: six tokens of nothing would weigh as much as the words of a short text.
    return " ".join(token(Variable(name, v)) for name, v in zip(VARIABLES, values, strict=True) if v is not None)


def text_of(formality: Formality, language: str = FRENCH) -> str:
    """The normalised words of a filing's three text fields, joined the same way everywhere."""
    return normalise(join_fields(raw_texts(formality)), language)


def raw_texts(formality: Formality) -> tuple[str | None, ...]:
    """The text fields in the order they are joined."""
    return (
        formality.description_activity,
        formality.other_nature_activity,
        formality.precision_act_sec_agricole,
    )


def input_line(text: str, formality: Formality) -> str:
    """What fastText reads: normalised text, then the tokens; empty text leaves the tokens alone."""
    if text.count(" ") >= LONG_TEXT:
        text = f"{text} {' '.join(text.split(' ', OPENING)[:OPENING])}"
    return f"{text} {_tokens(_values(formality))}".strip()
