"""The goods of shops sold otherwise: the same words, another nature, another code.

Declarants name their goods and tick how they sell them ("bijoux", 17 for the internet), so most
of what makes 4791B or 4789Z is in no text. For a part of the shops' lines that name goods and no
way of selling, `further` adds the line with each other nature and the code that this makes.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources

from models.starter.declarations import MISSING, Declaration, Weights
from models.text import fold

INTERNET, MARKET, WHOLESALE = "17", "16", "09"
SHARES = {INTERNET: 0.7, MARKET: 0.5, WHOLESALE: 0.4}
"""Of the lines that may be read so: more would crowd out what is written for these classes."""
MOST_WORDS = 6

PROFILES: Mapping[str, Mapping[str, Weights]] = {
    INTERNET: {"type_form": {"C": 6, "Y": 5, MISSING: 4}, "person": {"P": 5, "M": 2}},
    MARKET: {"type_form": {"C": 7, "Y": 4, MISSING: 4}, "person": {"P": 8, "M": 1}},
    WHOLESALE: {"type_form": {"C": 8, MISSING: 2}, "person": {"P": 3, "M": 7}},
}
"""Who files what: type of filing and person by nature."""

_SAYS_HOW = re.compile(
    r"magasin|boutiq|march|internet|ligne|web|site|ambul|itin|tourn|domicil|super|hyper|gros|fabri|artisan|creat|cree"
    r"|expo|local|rayon|galeri|depot|salon|station|drive|concession|libre.service|shop|store|detail|repar|install"
    r"|locat|atelier|confect|entrepot|enseigne|commerce|chez|occasion|friperi|broc|cooperat|eleveur|producteur"
)
"""Words, folded, that tell how or where goods are sold, or that something else is done with them."""
_TRADES = re.compile(
    r"\w*(erie|ier|iere|iste|eur|euse|cien|cienne)s?\b|boucher|opti(c|q)|ortho|audio|kiosque|bazar|tabac|showroom|pulsat"
    r"|zara|eram|ikea|conforama|but meuble|bouygues|orange|krys|lush|joueclub|bastide|la halle|san marina"
)
"""A trade, a kind of shop or its sign says where it sells."""


def further(lines: Sequence[Declaration]) -> Iterator[Declaration]:
    """The lines that name a shop's goods, as filed by those who sell them otherwise.

    Parameters
    ----------
    lines
        Of the corpus. Which are taken depends on each line's own words, so that adding a line
        leaves the others as they were.
    """
    channels = {row["shop"]: row for row in _rows()}
    for line in lines:
        channel = channels.get(line.codes[0])
        if channel is None or not _names_goods_alone(line):
            continue
        yield from _otherwise(line, channel)


def _otherwise(line: Declaration, channel: Mapping[str, str]) -> Iterator[Declaration]:
    goods = channel["goods_2025"] or line.codes[1]
    codes = {
        INTERNET: (channel["internet"], goods),
        MARKET: (channel["market"], goods),
        WHOLESALE: (channel["wholesale"], channel["wholesale_2025"]),
    }
    for nature, pair in codes.items():
        if pair[0] and _chance(line.text, nature) < SHARES[nature]:
            yield Declaration(line.text, pair, PROFILES[nature], {"nature": nature, "surface": MISSING})


def _names_goods_alone(line: Declaration) -> bool:
    said = fold(line.text)
    return (
        not {"nature", "surface"} & set(line.overrides)
        and len(said.split()) <= MOST_WORDS
        and not _SAYS_HOW.search(said)
        and not _TRADES.search(said)
    )


def _chance(text: str, nature: str) -> float:
    """A figure in [0, 1) that is always the same for the same text and nature."""
    return int.from_bytes(hashlib.sha256(f"{nature}:{text}".encode()).digest()[:8], "big") / 2**64


def _rows() -> Iterator[Mapping[str, str]]:
    with (resources.files("models") / "starter" / "channels.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)
