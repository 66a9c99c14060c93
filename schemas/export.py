"""The committed documents of the wire: a JSON Schema for every message and the AsyncAPI document.

All is made from the models, `topics.py`, `headers.py` and `reasons.py`; the text depends on nothing
else, so that a stale file is told by comparing bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from schemas import headers as h
from schemas import topics
from schemas.asyncapi import document
from schemas.control import Control
from schemas.decision import Candidate, Decision, Source
from schemas.documentation import constants_of, fields_of, summary_of
from schemas.drift import Contribution, DriftEvent
from schemas.formality import Formality
from schemas.inputs.json_schema import INSEE_BODY, ONE_STOP_COUNTER_BODY
from schemas.label import Label
from schemas.reasons import DeadLetterReason
from schemas.yaml_text import to_yaml

VERSION = 1
MESSAGES: Mapping[str, type[BaseModel]] = {
    "formality": Formality,
    "decision": Decision,
    "label": Label,
    "control": Control,
    "drift-event": DriftEvent,
}
ASYNCAPI = "asyncapi.yaml"
COMMITTED = Path(__file__).parent / "json"
"""Where the documents stand in the package."""

_DOCUMENTED = {kind.__name__: kind for kind in (*MESSAGES.values(), Candidate, Source, Contribution)}


class _Draft2020(GenerateJsonSchema):
    """Pydantic's schemas without the titles it makes of field names: a sentence says more."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def json_schema(name: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a message as we write it.

    Fields with a default are not required and further fields are allowed: that is how later
    versions of the message stay readable.
    """
    kind = MESSAGES[name]
    made = _described(kind.model_json_schema(schema_generator=_Draft2020), kind)
    for title, definition in made.get("$defs", {}).items():
        made["$defs"][title] = _described(definition, _DOCUMENTED.get(title))
    return {**_heading(name), **made}


def dead_letter_headers() -> dict[str, Any]:
    """JSON Schema of a dead letter's provenance headers, as text."""
    said = constants_of(h)
    forms: dict[str, dict[str, Any]] = {
        h.ORIGINAL_TOPIC: {"minLength": 1},
        h.ORIGINAL_PARTITION: {"pattern": "^[0-9]+$"},
        h.ORIGINAL_OFFSET: {"pattern": "^[0-9]+$"},
        h.ORIGINAL_TIMESTAMP: {},
        h.REASON: {"enum": [reason.value for reason in DeadLetterReason]},
        h.ERROR: {},
        h.WORKER_VERSION: {"minLength": 1},
        h.ATTEMPT: {"pattern": "^[1-9][0-9]*$"},
    }
    properties = {name: {"type": "string", "description": said[name], **form} for name, form in forms.items()}
    summary = "Headers of a dead letter; its key, value and other headers are the original message's."
    return {
        **_heading("dead-letter-headers"),
        "title": "DeadLetterHeaders",
        "description": summary,
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }


def documents() -> dict[str, str]:
    """File name -> text of every committed document."""
    schemas = {name: json_schema(name) for name in MESSAGES}
    schemas["dead-letter-headers"] = dead_letter_headers()
    schemas["insee-body"] = {**_heading("insee-body"), **INSEE_BODY}
    schemas["one-stop-counter"] = {**_heading("one-stop-counter"), **ONE_STOP_COUNTER_BODY}
    texts = {file_name(name): _json(schema) for name, schema in schemas.items()}
    return {**texts, ASYNCAPI: to_yaml(document(topics.TOPICS, file_name))}


def write(output: Path) -> list[Path]:
    """Write every document; returns the files."""
    output.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in documents().items():
        (output / name).write_text(text, encoding="utf-8")
        written.append(output / name)
    return written


def stale(output: Path) -> list[str]:
    """Names of documents that are missing or differ from what would be written, and of leftovers."""
    made = documents()
    there = {path.name for path in output.glob("*.json")} | {path.name for path in output.glob("*.yaml")}
    differing = {
        name for name, text in made.items() if name not in there or (output / name).read_text(encoding="utf-8") != text
    }
    return sorted(differing | (there - made.keys()))


def file_name(message: str) -> str:
    """Name of a message's JSON Schema."""
    return f"{message}.v{VERSION}.schema.json"


def _json(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _heading(name: str) -> JsonSchemaValue:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:codiflux:{name}:v{VERSION}"}


def _described(schema: dict[str, Any], kind: type[Any] | None) -> dict[str, Any]:
    """The schema with our docstrings' sentences, where we have them."""
    if kind is None:
        return schema
    said = fields_of(kind)
    properties = {
        name: {**{key: item for key, item in value.items() if key != "description"}, "description": said[name]}
        for name, value in schema["properties"].items()
    }
    # `$defs` last: a reader wants the message before its parts.
    parts = {"$defs": schema["$defs"]} if "$defs" in schema else {}
    own = {key: value for key, value in schema.items() if key not in {"$defs", "description", "title", "properties"}}
    return {
        "title": schema["title"],
        "description": summary_of(kind),
        "properties": properties,
        **own,
        **parts,
    }
