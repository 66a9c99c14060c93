"""The AsyncAPI 3.0 document of all topics, made from the topic table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas import headers as h
from schemas.documentation import constants_of
from schemas.topics import REVIEW, TopicSpec

JSON_SCHEMA = "application/schema+json;version=draft-2020-12"
BINDING = "0.5.0"
OUTSIDE = frozenset({"one-stop counter", "register"})
"""Who writes or reads without being part of Codiflux: no operation of ours."""

PAYLOADS: Mapping[str, tuple[str, ...]] = {
    "Formality": ("formality", "insee-body", "one-stop-counter"),
    "Decision": ("decision",),
    "Label": ("label",),
    "Control": ("control",),
    "DriftEvent": ("drift-event",),
}
"""`TopicSpec.payload` -> the JSON Schemas of what the topic carries; others are internal or opaque bytes."""


def document(topics: Sequence[TopicSpec], file_name: Callable[[str], str]) -> dict[str, Any]:
    """The whole document; JSON Schemas are referred to by their file names beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Codiflux",
            "version": "1",
            "description": (
                "Business filings in, activity codes out. Addresses are without the installation's topic prefix."
                " Delivery is at least once: fold copies by decision_id, the first by offset wins."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": dict(operation for topic in topics for operation in _operations(topic)),
        "components": {
            "messages": {name: message for topic in topics for name, message in _messages(topic, file_name).items()}
        },
    }


def _channel(topic: TopicSpec) -> dict[str, Any]:
    configuration: dict[str, Any] = {"cleanup.policy": ["compact" if topic.compacted else "delete"]}
    if not topic.compacted:
        kept = topic.retention_seconds
        configuration["retention.ms"] = -1 if kept is None else kept * 1000
    binding = {"topic": topic.name, **({"partitions": 1} if topic.single_partition else {})}
    return {
        "address": topic.name,
        "description": f"{topic.summary} Written by {topic.writers}; read by {topic.readers}. Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _message_names(topic)},
        "bindings": {"kafka": {**binding, "topicConfiguration": configuration, "bindingVersion": BINDING}},
    }


def _operations(topic: TopicSpec) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for action, verb, people in (("send", "writes", topic.writers), ("receive", "reads", topic.readers)):
        for who in people.split(", "):
            if who not in OUTSIDE:
                name = re.sub(r"[^a-z]+", "-", f"{who}-{verb}-{topic.name}")
                channel = {"$ref": f"#/channels/{topic.name}"}
                summary = f"The {who} {verb} {topic.name}."
                found.append((name, {"action": action, "channel": channel, "summary": summary}))
    return found


def _message_names(topic: TopicSpec) -> list[str]:
    schemas = PAYLOADS.get(topic.payload)
    return [topic.name.replace(".", "-")] if schemas is None or len(schemas) == 1 else list(schemas)


def _messages(topic: TopicSpec, file_name: Callable[[str], str]) -> dict[str, Any]:
    schemas = PAYLOADS.get(topic.payload)
    return {
        name: _message(topic, name, file_name, schemas[position] if schemas else None)
        for position, name in enumerate(_message_names(topic))
    }


def _message(topic: TopicSpec, name: str, file_name: Callable[[str], str], schema: str | None) -> dict[str, Any]:
    message: dict[str, Any] = {"name": name, "title": topic.payload, "summary": topic.summary}
    headers = _headers(topic, file_name)
    if headers:
        message["headers"] = headers
    if schema is not None:
        message["contentType"] = "application/json"
        message["payload"] = {"schemaFormat": JSON_SCHEMA, "schema": {"$ref": file_name(schema)}}
    elif topic.payload == "DeadLetter":
        message["contentType"] = "application/octet-stream"
        message["payload"] = {"description": "The original message's bytes, untouched."}
    key = {"type": ["string", "null"] if schema is None else "string", "description": topic.key}
    message["bindings"] = {"kafka": {"key": key, "bindingVersion": BINDING}}
    return message


def _headers(topic: TopicSpec, file_name: Callable[[str], str]) -> dict[str, Any] | None:
    said = constants_of(h)
    trace = {name: {"type": "string", "description": said[name]} for name in (h.TRACEPARENT, h.REPLAY)}
    if topic.payload == "DeadLetter":
        return {"schemaFormat": JSON_SCHEMA, "schema": {"$ref": file_name("dead-letter-headers")}}
    if topic.payload == "Formality":
        return {"type": "object", "properties": trace}
    if topic.payload != "Decision":
        return None
    fixed = {
        h.CE_SPECVERSION: "1.0",
        h.CE_TYPE: h.EVENT_TYPES[topic.name],
        h.CONTENT_TYPE: "application/json",
    }
    attributes = (h.CE_SPECVERSION, h.CE_ID, h.CE_SOURCE, h.CE_TYPE, h.CE_SUBJECT, h.CE_TIME, h.CONTENT_TYPE)
    properties = {
        name: {"type": "string", "description": said[name], **({"const": fixed[name]} if name in fixed else {})}
        for name in attributes
    }
    if topic.name == REVIEW:
        properties[h.EXPLANATION] = {"type": "string", "description": said[h.EXPLANATION]}
    return {"type": "object", "properties": {**properties, **trace}, "required": list(attributes)}
