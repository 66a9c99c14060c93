"""The tables of the message reference, put between the markers of a page.

<!-- generated: topics -->
...
<!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from schemas import headers as h
from schemas.decision import Candidate, Decision, Source
from schemas.documentation import constants_of, fields_of, members_of
from schemas.export import MESSAGES, json_schema
from schemas.reasons import DeadLetterReason, DecisionReason
from schemas.topics import DAY_SECONDS, TOPICS, TopicSpec

_BLOCK = re.compile(r"(?P<open><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<close><!-- end -->)", re.DOTALL)


def refreshed(page: str) -> str:
    """The page with every generated block made anew; an unknown block raises `KeyError` with its name."""
    made = tables()
    return _BLOCK.sub(lambda block: f"{block['open']}{made[block['name']]}{block['close']}", page)


def tables() -> dict[str, str]:
    """Name of a block -> its Markdown."""
    said = constants_of(h)
    provenance = {name: text for name, text in said.items() if name in h.PROVENANCE}
    attributes = (h.CE_SPECVERSION, h.CE_ID, h.CE_SOURCE, h.CE_TYPE, h.CE_SUBJECT, h.CE_TIME, h.CONTENT_TYPE)
    return {
        "topics": _table(("topic", "key", "value", "written by", "read by", "kept"), map(_topic, TOPICS)),
        **{name: _message(name) for name in MESSAGES},
        "candidate": _fields(fields_of(Candidate), Candidate.__dataclass_fields__),
        "source": _fields(fields_of(Source), Source.__dataclass_fields__),
        "decision-reasons": _table(("reason", "meaning"), _coded(members_of(DecisionReason))),
        "dead-letter-reasons": _table(("reason", "meaning"), _coded(members_of(DeadLetterReason))),
        "dead-letter-headers": _table(("header", "content"), _coded(provenance)),
        "decision-headers": _table(
            ("header", "content"),
            _coded({name: said[name] for name in (*attributes, h.EXPLANATION, h.TRACEPARENT, h.REPLAY)}),
        ),
        "decision-order": f"```text\n{' '.join(Decision.model_fields)}\n```\n",
    }


def _topic(topic: TopicSpec) -> Sequence[str]:
    kept = "for ever" if topic.retention_seconds is None else f"{topic.retention_seconds // DAY_SECONDS} days"
    return (
        f"`{topic.name}`",
        topic.key,
        topic.payload,
        topic.writers,
        topic.readers,
        "last of each key" if topic.compacted else kept,
    )


def _message(name: str) -> str:
    schema = json_schema(name)
    required = set(schema["required"])
    said = fields_of(MESSAGES[name])
    return _table(
        ("field", "required", "meaning"),
        ((f"`{field}`", "yes" if field in required else "", said[field]) for field in schema["properties"]),
    )


def _fields(said: Mapping[str, str], names: Iterable[str]) -> str:
    return _table(("field", "meaning"), ((f"`{name}`", said[name]) for name in names))


def _coded(said: Mapping[str, str]) -> Iterable[Sequence[str]]:
    return ((f"`{name}`", text) for name, text in said.items())


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
