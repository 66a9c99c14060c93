"""A filing: one activity of one business formality, as it is to be coded."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from schemas.instant import Instant, SchemaVersion

MISSING_MARKERS = frozenset({"", "NA", "NAN", "nan", "NaN", "None"})
"""What senders write for "no value" (data notes of the one-stop counter)."""

MAX_ID_LENGTH = 200
"""Characters of an identity."""

MAX_TEXT_LENGTH = 2_000
"""Characters, per text field."""

UNSPECIFIED = "unspecified"
"""`source` of a filing whose sender did not say."""

SURFACE_BOUNDS = (120.0, 400.0, 2_500.0)
"""Lower bounds in square metres of the surface classes 2, 3 and 4 of the business-formality norm."""

TEXT_FIELDS = ("description_activity", "other_nature_activity", "precision_act_sec_agricole")
"""What the declarant wrote."""

CODING_FIELDS = (
    *TEXT_FIELDS,
    "type_form",
    "nature",
    "surface",
    "event",
    "cj",
    "activity_permanence_status",
)
"""The fields a decision depends on; everything else is identity or provenance."""

_SURFACE_CLASSES = frozenset({"1", "2", "3", "4"})
_SQUARE_METRES = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:m2|m²|metrescarres|mètrescarrés)?", re.IGNORECASE)


def missing_to_none(value: Any) -> Any:
    """`None` for the missing markers; other values as they are."""
    if isinstance(value, str):
        return None if value.strip() in MISSING_MARKERS else value
    if isinstance(value, float) and value != value:
        return None
    return value


def surface_class(value: Any) -> Any:
    """Class 1 to 4 from a class or from square metres.

    The bare numbers 1, 2, 3 and 4 are classes (no shop has 3 square metres); any other number, and
    any number with a unit, is square metres: under 120, under 400, under 2,500, and above.

    >>> [surface_class(v) for v in ("4", 119.5, 120, "3 000 m2", "2 m2")]
    ['4', '1', '2', '4', '1']
    """
    if value is None or (isinstance(value, str) and value in _SURFACE_CLASSES):
        return value
    value = missing_to_none(value)
    if value is None or isinstance(value, bool):
        return value
    text = re.sub(r"\s+", "", str(value)).replace(",", ".")
    if text in _SURFACE_CLASSES:
        return text
    if re.fullmatch(r"[1-4]\.0", text):
        return text[0]
    match = _SQUARE_METRES.fullmatch(text)
    if match is None:
        return value
    area = float(match[1])
    return str(1 + sum(area >= bound for bound in SURFACE_BOUNDS))


def _code_of_width(width: int) -> BeforeValidator:
    """Spreadsheets turn "04" into 4 and "5710" into 5710.0: read them back as written."""

    def restore(value: Any) -> Any:
        # Most values are as they should be, or absent: the rest of this costs more than the field itself.
        if value is None or (isinstance(value, str) and len(value) == width and value.isascii() and value.isdigit()):
            return value
        value = missing_to_none(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return str(value).zfill(width)
        if isinstance(value, float) and value.is_integer():
            return str(int(value)).zfill(width)
        if isinstance(value, str):
            value = value.strip()
            if re.fullmatch(r"[0-9]+\.0", value):
                return value[:-2].zfill(width)
            if value.isascii() and value.isdigit():
                return value.zfill(width)
        return value

    return BeforeValidator(restore)


def _stripped(value: Any) -> Any:
    if isinstance(value, str):
        stripped = value.strip()
        return None if stripped in MISSING_MARKERS else stripped
    return missing_to_none(value)


def _source(value: Any) -> Any:
    return UNSPECIFIED if missing_to_none(value) is None else value


OptionalText = Annotated[Annotated[str, Field(max_length=MAX_TEXT_LENGTH)] | None, BeforeValidator(missing_to_none)]
"""Free text; the missing markers mean `None`."""


def _text(pattern: str) -> StringConstraints:
    return StringConstraints(pattern=pattern)


Letter = Annotated[Annotated[str, _text(r"^[A-Z]$")] | None, BeforeValidator(_stripped)]
TwoDigits = Annotated[Annotated[str, _text(r"^[0-9]{2}$")] | None, _code_of_width(2)]
FourDigits = Annotated[Annotated[str, _text(r"^[0-9]{4}$")] | None, _code_of_width(4)]
SurfaceClass = Annotated[Annotated[str, _text(r"^[1-4]$")] | None, BeforeValidator(surface_class)]
Event = Annotated[Annotated[str, _text(r"^[0-9]{2}[PMF]$")] | None, BeforeValidator(_stripped)]
Permanence = Annotated[Annotated[str, _text(r"^[PS]$")] | None, BeforeValidator(_stripped)]


class Formality(BaseModel):
    """One filing to code. Field names and rules follow Insee's coding API.

    A code is checked for its form, not against a list: a code that appears tomorrow must reach the
    model (as an unknown value) and the drift monitor, not the dead letters.

    Parameters
    ----------
    schema_version
        Version of this form, 1.
    formality_id
        Identity, 1 to 200 characters; with a one-stop-counter filing, formality id and activity id joined by `/`.
    received_at
        When the one-stop counter received it, with its offset from UTC.
    source
        Who sent it; free text for provenance, "unspecified" when nobody said.
    description_activity
        What the declarant wrote, 1 to 2,000 characters.
    other_nature_activity, precision_act_sec_agricole
        Two further free texts of the form.
    type_form
        Type of filing, one capital letter.
    nature
        Nature of the activity, two digits.
    surface
        Surface class 1 to 4; square metres are turned into their class.
    event
        Event, two digits and P, M or F.
    cj
        Legal form, four digits.
    activity_permanence_status
        P permanent, S seasonal.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", str_max_length=MAX_TEXT_LENGTH)

    schema_version: SchemaVersion = 1
    formality_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_LENGTH)]
    received_at: Instant
    source: Annotated[str, BeforeValidator(_source)] = UNSPECIFIED
    description_activity: Annotated[str, StringConstraints(min_length=1), BeforeValidator(missing_to_none)]
    other_nature_activity: OptionalText = None
    precision_act_sec_agricole: OptionalText = None
    type_form: Letter = None
    nature: TwoDigits = None
    surface: SurfaceClass = None
    event: Event = None
    cj: FourDigits = None
    activity_permanence_status: Permanence = None
