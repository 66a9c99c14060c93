"""From the rows of a table to filings, and to labelled examples."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from models.evaluation import Example
from models.nomenclature import Nomenclature
from schemas.codec import decode
from schemas.errors import UnreadableMessage
from schemas.formality import CODING_FIELDS, Formality, missing_to_none
from schemas.reasons import DeadLetterReason
from stream.errors import UsageError
from stream.tables import Row, open_table

CODE = "code"
TEXT = "description_activity"
COLUMNS = (*CODING_FIELDS, "formality_id", "received_at", CODE)
"""Columns that are read; others are left alone."""
_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")
_STEM_LENGTH = 180


@dataclass(frozen=True, slots=True)
class Filing:
    """One row read: a filing, or why it is none.

    Parameters
    ----------
    formality_id
        The row's own or, without one, file name and row number: `sample-17`.
    """

    line: int
    formality_id: str
    formality: Formality | None
    fault: UnreadableMessage | None
    values: Mapping[str, Any]


@dataclass(frozen=True)
class FilingTable:
    """Filings of a file, to be read once; `unused` names columns that are not read."""

    unused: tuple[str, ...]
    filings: Iterator[Filing]


def open_filings(path: Path, *, labelled: bool = False) -> FilingTable:
    """Open a table of filings.

    A row without `received_at` was received when the file was last written, the latest it can have
    been; nothing a model or a table of predictions says depends on it, so copying the file changes
    no output. A time without an offset is read as UTC: spreadsheets hardly ever keep one.

    Parameters
    ----------
    labelled
        The column `code` is required too.
    """
    table = open_table(path, required=(TEXT, CODE) if labelled else (TEXT,))
    unused = tuple(name for name in table.columns if name not in COLUMNS)
    return FilingTable(unused, _filings(path, table.rows))


def _filings(path: Path, rows: Iterator[Row]) -> Iterator[Filing]:
    written = written_at(path)
    for number, row in enumerate(rows, start=1):
        yield filing_of(row, default_id(path, number), written)


def written_at(path: Path) -> datetime:
    """When rows without `received_at` were received."""
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)


def default_id(path: Path, number: int) -> str:
    """The identity of a row without one, by its number from 1."""
    return f"{path.stem[:_STEM_LENGTH]}-{number}"


def row_identity(path: Path, number: int, values: Mapping[str, Any]) -> str:
    """The formality id of a row: its own or, without one, file name and row number."""
    identity = identity_of(values.get("formality_id"))
    return default_id(path, number) if identity is None else str(identity)


def filing_of(row: Row, default_id: str, written_at: datetime) -> Filing:
    """A row as a filing; see `open_filings`."""
    fields = {name: row.values.get(name) for name in CODING_FIELDS}
    identity = identity_of(row.values.get("formality_id"))
    fields["formality_id"] = default_id if identity is None else identity
    received_at = missing_to_none(row.values.get("received_at"))
    fields["received_at"] = written_at if received_at is None else instant_of(received_at)
    fields["source"] = "file"
    shown = identity if isinstance(identity, str) else default_id
    if row.fault is not None:
        return Filing(row.line, shown, None, row.fault, row.values)
    try:
        # Through the codec, so that a row is refused for the same reasons as a message.
        return Filing(row.line, shown, decode(Formality, to_json(fields)), None, row.values)
    except UnreadableMessage as error:
        return Filing(row.line, shown, None, error, row.values)
    except PydanticSerializationError:
        fault = UnreadableMessage(DeadLetterReason.INVALID_FIELD, "a value that is neither text nor number")
        return Filing(row.line, shown, None, fault, row.values)


def identity_of(value: Any) -> Any:
    """Numbers as text: other columns of spreadsheets and data frames come as numbers, too."""
    value = missing_to_none(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(int(value)) if value == int(value) else str(value)


def instant_of(value: Any) -> Any:
    """An aware instant where the value is a time; otherwise the value, for the codec to refuse."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return value
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - made aware below
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


def read_examples(paths: Sequence[Path], nomenclature: Nomenclature, *, note: Callable[[str], None]) -> list[Example]:
    """Labelled filings of some files, codes as the nomenclature writes them.

    Parameters
    ----------
    note
        Told of each file's columns that are not read: a misspelt one would be missed in silence.

    Raises
    ------
    UsageError
        Naming file and line of the first row that is no filing or whose code is not in the
        nomenclature; or the file that has no rows.
    """
    examples: list[Example] = []
    for path in paths:
        before = len(examples)
        table = open_filings(path, labelled=True)
        if table.unused:
            note(f"{path}: columns not read: {', '.join(table.unused)}")
        for filing in table.filings:
            where = f"{path}, {'row' if path.suffix.lower() == '.parquet' else 'line'} {filing.line}"
            if filing.formality is None:
                raise UsageError(f"{where}: {filing.fault}")
            examples.append(Example(filing.formality, _code(filing.values.get(CODE), nomenclature, where)))
        if len(examples) == before:
            raise UsageError(f"{path}: no rows under the header")
    return examples


def _code(value: Any, nomenclature: Nomenclature, where: str) -> str:
    written = identity_of(value)
    if written is None:
        raise UsageError(f"{where}: no code")
    code = written_code(value, nomenclature)
    if code is None:
        raise UsageError(f"{where}: code {str(written).strip()} is not in {nomenclature.name}")
    return code


def written_code(value: Any, nomenclature: Nomenclature) -> str | None:
    """The nomenclature's code that a cell of a table means, or `None`."""
    text = str(identity_of(value)).strip()
    if text in nomenclature.labels:
        return text
    whole = _WHOLE_NUMBER.fullmatch(text)
    return (nomenclature.canonical(whole[1]) if whole else None) or nomenclature.canonical(text)
