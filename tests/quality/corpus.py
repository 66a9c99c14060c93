"""Counts of the training corpus, for its data card."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path

from models.starter import declarations
from models.starter.declarations import Declaration
from tests.quality.likeness import near_repeats, plain

STARTER = Path(declarations.__file__).parent
CARD = STARTER / "README.md"
BEGIN, END = "<!-- counts:begin -->", "<!-- counts:end -->"


def digest() -> str:
    """Hash of every file of the corpus."""
    found = hashlib.sha256()
    for path in sorted((STARTER / "corpus").glob("*.txt")):
        found.update(f"{path.name} {file_digest(path)}\n".encode())
    return found.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of one file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def with_counts(card: str) -> str:
    """The data card with the counts of the corpus as it is now."""
    before, _, rest = card.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{counts(declarations.declarations())}\n{END}{after}"


def counts(lines: list[Declaration]) -> str:
    """A table of what can be counted."""
    by_class: dict[str, list[Declaration]] = defaultdict(list)
    for line in lines:
        by_class[line.codes[0]].append(line)
    distinct = [len(group) - len(near_repeats([line.text for line in group])) for group in by_class.values()]
    words = sorted(len(plain(line.text).split()) for line in lines)
    capitals = sum(line.text.isupper() for line in lines)
    rows = [
        ("declarations", f"{len(lines):,}"),
        ("distinct within their class", f"{sum(distinct):,}"),
        ("sub-classes of NAF rev. 2, of NAF 2025", f"{len(by_class)}, {len({line.codes[1] for line in lines})}"),
        (
            "distinct declarations a class: fewest, median, most",
            f"{min(distinct)}, {_middle(distinct)}, {max(distinct)}",
        ),
        ("words: median, mean", f"{_middle(words)}, {sum(words) / len(words):.1f}"),
        ("1-4 words, 5-14, 15 and more", ", ".join(_share(count, len(lines)) for count in _by_length(words))),
        ("in capitals", _share(capitals, len(lines))),
        ("with a variable that decides the code", _share(sum(bool(line.overrides) for line in lines), len(lines))),
    ]
    return "\n".join(["| what | count |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def _by_length(words: list[int]) -> tuple[int, int, int]:
    short, long = sum(count <= 4 for count in words), sum(count >= 15 for count in words)
    return short, len(words) - short - long, long


def _middle(values: list[int]) -> int:
    return sorted(values)[len(values) // 2]


def _share(count: int, total: int) -> str:
    return f"{count / total:.0%}".replace("%", " %")
