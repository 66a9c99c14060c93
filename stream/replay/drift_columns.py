"""Decisions of a finished run as the drift monitor reads them: from columns to columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.decision_columns import Coded, DecisionColumns
from monitoring.layout import Floats
from schemas.decision import MAX_CANDIDATES
from schemas.formality import CODING_FIELDS, TEXT_FIELDS
from stream.monitor.text_measures import MeasuresMany, measures_of
from stream.replay.rows import Rows

CHUNK = 4_096
"""Decisions at a time."""
PROBABILITIES = tuple(f"probability_{rank}" for rank in range(1, MAX_CANDIDATES + 1))
WORDS = (*(name for name in CODING_FIELDS if name not in TEXT_FIELDS), "stage", "route", "code")
VERSIONS = ("model_version", "policy_version")
COLUMNS = (*TEXT_FIELDS, *WORDS, *VERSIONS, "formality_id", "received_at", "confidence_index", *PROBABILITIES)


def decisions_of(rows: Rows, wanted: npt.NDArray[np.int64], measure: MeasuresMany) -> Iterator[DecisionColumns]:
    """Decisions of a day, some thousand at a time.

    Parameters
    ----------
    rows
        Of `COLUMNS`.
    wanted
        Numbers of the filings, in the order in which they are observed.
    measure
        Of their texts.
    """
    rows.make_room(wanted)
    for start in range(0, len(wanted), CHUNK):
        yield _decisions(rows.table(wanted[start : start + CHUNK]), measure)


def _decisions(table: pa.Table, measure: MeasuresMany) -> DecisionColumns:
    texts = {name: _coded(table[name]) for name in (*WORDS, *VERSIONS)}
    fields = [table[name].to_pylist() for name in TEXT_FIELDS]
    probabilities = np.column_stack([_floats(table[name]) for name in PROBABILITIES])
    return DecisionColumns(
        texts=texts,
        measures=measures_of(fields, texts["model_version"], measure),
        confidence=_floats(table["confidence_index"]),
        probabilities=np.nan_to_num(probabilities, nan=0.0),
        with_candidates=~np.isnan(probabilities[:, 0]),
        received_at=table["received_at"].cast(pa.int64()).to_numpy() / 1e6,
        # When the live worker decided is not known, and how fast it was is no drift.
        latency=np.full(table.num_rows, np.nan),
        ids=np.array(table["formality_id"].to_pylist(), dtype=object),
    )


def _coded(column: pa.ChunkedArray) -> Coded:
    encoded = column.combine_chunks().dictionary_encode()
    return Coded(pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int64), encoded.dictionary.to_pylist())


def _floats(column: pa.ChunkedArray) -> Floats:
    """NaN where there is none."""
    return np.asarray(pc.fill_null(column, np.nan).to_numpy(), dtype=np.float64)
