"""Further spellings of a labelled text, for training only: what declarants do to the same words.

Typing errors (keyboard neighbours, doubled, dropped and swapped letters, spelling by ear), dropped
words, a text cut off, a second activity behind the main one, and phrases around it. Every draw
comes from a generator that is given, so that the same seed makes the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from models.balance import positive
from models.evaluation import Example
from schemas.formality import Formality

VARIABLES = ("type_form", "nature", "surface", "event", "cj", "activity_permanence_status")

_NEIGHBOURS = dict(
    pair.split(":")
    for pair in (
        "a:zq z:aes e:zrd r:etf t:ryg y:tuh u:yij i:uok o:ipl p:om q:asw s:qdz d:sfe f:dgr g:fht h:gjy j:hku"
        " k:jli l:kmo m:lp w:xq x:wc c:xv v:cb b:vn n:b"
    ).split()
)
"""Keys beside each other on an AZERTY keyboard."""

_BY_EAR = tuple(
    (written, heard.strip("_"))
    for written, heard in (
        pair.split(":")
        for pair in (
            "ph:f qu:k eau:o au:o ss:s mm:m nn:n ll:l tt:t rr:r pp:p tion:sion ai:e en:an an:en y:i c:k ge:je h:_"
            " er:e s:ss l:ll n:nn x:s z:s"
        ).split()
    )
)
"""Letters and what people write who spell by ear."""

JOINTS = (", ", " et ", " ; ", " - ", " / ", " + ", " (", " & ", " ")
SHORTEST_TO_MISTYPE = 5
"""Letters; a wrong letter in a shorter word often makes another word."""
SHORTEST_TO_CUT = 9
"""Words; forms and registers cut long texts off."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """What stands before, between and after activities without saying anything of them."""

    before: tuple[str, ...] = ()
    between: tuple[str, ...] = JOINTS
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far copies of a training text depart from it; each figure is a probability in [0, 1].

    Parameters
    ----------
    varied
        Of a copy's text being varied at all; the steps below apply to these.
    mistyped, shortened, joined, padded
        Of wrong letters; of words dropped or the end cut off; of a second activity behind the
        main one; of a phrase before and, drawn apart, after it.
    word_dropped
        Of each word of a shortened text.
    bare
        Of a copy without any variable: the text must suffice.
    variable_dropped
        Of each variable of another copy.
    """

    varied: float = 0.6
    mistyped: float = 0.3
    shortened: float = 0.25
    joined: float = 0.25
    padded: float = 0.2
    word_dropped: float = 0.15
    bare: float = 0.25
    variable_dropped: float = 0.15
    phrases: Phrases = Phrases()


def varied_filing(
    formality: Formality,
    settings: Augmentation,
    draw: Random,
    other: Callable[[Random], str],
    *,
    decisive: Sequence[str] = (),
) -> Formality:
    """A copy of a filing for training: another spelling, fewer variables.

    Parameters
    ----------
    decisive
        Fields that every copy keeps: without them its code would be wrong.
    """
    copy = without_variables(formality, settings, draw)
    if decisive:
        copy = copy.model_copy(update={name: getattr(formality, name) for name in decisive})
    if draw.random() >= settings.varied or not formality.description_activity:
        return copy
    text = varied(formality.description_activity, settings, draw, other)
    return copy.model_copy(update={"description_activity": text})


def other_activity(examples: Sequence[Example], weights: Mapping[str, float] | None) -> Callable[[Random], str]:
    """Draws the text of some example, frequent codes more often (the root of their frequency)."""
    texts: dict[str, list[str]] = {}
    for example in examples:
        texts.setdefault(example.code, []).append((example.formality.description_activity or "").lower())
    codes = sorted(texts)
    shares = [positive(weights, code) if weights else len(texts[code]) for code in codes]
    cumulated = list(accumulate(share**0.5 for share in shares))

    def drawn(draw: Random) -> str:
        return draw.choice(texts[draw.choices(codes, cum_weights=cumulated)[0]])

    return drawn


def without_variables(formality: Formality, settings: Augmentation, draw: Random) -> Formality:
    """The filing with some of its variables, or all of them, missing."""
    if draw.random() < settings.bare:
        dropped = list(VARIABLES)
    else:
        dropped = [name for name in VARIABLES if draw.random() < settings.variable_dropped]
    return formality.model_copy(update=dict.fromkeys(dropped)) if dropped else formality


def varied(text: str, settings: Augmentation, draw: Random, other: Callable[[Random], str]) -> str:
    """A text as another declarant might have put it.

    Parameters
    ----------
    other
        Draws the text of another activity, to stand behind this one.

    >>> varied("taxi conventionne", Augmentation(mistyped=1.0, joined=0.0), Random(4), lambda draw: "")
    'taxi cnventionne'
    """
    if draw.random() < settings.shortened:
        text = shortened(text, settings.word_dropped, draw)
    if draw.random() < settings.mistyped:
        text = mistyped(text, draw)
    if draw.random() < settings.joined:
        text = text.rstrip(" .") + draw.choice(settings.phrases.between) + other(draw)
    if settings.phrases.before and draw.random() < settings.padded:
        text = f"{draw.choice(settings.phrases.before)} {text}"
    if settings.phrases.after and draw.random() < settings.padded:
        text = f"{text.rstrip(' .')} {draw.choice(settings.phrases.after)}"
    return text


def shortened(text: str, word_dropped: float, draw: Random) -> str:
    """Fewer words: the end of a long text cut off now and then, and single words dropped."""
    words = text.split()
    if len(words) < 3:
        return text
    if len(words) >= SHORTEST_TO_CUT and draw.random() < 0.3:
        words = words[: draw.randrange(SHORTEST_TO_CUT - 3, len(words))]
    kept = [word for word in words if draw.random() >= word_dropped]
    return " ".join(kept or words)


def mistyped(text: str, draw: Random) -> str:
    """One wrong word, sometimes two, more in long texts; short words stay."""
    words = text.split()
    long = [position for position, word in enumerate(words) if _can_be_mistyped(word)]
    if not long:
        return text
    wrong = min(len(long), 1 + (draw.random() < 0.25) + len(long) // 8)
    for position in draw.sample(long, wrong):
        words[position] = _misspelt(words[position].lower(), draw)
    return " ".join(words)


def _can_be_mistyped(word: str) -> bool:
    return len(word) >= SHORTEST_TO_MISTYPE and word.isalpha()


def _misspelt(word: str, draw: Random) -> str:
    """A word with one slip of the finger or of the ear; its first letter stays."""
    kind = draw.random()
    place = draw.randrange(1, len(word))
    if kind < 0.25:
        return word[:place] + word[place + 1 :]
    if kind < 0.4:
        return word[:place] + word[place] + word[place:]
    if kind < 0.55 and place < len(word) - 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind < 0.7:
        return word[:place] + draw.choice(_NEIGHBOURS.get(word[place], word[place])) + word[place + 1 :]
    return _spelt_by_ear(word, draw) or word[:place] + word[place + 1 :]


def _spelt_by_ear(word: str, draw: Random) -> str | None:
    possible: Sequence[tuple[str, str]] = [(w, heard) for w, heard in _BY_EAR if w in word[1:]]
    if not possible:
        return None
    written, heard = draw.choice(possible)
    return word[0] + word[1:].replace(written, heard, 1)
