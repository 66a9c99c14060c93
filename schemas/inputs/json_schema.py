"""JSON Schemas of the two accepted bodies that are not ours (draft 2020-12).

A guide for senders: the codec reads more than this (codes as numbers, missing markers).
"""

from __future__ import annotations

from typing import Any

from schemas.formality import CODING_FIELDS, MAX_TEXT_LENGTH, TEXT_FIELDS
from schemas.inputs.one_stop_counter import PERSONS

_TEXT = {"type": ["string", "null"], "maxLength": MAX_TEXT_LENGTH}
_CODES = {
    "type_form": "^[A-Z]$",
    "nature": "^[0-9]{2}$",
    "event": "^[0-9]{2}[PMF]$",
    "cj": "^[0-9]{4}$",
    "activity_permanence_status": "^[PS]$",
}


def _field(name: str) -> dict[str, Any]:
    if name == "description_activity":
        return {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH}
    if name in TEXT_FIELDS:
        return _TEXT
    if name == "surface":
        return {"type": ["string", "number", "null"], "description": "Class 1 to 4, or square metres."}
    return {"type": ["string", "null"], "pattern": _CODES[name]}


_FORM = {
    "type": "object",
    "properties": {name: _field(name) for name in CODING_FIELDS},
    "required": ["description_activity"],
}

INSEE_BODY: dict[str, Any] = {
    "title": "InseeBody",
    "description": "The body of Insee's coding API: one form, or several under `forms`.",
    "anyOf": [
        {"$ref": "#/$defs/Form"},
        {
            "type": "object",
            "properties": {"forms": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/Form"}}},
            "required": ["forms"],
        },
    ],
    "$defs": {"Form": _FORM},
}

_OPTIONAL_TEXT = {"type": ["string", "null"]}
_ACTIVITY = {
    "type": "object",
    "properties": {
        "activiteId": _OPTIONAL_TEXT,
        "descriptionDetaillee": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT_LENGTH,
            "description": "Becomes description_activity.",
        },
        "formeExercice": {**_OPTIONAL_TEXT, "description": "Becomes type_form."},
        "exerciceActivite": {**_OPTIONAL_TEXT, "description": "P or S becomes activity_permanence_status."},
    },
    "required": ["descriptionDetaillee"],
}
_ESTABLISHMENT = {
    "type": "object",
    "properties": {"activites": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Activity"}}},
}
_HOLDER = {
    "type": "object",
    "properties": {
        "etablissementPrincipal": {"$ref": "#/$defs/Establishment"},
        "autresEtablissements": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Establishment"}},
    },
}
_EVENT = {
    "type": "object",
    "properties": {
        "codeEvenement": {"type": ["string", "null"], "pattern": "^[0-9]{2}[PMF]$", "description": "Becomes event."},
        "numeroLiasse": {**_OPTIONAL_TEXT, "description": "Becomes the first part of formality_id."},
    },
}
ONE_STOP_COUNTER_BODY: dict[str, Any] = {
    "title": "OneStopCounterBody",
    "description": "The one-stop counter's own JSON: one filing for each activity. Only what is read is listed.",
    "type": "object",
    "properties": {
        "id": _OPTIONAL_TEXT,
        "formality": {
            "type": "object",
            "properties": {
                "formeJuridique": {"type": ["string", "null"], "pattern": "^[0-9]{4}$", "description": "Becomes cj."},
                "historique": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Event"}},
                "content": {
                    "type": "object",
                    "properties": {person: {"$ref": "#/$defs/Holder"} for person in PERSONS},
                },
            },
            "required": ["content"],
        },
    },
    "required": ["formality"],
    "$defs": {"Activity": _ACTIVITY, "Establishment": _ESTABLISHMENT, "Holder": _HOLDER, "Event": _EVENT},
}
