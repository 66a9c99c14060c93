"""From what a declarant wrote to the words the model reads. Version 1.

The steps Insee published for its fastText coder (codif-ape-train, 2022-2024), in that order, less
two defects: stop words are compared after transliteration (an accented stop word never matched),
and the further text fields are joined here, once, for training and serving alike.
One implementation serves training, the stream, batches and replay; golden files hold it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import Stemmer
from unidecode import unidecode

VERSION = 1
"""Written into every artefact; a model is served only by the version it was trained with."""

FRENCH, OTHER = "french", "other"
"""Languages a model may be of. In another than French words are taken as they are: on an English index
of activities, stems and stop words of English gained nothing, since sub-words do their work."""

_EMPTY_PHRASES = re.compile(
    r"\bidem\b[^.;]*"
    r"|\bvoir (?:ci[ -]?(?:dessus|dessous|joint|apres|contre)|(?:l )?annexe|(?:le |l )?(?:extrait |)kbis|k[ -]?bis"
    r"|(?:les )?statuts?|(?:le )?(?:dossier|formulaire|imprime|document|cadre|activite))\b[^.;]*"
    r"|\betc\b"
)
_LETTERS_ONLY = {code: " " for code in range(128) if not chr(code).islower()}
"""Punctuation, digits and capitals of ASCII to spaces; folded text has no other characters."""
_BYTES_OF_LETTERS = bytes(code if chr(code).islower() and code < 128 else 32 for code in range(256))
"""The same for bytes, at a third of the time."""

ADMINISTRATIVE_WORDS = frozenset("code ape apen naf nafa kbis rcs siret siren nc np neant idem cf ras".split())
"""Short words of the form itself, which say nothing of the activity."""

_STOP_WORDS_WITH_ACCENTS = (
    "au aux avec ce ces dans de des du elle en et eux il je la le leur lui ma mais me même mes moi mon ne nos"
    " notre nous on ou par pas pour qu que qui sa se ses son sur ta te tes toi ton tu un une vos votre vous"
    " à été étée étées étés étant suis es est sommes êtes sont serai sera seront serait étais était étions"
    " étaient fus fut furent soit soient ai as avons avez ont aurai aura auront avais avait avaient eut eu"
    " les ainsi dont tout toute tous toutes autre autres cette cet divers diverse diverses notamment"
)
STOP_WORDS = frozenset(unidecode(_STOP_WORDS_WITH_ACCENTS).split())
_DROPPED = {FRENCH: ADMINISTRATIVE_WORDS | STOP_WORDS, OTHER: frozenset[str]()}
_ONLY_FRENCH = frozenset("les du au aux pour avec une dans et dont leur leurs sont notre nos".split())
"""Function words that other languages do not share: "a", "on" and "as" are English, "de" and "la" Spanish."""
LEAST_FRENCH = 0.02
"""Their share of all words from which texts are French: written declarations have 11 %, those of up to
four words 5 %, NAF's titles 8 %; an English index of activities none."""

KNOWN_WORDS = 50_000
"""Words whose stems are remembered, some ten megabytes; beyond, the memory begins anew."""


_STEMMER = Stemmer.Stemmer(FRENCH)


def stem_of(word: str, language: str = FRENCH) -> str:
    """The stem of a word of a to z; empty for a word that says nothing."""
    if len(word) == 1 or word in _DROPPED[language]:
        return ""
    return _STEMMER.stemWord(word) if language == FRENCH else word


class _Stems(dict[str, str]):
    """Word of a to z -> its stem: each is stemmed once."""

    def __init__(self, language: str) -> None:
        self._language = language

    def __missing__(self, word: str) -> str:
        if len(self) >= KNOWN_WORDS:
            self.clear()
        self[word] = stem = stem_of(word, self._language)
        return stem


_STEM_OF = {language: _Stems(language).__getitem__ for language in _DROPPED}


def language_of(texts: Iterable[str]) -> str:
    """French, when enough of all words of the texts are its function words.

    >>> language_of(["Travaux de plomberie pour les particuliers"]), language_of(["Letting of own property"])
    ('french', 'other')
    """
    words = Counter(word for text in texts for word in words_of(fold(text)))
    french = sum(words[word] for word in _ONLY_FRENCH)
    return FRENCH if french > LEAST_FRENCH * words.total() else OTHER


def join_fields(texts: Iterable[str | None]) -> str:
    """The text fields of a filing as one text; missing ones leave no trace.

    The separator ends a phrase, so that "idem" in one field cannot swallow the next.

    >>> join_fields(["Plomberie", None, "chauffage"])
    'Plomberie ; chauffage'
    """
    return " ; ".join([text for text in texts if text])


def fold(text: str) -> str:
    """ASCII, lower case, apostrophes as spaces: what every comparison of texts starts from.

    >>> fold("L'Été à Noël")
    'l ete a noel'
    """
    if not text.isascii():
        text = _BEYOND_ASCII.sub(_in_ascii, text)
    return text.lower().replace("'", " ").replace("`", " ")


def words_of(folded: str) -> list[str]:
    """The runs of letters of a folded text, in order."""
    if folded.isascii():
        return folded.encode().translate(_BYTES_OF_LETTERS).decode().split()
    return folded.translate(_LETTERS_ONLY).split()


def normalise(text: str, language: str = FRENCH) -> str:
    """The words of a text as the model reads them: ASCII stems, in order, without repetition.

    Parameters
    ----------
    language
        `FRENCH` or `OTHER`; the model's.

    >>> normalise("Travaux de PLOMBERIE, plomberie et chauffage (code APE 4322A)")
    'traval plomber chauffag'
    """
    return normalise_folded(fold(text), language)


def normalise_folded(folded: str, language: str = FRENCH) -> str:
    """`normalise` for a text that is folded already."""
    return stems_of(words_of(without_empty_phrases(folded)), language)


def without_empty_phrases(folded: str) -> str:
    """A folded text less the phrases that say nothing; the very same string where it has none."""
    # Three plain searches are cheaper than the pattern, which most texts do not need.
    if "voir " in folded or "idem" in folded or "etc" in folded:
        return _EMPTY_PHRASES.sub(" ", folded)
    return folded


def stems_of(words: Iterable[str], language: str = FRENCH) -> str:
    """The stems of the words that say something, in order, without repetition."""
    return " ".join(dict.fromkeys(filter(None, map(_STEM_OF[language], words))))


def distinct_words(text: str, language: str = FRENCH) -> set[str]:
    """The words of `normalise`, for whom their order does not matter.

    >>> sorted(distinct_words("Travaux de PLOMBERIE, plomberie et chauffage"))
    ['chauffag', 'plomber', 'traval']
    """
    words = set(map(_STEM_OF[language], words_of(without_empty_phrases(fold(text)))))
    words.discard("")
    return words


class _Transliteration(dict[str, str]):
    """Character -> its ASCII by unidecode, looked up once."""

    def __missing__(self, character: str) -> str:
        # Half a character: JSON cannot carry one, a caller's string can.
        half = 0xD800 <= ord(character) <= 0xDFFF
        self[character] = ascii_text = "" if half else unidecode(character)
        return ascii_text


ASCII = _Transliteration({"°": " "})
"""unidecode's "deg" would make a word of every "n° 12"."""
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def _in_ascii(found: re.Match[str]) -> str:
    return ASCII[found[0]]
