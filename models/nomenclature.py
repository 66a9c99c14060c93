"""Nomenclatures as data: codes, labels and the levels above them."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path

from models.errors import NomenclatureError

BUILT_IN = {"naf-rev2": "naf_rev2", "naf-2025": "naf_2025"}
"""Name on the command line -> file of `models/nomenclatures`."""


@dataclass(frozen=True)
class Nomenclature:
    """A classification of activities.

    Parameters
    ----------
    name
        What a Decision's `nomenclature` says.
    level_names
        From the broadest to the code itself; the last is always the code.
    labels
        Code -> label, codes only.
    paths
        Code -> one branch a level, the code last; same length as `level_names`.
    branch_labels
        Branch above the codes -> label, where the table gives them.
    """

    name: str
    level_names: tuple[str, ...]
    labels: Mapping[str, str]
    paths: Mapping[str, tuple[str, ...]]
    branch_labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.labels) < 2:
            raise NomenclatureError(f"nomenclature {self.name}: at least two codes are needed")

    @property
    def depth(self) -> int:
        """How many levels, the code's own included."""
        return len(self.level_names)

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """Every code, sorted."""
        return tuple(sorted(self.labels))

    def ancestor(self, code: str, level: int) -> str:
        """Branch of `code` at `level` (1 is the broadest).

        >>> load("naf-rev2").ancestor("4322A", 2)
        '43'
        """
        return self.paths[code][level - 1]

    def section(self, code: str) -> str | None:
        """The broadest branch of a code; `None` where the table has no level above codes."""
        return self.paths[code][0] if self.depth > 1 else None

    def canonical(self, written: str) -> str | None:
        """The code that a person wrote, or `None`: "43.22a" and "43 22 A" are 4322A.

        >>> load("naf-rev2").canonical("43.22a")
        '4322A'
        """
        if written in self.labels:
            return written
        return self._by_folded.get(_folded(written))

    @cached_property
    def codes_have_digits(self) -> bool:
        """Whether every code has one of the digits 0 to 9: a text without any is none of them."""
        return all(re.search(r"[0-9]", code) for code in self.labels)

    @cached_property
    def _by_folded(self) -> dict[str, str]:
        # Where two codes differ in their dots alone (1.11, 11.1), a loose spelling is neither of them.
        times = Counter(map(_folded, self.labels))
        return {folded: code for code in self.labels if times[folded := _folded(code)] == 1}


def _folded(code: str) -> str:
    return re.sub(r"[\s.\-]", "", code).upper()


@lru_cache(maxsize=4)
def load(name_or_path: str) -> Nomenclature:
    """A built-in nomenclature by name, or one's own from a CSV table.

    Parameters
    ----------
    name_or_path
        `naf-rev2`, `naf-2025`, or the path of a CSV with columns `code,label` and, where there are levels, one
        further column a level from the broadest. Levels are never invented from codes.

    Raises
    ------
    NomenclatureError
        Unknown name, unreadable file, missing column, repeated code or empty cell, with the line.
    """
    if name_or_path in BUILT_IN:
        return _built_in(name_or_path)
    path = Path(name_or_path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return from_rows(path.stem, csv.DictReader(file))
    except FileNotFoundError:
        known = ", ".join(sorted(BUILT_IN))
        raise NomenclatureError(f"nomenclature {name_or_path}: neither one of {known} nor a CSV file") from None
    except OSError as error:
        raise NomenclatureError(f"nomenclature {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise NomenclatureError(f"nomenclature {path}: not a UTF-8 CSV file ({error})") from error


def _built_in(name: str) -> Nomenclature:
    folder = resources.files("models") / "nomenclatures"
    with (folder / f"{BUILT_IN[name]}.csv").open(encoding="utf-8") as file:
        table = from_rows(name, csv.DictReader(file))
    with (folder / f"{BUILT_IN[name]}_branches.csv").open(encoding="utf-8") as file:
        branches = {row["branch"]: row["label"] for row in csv.DictReader(file)}
    return Nomenclature(table.name, table.level_names, table.labels, table.paths, branches)


def from_rows(name: str, rows: csv.DictReader[str] | Iterable[Mapping[str, str]]) -> Nomenclature:
    """Build a nomenclature from rows with `code`, `label` and level columns."""
    labels: dict[str, str] = {}
    paths: dict[str, tuple[str, ...]] = {}
    levels: Sequence[str] = ()
    for line, row in enumerate(rows, start=2):
        if not labels:
            missing = {"code", "label"} - set(row)
            if missing:
                raise NomenclatureError(f"nomenclature {name}: column {min(missing)} is missing")
            levels = [column for column in row if column not in ("code", "label")]
        code = (row["code"] or "").strip()
        path = (*((row[level] or "").strip() for level in levels), code)
        if not all(path) or not (row["label"] or "").strip():
            raise NomenclatureError(f"nomenclature {name}, line {line}: an empty cell")
        if code != "".join(code.split()):
            # fastText ends a label at a blank: "A 1" and "A 2" would be one class to it.
            raise NomenclatureError(f"nomenclature {name}, line {line}: code {code!r} has a blank in it")
        if code in labels:
            raise NomenclatureError(f"nomenclature {name}, line {line}: code {code} is there twice")
        labels[code] = row["label"].strip()
        paths[code] = path
    return Nomenclature(name, (*levels, "code"), labels, paths)


def to_rows(nomenclature: Nomenclature) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table, codes sorted: what an artefact keeps."""
    header = ["code", "label", *nomenclature.level_names[:-1]]
    rows = [[code, nomenclature.labels[code], *nomenclature.paths[code][:-1]] for code in nomenclature.codes]
    return header, rows
