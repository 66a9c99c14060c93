"""A table of filings in, a table of decisions out: the stream's own decisions, from a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from models.coding import CodingModel
from models.decide import decide_batch
from models.policy import Policy
from schemas.decision import MAX_CANDIDATES, Decision
from stream.filings import Filing, open_filings
from stream.new_tables import new_table

CHUNK_ROWS = 2_048
"""Filings decided at a time."""

COLUMNS: dict[str, type] = {
    "formality_id": str,
    "code": str,
    "label": str,
    "route": str,
    "stage": str,
    "reason": str,
    "confidence_index": float,
    "threshold": float,
    **{
        name: kind
        for rank in range(1, MAX_CANDIDATES + 1)
        for name, kind in ((f"code_{rank}", str), (f"probability_{rank}", float))
    },
    "decision_id": str,
    "model_version": str,
    "policy_version": str,
    "error": str,
}
"""Columns of the output, in order; an unreadable row has only its id, `reason` and `error`."""


@dataclass
class Tally:
    """What became of the rows: how many by route, and how many unreadable by reason."""

    rows: int = 0
    routes: Counter[str] = field(default_factory=Counter)
    unreadable: Counter[str] = field(default_factory=Counter)
    first_fault: str = ""


def predict_table(
    source: Path,
    destination: Path,
    *,
    model: CodingModel,
    policy: Policy,
    force: bool = False,
    progress: Callable[[int], None] = lambda rows: None,
) -> Tally:
    """Decide every row of a table; one row out for each row in, in the same order.

    Parameters
    ----------
    force
        Replace a destination that is there already.
    progress
        Called with the number of rows done since the last call.

    Raises
    ------
    UsageError
        The source cannot be read to its end, or the destination cannot be written; there is no
        destination then.
    """
    tally = Tally()
    filings = open_filings(source).filings
    with new_table(destination, COLUMNS, force=force) as writer:
        for chunk in _chunks(filings):
            writer.write(list(_rows(chunk, model, policy, tally)))
            progress(len(chunk))
    return tally


def _chunks(filings: Iterator[Filing]) -> Iterator[list[Filing]]:
    while chunk := list(islice(filings, CHUNK_ROWS)):
        yield chunk


def _rows(chunk: Sequence[Filing], model: CodingModel, policy: Policy, tally: Tally) -> Iterator[dict[str, Any]]:
    formalities = [filing.formality for filing in chunk if filing.formality is not None]
    decisions = iter(decide_batch(formalities, model=model, policy=policy))
    for filing in chunk:
        tally.rows += 1
        if filing.fault is None:
            decision = next(decisions)
            tally.routes[decision.route.value] += 1
            yield _decided(decision)
        else:
            tally.unreadable[filing.fault.reason.value] += 1
            tally.first_fault = tally.first_fault or f"line {filing.line}: {filing.fault}"
            yield {
                **dict.fromkeys(COLUMNS),
                "formality_id": filing.formality_id,
                "reason": filing.fault.reason.value,
                "error": filing.fault.detail,
            }


def _decided(decision: Decision) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row.update(
        formality_id=decision.formality_id,
        code=decision.code,
        label=decision.label,
        route=decision.route.value,
        stage=decision.stage.value,
        reason=decision.reason.value,
        confidence_index=decision.confidence_index,
        threshold=decision.threshold,
        decision_id=decision.decision_id,
        model_version=decision.model_version,
        policy_version=decision.policy_version,
    )
    for rank, candidate in enumerate(decision.candidates, start=1):
        row[f"code_{rank}"] = candidate.code
        row[f"probability_{rank}"] = candidate.probability
    return row
