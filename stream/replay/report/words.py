"""What the report says, in French and in English at once.

Both languages are in the file; style.css shows the one that `<html lang>` names. Whatever comes
from filings or names goes through `Said`, which is where text is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from html import escape

from models.backtest.estimates import Estimate

NARROW = "\u202f"
HARD = "\u00a0"
_MONTHS_FR = "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.".split()
_MONTHS_EN = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass(frozen=True, slots=True)
class Said:
    """A text in both languages, not yet escaped."""

    fr: str
    en: str

    def html(self, tag: str = "span") -> str:
        """Both, each marked with its language; once where they are equal."""
        if self.fr == self.en:
            return escape(self.fr) if tag == "span" else f"<{tag}>{escape(self.fr)}</{tag}>"
        return f'<{tag} lang="fr">{escape(self.fr)}</{tag}><{tag} lang="en">{escape(self.en)}</{tag}>'

    def __add__(self, other: Said) -> Said:
        return Said(self.fr + other.fr, self.en + other.en)


def plain(text: str) -> Said:
    """What is the same in both: a name, a code, a declarant's words."""
    return Said(text, text)


def say(fr: str, en: str, **values: Said | str) -> Said:
    """A sentence with values in braces, each in its language."""
    said = {name: value if isinstance(value, Said) else plain(value) for name, value in values.items()}
    return Said(
        fr.format_map({name: value.fr for name, value in said.items()}),
        en.format_map({name: value.en for name, value in said.items()}),
    )


def joined(parts: Iterable[Said], separator: str = ", ") -> Said:
    """Several texts as one."""
    parts = list(parts)
    return Said(separator.join(part.fr for part in parts), separator.join(part.en for part in parts))


def number(value: float, digits: int = 0) -> Said:
    """A number with its thousands apart.

    >>> number(1234.5, 1).en, number(1234.5, 1).fr == f"1{NARROW}234,5"
    ('1,234.5', True)
    """
    text = f"{value:,.{digits}f}"
    return Said(text.replace(",", NARROW).replace(".", ","), text)


def significant(value: float) -> Said:
    """A number to four digits behind the point, without idle zeros: thresholds, distances."""
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return Said(text.replace(".", ","), text)


def percent(value: float | None, digits: int = 1) -> Said:
    """A share; a dash where nothing is known."""
    if value is None:
        return plain("–")
    text = f"{100 * value:.{digits}f}"
    return Said(f"{text.replace('.', ',')}{HARD}%", f"{text}%")


def interval(estimate: Estimate, digits: int = 1) -> Said:
    """A share with its 95 % interval in brackets."""
    if estimate.value is None:
        return plain("–")
    low, high = f"{100 * estimate.low:.{digits}f}", f"{100 * estimate.high:.{digits}f}"
    share = percent(estimate.value, digits)
    return Said(
        f"{share.fr} [{low.replace('.', ',')}{HARD};{HARD}{high.replace('.', ',')}]", f"{share.en} [{low}, {high}]"
    )


def points(value: float, digits: int = 1) -> Said:
    """A difference of shares, in points, with its sign."""
    text = f"{100 * value:+.{digits}f}".replace("-", "−")
    return Said(text.replace(".", ","), text)


def p_value(value: float) -> Said:
    """A p-value with its sign, never as zero.

    >>> p_value(0.0304).en, p_value(1e-9).en
    ('p = 0.030', 'p < 0.0001')
    """
    if value < 0.0001:
        return Said("p < 0,0001", "p < 0.0001")
    text = f"{value:.4f}" if value < 0.01 else f"{value:.3f}"
    return Said(f"p = {text.replace('.', ',')}", f"p = {text}")


def day(value: date, *, year: bool = True) -> Said:
    """A date.

    >>> day(date(2026, 2, 1)).en
    '1 Feb 2026'
    """
    first = "1er" if value.day == 1 else str(value.day)
    tail = f" {value.year}" if year else ""
    return Said(f"{first} {_MONTHS_FR[value.month - 1]}{tail}", f"{value.day} {_MONTHS_EN[value.month - 1]}{tail}")
