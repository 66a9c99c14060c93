"""YAML of plain values, written one way only, so that a generated file changes when its content does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Plain words that YAML reads as something else than text."""


def to_yaml(value: Mapping[str, Any]) -> str:
    """A mapping as block YAML, keys in their order, other texts than plain words quoted as in JSON.

    >>> print(to_yaml({"keep": -1, "policy": ["delete"], "title": "A: b", "none": {}}), end="")
    keep: -1
    policy:
      - delete
    title: "A: b"
    none: {}
    """
    return "".join(f"{line}\n" for line in _mapping(value))


def _mapping(value: Mapping[str, Any]) -> Iterator[str]:
    for key, item in value.items():
        if isinstance(item, Mapping | list | tuple) and item:
            yield f"{_scalar(key)}:"
            yield from (f"  {line}" for line in _block(item))
        else:
            yield f"{_scalar(key)}: {_scalar(item)}"


def _block(value: Mapping[str, Any] | Sequence[Any]) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _mapping(value)
        return
    for item in value:
        lines = list(_block(item)) if isinstance(item, Mapping | list | tuple) and item else [_scalar(item)]
        yield f"- {lines[0]}"
        yield from (f"  {line}" for line in lines[1:])


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
