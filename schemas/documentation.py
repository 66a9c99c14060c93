"""What the docstrings of this package say, for the documents generated from them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from enum import StrEnum
from itertools import pairwise
from types import ModuleType
from typing import Any


def summary_of(kind: type[Any]) -> str:
    """First paragraph of a class's docstring, on one line."""
    return " ".join(_docstring(kind).split("\n\n")[0].split())


def fields_of(kind: type[Any]) -> dict[str, str]:
    """Field -> its sentence, from the `Parameters` section of a NumPy docstring.

    >>> from schemas.label import Label
    >>> fields_of(Label)["labelled_by"]
    'A pseudonym of the agent, never a name.'
    """
    _, _, section = _docstring(kind).partition("Parameters\n----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.split("\n\n")[0].splitlines():
        if line.startswith(" "):
            for name in names:
                found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            names = [name.strip() for name in line.split(",")]
            found.update(dict.fromkeys(names, ""))
    return found


def members_of(enumeration: type[StrEnum]) -> dict[str, str]:
    """Value -> the docstring below its member."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(enumeration))).body[0]
    assert isinstance(tree, ast.ClassDef)
    return {str(enumeration[name].value): text for name, text in _documented(tree.body).items()}


def constants_of(module: ModuleType) -> dict[str, str]:
    """Value of each text constant of a module -> the docstring below it."""
    documented = _documented(ast.parse(inspect.getsource(module)).body)
    return {value: text for name, text in documented.items() if isinstance(value := getattr(module, name), str)}


def _documented(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for statement, following in pairwise(body):
        if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            found[statement.targets[0].id] = " ".join(str(following.value.value).split())
    return found


def _docstring(kind: type[Any]) -> str:
    return inspect.cleandoc(kind.__doc__ or "")
