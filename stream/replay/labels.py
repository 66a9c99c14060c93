"""Labels for a backtest as columns, from a file, an archive or the live topic.

A file (CSV, JSON Lines or Parquet) has `code`, which filing it is for (`formality_id`; without it,
the filing of the same row of a file of the same name) and, where known, `labelled_at`, `origin`
(review, audit, claim) and `nomenclature`. Without a code, a row that has an origin says that a human
found nothing to code; one that has none says that nobody has coded it, and is no label.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.backtest.columns import UNCODABLE, Ints
from models.nomenclature import Nomenclature
from schemas.codec import decode
from schemas.errors import UnreadableMessage
from schemas.formality import missing_to_none
from schemas.instant import microseconds
from schemas.label import Label
from stream.archive.values import odd_rows
from stream.errors import UsageError
from stream.filings import CODE, identity_of, instant_of, row_identity, written_code
from stream.replay.label_columns import identities, instants, looked_up, read_columns
from stream.tables import Row, open_table

UNKNOWN = -3
"""Code of a label of another nomenclature."""
NO_TIME = np.iinfo(np.int64).min
"""Arrival of a label that does not say when it was given."""
Micros = npt.NDArray[np.int64]


class Origin(IntEnum):
    """Why a filing was labelled; `COMPLETE` where the labels do not say, and all filings have one."""

    COMPLETE = 0
    REVIEW = 1
    AUDIT = 2
    CLAIM = 3


@dataclass(frozen=True)
class Labels:
    """Labels in the order they stand in; shape (labels,).

    Parameters
    ----------
    formality_ids
        What they are for.
    code
        Position in the nomenclature's codes, `UNCODABLE` or `UNKNOWN`.
    labelled_at
        Microseconds since 1970 (UTC), or `NO_TIME`.
    origin
        Values of `Origin`.
    unreadable
        Messages or rows that are no labels.
    """

    formality_ids: pa.Array
    code: Ints
    labelled_at: Micros
    origin: Ints
    unreadable: int = 0

    def __len__(self) -> int:
        return len(self.code)


def from_file(path: Path, nomenclature: Nomenclature) -> Labels:
    """Read labels from a table.

    Raises
    ------
    UsageError
        Naming file and line of what is no label; or a file of which no code is in the nomenclature.
    """
    table = open_table(path, required=(CODE,))
    labels = _by_columns(path, nomenclature)
    if labels is None:
        rows = (_from_row(path, number, row) for number, row in enumerate(table.rows, start=1))
        labels = _collected((row for row in rows if row is not None), nomenclature)
    if len(labels) == 0:
        raise UsageError(f"{path}: no labels in it")
    if (labels.code == UNKNOWN).all():
        raise UsageError(f"{path}: none of its codes is in {nomenclature.name}; give labels in the models' own")
    return labels


def _by_columns(path: Path, nomenclature: Nomenclature) -> Labels | None:
    """The labels of a table in which nothing is odd; `None` leaves it to the reading by rows."""
    table = read_columns(path)
    if table is None or CODE not in table.column_names:
        return None
    numbers = _Codes(nomenclature)
    ids = identities(table, path)
    code = looked_up(table, CODE, numbers.of)
    foreign = looked_up(table, "nomenclature", lambda name: identity_of(name) not in (None, nomenclature.name))
    origin = looked_up(table, "origin", _origin_number)
    times = instants(table, NO_TIME)
    if ids is None or code is None or foreign is None or origin is None or times is None or (origin < 0).any():
        return None
    # Nothing said about why, and no code: nobody has coded it.
    kept = (code != UNCODABLE) | (origin != Origin.COMPLETE)
    code = np.where(foreign == 1, UNKNOWN, code).astype(np.int32)
    return Labels(ids.filter(pa.array(kept)), code[kept], times[kept], origin[kept])


def _origin_number(written: Any) -> int:
    """Its value, -1 for what is none."""
    name = identity_of(written)
    return Origin.COMPLETE if name is None else Origin.__members__.get(str(name).strip().upper(), -1)


class _Codes:
    """Positions of codes as people write them ("43.22a", 1.0), each spelling worked out once."""

    def __init__(self, nomenclature: Nomenclature) -> None:
        self._nomenclature = nomenclature
        self._position = {code: where for where, code in enumerate(nomenclature.codes)}
        self._known: dict[Any, int] = {}

    def of(self, written: Any) -> int:
        """Position, `UNCODABLE` for none, `UNKNOWN` for one of another nomenclature."""
        number = self._known.get(written)
        if number is None:
            code = written_code(written, self._nomenclature) or ""
            number = UNCODABLE if identity_of(written) is None else self._position.get(code, UNKNOWN)
            self._known[written] = number
        return number


def from_messages(values: Iterable[bytes | None], nomenclature: Nomenclature) -> Labels:
    """Read labels from messages of the labelled topic; what is no label is counted and left out."""
    unreadable = 0

    def read() -> Iterator[Mapping[str, Any]]:
        nonlocal unreadable
        for value in values:
            try:
                yield decode(Label, value or b"").model_dump()
            except UnreadableMessage:
                unreadable += 1

    labels = _collected(read(), nomenclature)
    return Labels(labels.formality_ids, labels.code, labels.labelled_at, labels.origin, unreadable)


def from_batches(batches: Iterable[pa.RecordBatch], nomenclature: Nomenclature) -> Labels:
    """Read labels from an archive's record batches; rows that have no label are counted and left out.

    Archives of earlier versions hold rows of messages that are none: an unknown origin, a time off
    the calendar.
    """
    unreadable = 0

    def read() -> Iterator[Mapping[str, Any]]:
        nonlocal unreadable
        for batch in batches:
            there = pc.and_(batch["formality_id"].is_valid(), batch["origin"].is_valid())
            kept = pc.and_(there, pa.array(~odd_rows(batch)))
            rows = batch.filter(kept).to_pylist()
            unreadable += batch.num_rows - len(rows)
            yield from rows

    labels = _collected(read(), nomenclature)
    return Labels(labels.formality_ids, labels.code, labels.labelled_at, labels.origin, unreadable)


def _from_row(path: Path, number: int, row: Row) -> dict[str, Any] | None:
    where = f"{path}, {'row' if path.suffix.lower() == '.parquet' else 'line'} {row.line}"
    if row.fault is not None:
        raise UsageError(f"{where}: {row.fault}")
    origin = identity_of(row.values.get("origin"))
    if origin is None and identity_of(row.values.get(CODE)) is None:
        return None
    instant = instant_of(missing_to_none(row.values.get("labelled_at")))
    if not (instant is None or isinstance(instant, datetime)):
        raise UsageError(f"{where}: labelled_at {instant} is not a time; write 2026-03-14T09:26:53Z")
    if origin is not None and str(origin).strip().upper() not in Origin.__members__:
        raise UsageError(f"{where}: origin {origin} is not one of review, audit, claim")
    return {
        "formality_id": row_identity(path, number, row.values),
        "code": row.values.get(CODE),
        "nomenclature": identity_of(row.values.get("nomenclature")),
        "labelled_at": instant,
        "origin": "complete" if origin is None else str(origin).strip(),
    }


def _collected(rows: Iterable[Mapping[str, Any]], nomenclature: Nomenclature) -> Labels:
    numbers = _Codes(nomenclature)
    ids: list[str] = []
    codes: list[int] = []
    times: list[int] = []
    origins: list[int] = []
    for row in rows:
        foreign = row["nomenclature"] not in (None, nomenclature.name)
        ids.append(row["formality_id"])
        codes.append(UNKNOWN if foreign else numbers.of(row["code"]))
        times.append(NO_TIME if row["labelled_at"] is None else microseconds(row["labelled_at"]))
        origins.append(Origin[str(row["origin"]).upper()])
    return Labels(
        pa.array(ids, pa.string()),
        np.asarray(codes, dtype=np.int32),
        np.asarray(times, dtype=np.int64),
        np.asarray(origins, dtype=np.int32),
    )
