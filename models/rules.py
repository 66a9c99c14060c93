"""Exact rules in front of the model, as data: a text or variables that determine the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from models.errors import ArtefactError
from schemas.formality import Formality

CONDITIONS = ("type_form", "nature", "surface", "event", "cj", "activity_permanence_status")

_SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        *((name, pa.string()) for name in CONDITIONS),
        ("code", pa.string()),
        ("precision", pa.float64()),
        ("support", pa.int64()),
    ]
)


@dataclass(frozen=True, slots=True)
class Rule:
    """If the text and the variables are these, the code is this.

    Parameters
    ----------
    text
        Normalised text, compared whole; `None` matches any.
    conditions
        Variable -> value; an absent variable matches any value.
    precision
        Share of the filings it was learnt from that it codes rightly: the decision's probability.
    support
        How many filings that share was measured on.
    """

    text: str | None
    conditions: Mapping[str, str]
    code: str
    precision: float
    support: int

    def matches(self, formality: Formality) -> bool:
        """Whether the variables fit; the text is the table's affair."""
        return all(getattr(formality, name) == value for name, value in self.conditions.items())


@dataclass(frozen=True)
class RuleTable:
    """Rules, most specific first: a text before none, more conditions before fewer."""

    rules: tuple[Rule, ...] = ()
    _by_text: dict[str | None, list[Rule]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_text: dict[str | None, list[Rule]] = {}
        for rule in sorted(self.rules, key=lambda rule: -len(rule.conditions)):
            by_text.setdefault(rule.text, []).append(rule)
        object.__setattr__(self, "_by_text", by_text)

    def find(self, text: str, formality: Formality) -> Rule | None:
        """The rule that applies to a normalised text and its filing, or `None`."""
        for key in (text, None):
            for rule in self._by_text.get(key, ()):
                if rule.matches(formality):
                    return rule
        return None


def write(table: RuleTable, path: Path) -> None:
    """Write `rules.parquet`; the same rules give the same bytes."""
    columns: dict[str, list[object]] = {name: [] for name in _SCHEMA.names}
    for rule in table.rules:
        columns["text"].append(rule.text)
        for name in CONDITIONS:
            columns[name].append(rule.conditions.get(name))
        columns["code"].append(rule.code)
        columns["precision"].append(rule.precision)
        columns["support"].append(rule.support)
    pq.write_table(pa.table(columns, schema=_SCHEMA), path, compression="zstd")


def read(path: Path) -> RuleTable:
    """Read `rules.parquet`; another schema raises `ArtefactError`."""
    rows: Iterable[Mapping[str, object]] = pq.read_table(path).to_pylist()
    try:
        return RuleTable(tuple(_rule(row) for row in rows))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{path}: not a table of rules ({error!r})") from error


def _rule(row: Mapping[str, object]) -> Rule:
    text = row["text"]
    return Rule(
        text=None if text is None else str(text),
        conditions={name: str(row[name]) for name in CONDITIONS if row[name] is not None},
        code=str(row["code"]),
        precision=float(str(row["precision"])),
        support=int(str(row["support"])),
    )
