"""What the drift monitor watches: one table, shared by training (references) and monitoring (windows).

A signal is read from each decision and falls into one of a fixed number of cells: a numeric one into
bins between its edges, a categorical one into a cell a category. Cell 0 of a categorical signal is the
missing value, the last one holds what came after its cells were full.

Where one cell of many carries a change that matters (a field is dropped, a source writes in capitals), a
signal of two cells stands beside: a distance over twenty cells has the noise of twenty.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SignalKind(StrEnum):
    """How a signal's values are compared."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"


class SignalGroup(StrEnum):
    """What a signal depends on: with what changes it is compared anew."""

    INPUT = "input"
    """The filings alone: a drift here is the world's, whatever the model."""
    MODEL = "model"
    """Filings and model: a new model version has a reference of its own."""
    POLICY = "policy"
    """Filings, model and policy: a moved threshold moves it."""
    SERVICE = "service"
    """How the service runs; shown, never a drift of the world."""
    LABEL = "label"
    """Known only when a human has coded the filing."""


MISSING = ""
"""Category of a missing value."""
OTHER = "(other)"
"""Category of what came when all cells were taken."""
GIVEN = "given"
"""Of a variable that has a value, whichever; one that has none is `MISSING`."""
YES, NO = "yes", "no"
"""Whether a text is written in capitals from its first letter to its last."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One row of the table.

    Parameters
    ----------
    name
        As in metrics, events and `reference.json`.
    meaning
        What it is, with its unit.
    why
        Which drift it is there for.
    edges
        Of a numeric signal: lower bounds of the bins after the first; the last bin is open.
    cells
        Of a categorical signal: how many categories at most, missing and other included.
    alarms
        Whether a drift of it is published; otherwise it is only shown.
    """

    name: str
    kind: SignalKind
    group: SignalGroup
    meaning: str
    why: str
    edges: tuple[float, ...] = ()
    cells: int = 0
    alarms: bool = True

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.cells if self.kind is SignalKind.CATEGORICAL else len(self.edges) + 1


def _even(parts: int) -> tuple[float, ...]:
    return tuple(part / parts for part in range(1, parts))


def _numeric(
    name: str, group: SignalGroup, edges: tuple[float, ...], meaning: str, why: str, *, alarms: bool = True
) -> Signal:
    return Signal(name, SignalKind.NUMERIC, group, meaning, why, edges=edges, alarms=alarms)


def _categorical(name: str, group: SignalGroup, cells: int, meaning: str, why: str) -> Signal:
    return Signal(name, SignalKind.CATEGORICAL, group, meaning, why, cells=cells)


_INPUT, _MODEL, _POLICY = SignalGroup.INPUT, SignalGroup.MODEL, SignalGroup.POLICY
_LABEL, _SERVICE = SignalGroup.LABEL, SignalGroup.SERVICE
_LENGTHS = (6.0, 9.0, 12.0, 16.0, 20.0, 25.0, 30.0, 40.0, 55.0, 80.0, 120.0, 200.0, 400.0, 800.0)
_WORDS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0, 35.0, 70.0)
_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_SHARES = (1e-9, *_even(10), 1.0 - 1e-9)
"""Nothing at all and everything have bins of their own: most texts are one or the other."""

TEXT_CHARACTERS = _numeric(
    "text_characters", _INPUT, _LENGTHS, "characters written in the text fields", "a form or a source that changes"
)
TEXT_WORDS = _numeric("text_words", _INPUT, _WORDS, "words written", "declarants who write otherwise")
TEXT_KEPT = _numeric(
    "text_kept_share",
    _INPUT,
    _SHARES,
    "share of the words left after normalisation",
    "more stop words, administrative words or digits: another kind of text",
)
TEXT_CAPITALS = _numeric(
    "text_capital_share",
    _INPUT,
    _SHARES,
    "share of the letters that are capitals",
    "a source that begins or ceases to write in capitals",
)
TEXT_ACCENTS = _numeric(
    "text_accent_share",
    _INPUT,
    (1e-9, 0.02, 0.04, 0.06, 0.08, 0.12),
    "share of the letters that are not ASCII",
    "accents lost on the way, another language",
)
TYPE_FORM = _categorical("type_form", _INPUT, 28, "type of filing", "who files")
NATURE = _categorical("nature", _INPUT, 40, "nature of the activity", "renumbered codes, a field that is dropped")
EVENT = _categorical("event", _INPUT, 48, "event of the formality", "new events, a field that is dropped")
SURFACE = _categorical("surface", _INPUT, 6, "surface class", "a field that is dropped")
CJ_FAMILY = _categorical("cj_family", _INPUT, 48, "first two digits of the legal form", "who files")
PERMANENCE = _categorical("permanence", _INPUT, 4, "permanent or seasonal", "a field that is dropped")
MISSING_FIELDS = _numeric(
    "missing_fields",
    _INPUT,
    (1.0, 2.0, 3.0, 4.0, 5.0, 6.0),
    "how many of the six variables are missing",
    "a form that asks less",
)
PRESENCES = {
    variable: _categorical(
        f"{variable.name}_missing", _INPUT, 3, f"whether the {variable.meaning} is missing", "a field that is dropped"
    )
    for variable in (TYPE_FORM, NATURE, EVENT, SURFACE, CJ_FAMILY, PERMANENCE)
}
"""Variable -> the signal of its missingness."""
IN_CAPITALS = _categorical(
    "text_in_capitals", _INPUT, 4, "whether every letter is a capital", "a source that writes in capitals, or ceases to"
)
TWO_CELLS = frozenset((*PRESENCES.values(), IN_CAPITALS))
"""Of these every distance is a function of every other: one is shown."""
UNKNOWN_WORDS = _numeric(
    "unknown_word_share",
    _MODEL,
    _SHARES,
    "share of the normalised words that the model has no vector for",
    "a new trade, another language",
)
SECTION = _categorical("section", _MODEL, 40, "broadest branch of the code decided", "the mix of activities")
DIVISION = _categorical("division", _MODEL, 128, "second branch of the code decided", "the mix of activities, finer")
CONFIDENCE = _numeric(
    "confidence_index", _MODEL, _even(20), "first probability less the second", "filings the model knows less"
)
TOP_PROBABILITY = _numeric(
    "top_probability", _MODEL, _even(20), "probability of the first code", "filings the model knows less"
)
ENTROPY = _numeric(
    "candidate_entropy",
    _MODEL,
    tuple(0.1 * step for step in range(1, 20)),
    "entropy of the candidates, in nats; what they leave of 1 counts as one more",
    "doubt spread over many codes",
)
STAGE = _categorical("stage", _MODEL, 5, "step of the cascade that answered", "texts that code nothing, rules worn out")
ROUTE = _categorical("route", _POLICY, 5, "where the filing went", "the load of the review desk")
LATENCY = _numeric(
    "service_latency_seconds", _SERVICE, _SECONDS, "from the filing's message to its decision", "shown", alarms=False
)
ERROR_CODE = _categorical("error_code", _LABEL, 4, "whether the code was wrong", "the model is no longer right")
ERROR_SECTION = _categorical("error_section", _LABEL, 4, "whether the section was wrong", "grave errors")

SIGNALS: tuple[Signal, ...] = (
    TEXT_CHARACTERS,
    TEXT_WORDS,
    TEXT_KEPT,
    TEXT_CAPITALS,
    TEXT_ACCENTS,
    TYPE_FORM,
    NATURE,
    EVENT,
    SURFACE,
    CJ_FAMILY,
    PERMANENCE,
    MISSING_FIELDS,
    *PRESENCES.values(),
    IN_CAPITALS,
    UNKNOWN_WORDS,
    SECTION,
    DIVISION,
    CONFIDENCE,
    TOP_PROBABILITY,
    ENTROPY,
    STAGE,
    ROUTE,
    LATENCY,
    ERROR_CODE,
    ERROR_SECTION,
)
"""Every signal, in the order of the columns of observations."""

WRONG, RIGHT = "wrong", "right"
"""Categories of the label signals."""


def of_group(*groups: SignalGroup) -> tuple[Signal, ...]:
    """The signals of some groups, in the table's order."""
    return tuple(signal for signal in SIGNALS if signal.group in groups)
