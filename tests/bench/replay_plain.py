"""What replay is measured beside. Arguments: raw|pandas|duckdb, model folder, Parquet file, rows, output.

    raw      fastText's own predict, on lines that were normalised before the clock started
    pandas   DataFrame.apply of decide(), as a notebook would
    duckdb   rows from DuckDB, decide() on each

Prints one JSON object. All of them predict five codes; the last two write the same columns as Parquet.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from models import artefact, features  # noqa: E402
from models.coding import CodingModel  # noqa: E402
from models.decide import decide  # noqa: E402
from models.policy import Policy  # noqa: E402
from schemas.formality import CODING_FIELDS, Formality  # noqa: E402

POLICY = Policy(threshold=0.8, audit_share=0.01)
NAMES = ["formality_id", "received_at", *CODING_FIELDS]


def main(what: str, folder: str, table: str, count: str, output: str) -> None:
    """Measure once."""
    _, model = artefact.open_model(Path(folder))
    rows = int(count)
    doers = {"raw": raw, "pandas": pandas, "duckdb": duckdb}
    started, cpu = doers[what](model, table, rows, Path(output))
    print(
        json.dumps({"rows": rows, "seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu})
    )


def now() -> tuple[float, float]:
    """Both clocks."""
    return time.perf_counter(), time.process_time()


def raw(model: CodingModel, table: str, rows: int, output: Path) -> tuple[float, float]:
    """One line after the other, as the library is used."""
    predict = model.classifier._model.predict  # type: ignore[attr-defined]
    filings = next(pq.ParquetFile(table).iter_batches(batch_size=rows)).to_pylist()
    read = [Formality.model_validate(row) for row in filings]
    lines = [features.input_line(features.text_of(formality), formality) for formality in read]
    for line in lines[:500]:
        predict(line, k=5)
    begun = now()
    for line in lines:
        predict(line, k=5)
    return begun


def pandas(model: CodingModel, table: str, rows: int, output: Path) -> tuple[float, float]:
    """`apply`, row by row."""
    begun = now()
    frame = next(pq.ParquetFile(table).iter_batches(batch_size=rows)).to_pandas().astype(object)
    frame = frame.where(frame.notna(), None)
    decided = frame.apply(lambda row: columns(model, row.to_dict()), axis=1, result_type="expand")
    decided.to_parquet(output)
    return begun


def duckdb(model: CodingModel, table: str, rows: int, output: Path) -> tuple[float, float]:
    """Rows of a query."""
    import duckdb as db

    begun = now()
    found = db.connect().execute(f"select {', '.join(NAMES)} from read_parquet(?) limit {rows}", [table])
    decided: list[dict[str, Any]] = []
    while chunk := found.fetchmany(10_000):
        decided += each(model, (dict(zip(NAMES, row, strict=True)) for row in chunk))
    pq.write_table(pa.Table.from_pylist(decided), output)
    return begun


def each(model: CodingModel, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What decide() says of rows."""
    return [columns(model, row) for row in rows]


def columns(model: CodingModel, row: dict[str, Any]) -> dict[str, Any]:
    """One decision as a row."""
    decision = decide(Formality.model_validate(row), model=model, policy=POLICY)
    found = {
        name: getattr(decision, name)
        for name in ("decision_id", "formality_id", "route", "stage", "reason", "code", "confidence_index", "audit")
    }
    for rank, candidate in enumerate(decision.candidates, start=1):
        found |= {f"code_{rank}": candidate.code, f"probability_{rank}": candidate.probability}
    return found


if __name__ == "__main__":
    main(*sys.argv[1:])
