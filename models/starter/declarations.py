"""Reader of the starter corpus: blocks of declarations under a class and its profile.

    = 4322A 4322Y type_form=M:7,C:2,-:3 nature=14:8,-:4 person=P:6,M:4
    plombier chauffagiste
    VENTE DE CHAUDIERES SUR LES MARCHES | nature=16

A block opens with the code in NAF rev. 2, the code in NAF 2025 and the weights from which a
filing's variables are drawn; after a bar, a line overrides what decides its code.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable

from models.errors import TrainingError
from models.evaluation import Example
from schemas.formality import Formality

SOURCE = "starter-corpus"
WRITTEN_AT = datetime(2026, 11, 21, tzinfo=UTC)
"""Every starter filing bears the day the corpus was written: no clock in training data."""

NOMENCLATURES = ("naf-rev2", "naf-2025")
MISSING = "-"
_FIELD = {
    "type_form": "type_form",
    "nature": "nature",
    "surface": "surface",
    "event": "event",
    "cj": "cj",
    "permanence": "activity_permanence_status",
}

EVENTS = {
    "P": {"01P": 9, "05P": 4, "16P": 1, "54P": 1, "62P": 1, MISSING: 4},
    "M": {"01M": 9, "05M": 1, "11M": 2, "20M": 1, "54M": 2, MISSING: 4},
}
"""Events drawn for natural and legal persons where neither line nor profile says."""

LEGAL_FORMS = {
    "P": {"1000": 12, MISSING: 6},
    "S": {"9220": 9, "9260": 1, MISSING: 2},
    "G": {"6540": 12, "6598": 1, "6599": 1, MISSING: 3},
    "A": {"6598": 5, "6533": 3, "6534": 2, "5499": 1, MISSING: 3},
    "M": {"5710": 6, "5720": 4, "5499": 4, "5498": 3, MISSING: 4},
}
"""Legal forms drawn: natural persons, associations, civil companies, farms, other companies."""

Weights = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Declaration:
    """One written line with what decides its code.

    Parameters
    ----------
    codes
        One for each of `NOMENCLATURES`.
    profile
        Variable -> weights of its values.
    overrides
        Variable -> value that this line fixes.
    """

    text: str
    codes: tuple[str, str]
    profile: Mapping[str, Weights]
    overrides: Mapping[str, str]


def declarations() -> list[Declaration]:
    """Every line of the shipped corpus, division by division."""
    folder = resources.files("models") / "starter" / "corpus"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".txt")), key=lambda f: f.name)
    if not files:
        raise TrainingError("the starter corpus is not installed with the package")
    return [declaration for file in files for declaration in read(file)]


def read(file: Traversable) -> Iterator[Declaration]:
    """The lines of one file; a malformed one raises `TrainingError` with its number."""
    codes: tuple[str, str] | None = None
    profile: dict[str, Weights] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            if line.startswith("= "):
                _, rev2, naf2025, *entries = line.split()
                codes, profile = (rev2, naf2025), dict(_weights(entry) for entry in entries)
                continue
            if codes is None:
                raise ValueError("a declaration before the first class")
            text, _, overridden = line.partition(" | ")
            overrides = dict(pair.split("=", 1) for pair in overridden.split())
            line_codes = (codes[0], overrides.pop("2025", codes[1]))
            yield Declaration(text.strip(), line_codes, profile, overrides)
        except ValueError as error:
            raise TrainingError(f"starter corpus {file.name}, line {number}: {error}") from error


def _weights(entry: str) -> tuple[str, Weights]:
    name, values = entry.split("=", 1)
    return name, {value: int(weight) for value, weight in (pair.rsplit(":", 1) for pair in values.split(","))}


def examples(lines: Sequence[Declaration], *, nomenclature: str, seed: int) -> list[Example]:
    """Training examples: each line with variables drawn from its profile; what a line overrides is decisive.

    Parameters
    ----------
    nomenclature
        One of `NOMENCLATURES`.
    seed
        Of the draws; each line draws from a generator of its own, so that adding a line leaves the
        others as they were.
    """
    column = NOMENCLATURES.index(nomenclature)
    return [
        Example(
            filing(line, seed=seed),
            line.codes[column],
            decisive=tuple(_FIELD[name] for name in line.overrides if name in _FIELD),
        )
        for line in lines
    ]


def filing(line: Declaration, *, seed: int) -> Formality:
    """A filing with the line's text and drawn variables."""
    identity = hashlib.sha256(f"{line.codes[0]}\n{line.text}\n{sorted(line.overrides.items())}".encode()).hexdigest()[
        :24
    ]
    values = variables(line, random.Random(f"{seed}:{identity}"))
    return Formality(
        formality_id=f"starter-{identity}",
        received_at=WRITTEN_AT,
        source=SOURCE,
        description_activity=line.text,
        **values,
    )


def variables(line: Declaration, draw: random.Random) -> dict[str, str | None]:
    """The filing's categorical fields, drawn from the line's overrides and profile; `None` is missing."""
    values: dict[str, str] = {}
    for name in ("person", "type_form", "nature", "surface", "permanence", "event", "cj"):
        weights = line.profile.get(name)
        if name in line.overrides:
            values[name] = line.overrides[name]
        elif weights is not None:
            values[name] = draw.choices(list(weights), list(weights.values()))[0]
        else:
            values[name] = _default(name, values, draw)
    return {_FIELD[name]: None if value == MISSING else value for name, value in values.items() if name in _FIELD}


def _default(name: str, drawn: Mapping[str, str], draw: random.Random) -> str:
    """A value where neither the line nor the class's profile says one."""
    if name == "person":
        return draw.choice("PM")
    if name == "permanence":
        return draw.choices(["P", "S", MISSING], [80, 3, 17])[0]
    if name == "event":
        weights = EVENTS[drawn["person"]]
    elif name == "cj":
        form = drawn.get("type_form", MISSING)
        weights = LEGAL_FORMS["P" if drawn["person"] == "P" else form if form in "SGA" else "M"]
    else:
        return MISSING
    return draw.choices(list(weights), list(weights.values()))[0]
