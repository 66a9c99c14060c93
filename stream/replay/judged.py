"""A finished run as columns: its decisions, and the labels joined to them.

Read column by column, so that memory is a few dozen bytes a filing and model, and nothing is done
filing by filing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.backtest.columns import NO_CODE, Bools, Codings, Filings, Floats, Ints, Lanes
from models.nomenclature import Nomenclature
from schemas.decision import MAX_CANDIDATES, Route, Stage
from stream.errors import UsageError
from stream.replay.columns import policy_column
from stream.replay.summary import Summary

DECISIONS = "decisions"
DAY_MICROS = 86_400_000_000


@dataclass(frozen=True)
class Run:
    """The decisions of a finished run.

    Parameters
    ----------
    folder
        Holds `decisions/*.parquet`: one row a filing and model, models in the summary's order.
    """

    folder: Path
    summary: Summary
    nomenclature: Nomenclature

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The Parquet files, in the order of the filings."""
        return tuple(sorted((self.folder / DECISIONS).glob("*.parquet")))

    @property
    def models(self) -> int:
        """How many rows a filing has."""
        return len(self.summary.models)

    def column(self, name: str, model: int = 1) -> pa.ChunkedArray:
        """One column for one model, from 1; filings in order."""
        table = self.table([name])
        if self.models == 1:
            return table.column(0)
        return table.column(0).take(pa.array(np.arange(model - 1, table.num_rows, self.models)))

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Columns of every row, dictionaries made one."""
        try:
            return pa.concat_tables(
                [pq.read_table(path, columns=list(columns)) for path in self.files]
            ).unify_dictionaries()
        except (pa.ArrowException, OSError) as error:
            raise UsageError(f"{self.folder / DECISIONS}: cannot be read ({str(error).splitlines()[0]})") from error

    @cached_property
    def received_at(self) -> npt.NDArray[np.int64]:
        """Event time of each filing, microseconds since 1970 (UTC)."""
        return _numbers(self.column("received_at").cast(pa.int64()))

    @cached_property
    def formality_ids(self) -> pa.Array:
        """Identity of each filing."""
        return _one(self.column("formality_id"))

    def filings(self) -> Filings:
        """What does not depend on a model."""
        day = (self.received_at // DAY_MICROS).astype(np.int32)
        first = int(day.min()) if len(day) else 0
        forms = _one(self.column("type_form"))
        names = forms.dictionary.to_pylist()
        order = sorted(range(len(names)), key=lambda position: names[position])
        return Filings(
            first_day=first,
            days=int(day.max()) - first + 1 if len(day) else 0,
            day=day - first,
            type_form=_translated(forms, {name: rank for rank, name in enumerate(sorted(names))}),
            type_forms=tuple(names[position] for position in order),
        )

    def codings(self, model: int, truth: Ints) -> Codings:
        """What one model found.

        Parameters
        ----------
        model
            From 1.
        truth
            Positions of the labels' codes, for the rank of the true code.
        """
        where = {code: position for position, code in enumerate(self.nomenclature.codes)}
        stages = _one(self.column("stage", model))
        rank = np.zeros(len(truth), dtype=np.int32)
        code = rank
        for position in range(1, MAX_CANDIDATES + 1):
            given = _translated(_one(self.column(f"code_{position}", model)), where)
            code = given if position == 1 else code
            rank[(rank == 0) & (given == truth) & (given >= 0)] = position
        return Codings(
            version=self.summary.models[model - 1].version,
            code=code,
            probability=_floats(self.column("probability_1", model)),
            confidence=_floats(self.column("confidence_index", model)),
            settled=_translated(stages, {Stage.REJECTION.value: 1}) == 1,
            rank=rank,
        )

    def lanes(self, model: int, policy: int) -> Lanes:
        """Where one policy, from 1, sent each filing of one model, from 1."""
        routes = _translated(
            _one(self.column(policy_column("route", policy), model)), {Route.AUTO.value: 1, Route.REVIEW.value: 2}
        )
        chosen = self.summary.policies[policy - 1]
        return Lanes(
            policy_version=chosen.version,
            threshold=chosen.policy.threshold,
            auto=routes == 1,
            review=routes == 2,
            audit=_booleans(self.column(policy_column("audit", policy), model)),
        )


def _one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array; dictionaries are one already."""
    combined = column.combine_chunks()
    return combined.chunk(0) if isinstance(combined, pa.ChunkedArray) else combined


def _translated(column: pa.DictionaryArray, positions: dict[str, int]) -> Ints:
    """The number of each value, by dictionary: a text is looked up once, not once a row."""
    table = np.asarray([positions.get(value, NO_CODE) for value in column.dictionary.to_pylist()] + [NO_CODE], np.int32)
    indices = pc.fill_null(column.indices, len(table) - 1).to_numpy(zero_copy_only=False)
    translated: Ints = table[indices]
    return translated


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    return np.asarray(column.to_numpy(), dtype=np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    """Numbers, 0 where there is none."""
    return np.asarray(pc.fill_null(column, 0.0).to_numpy(), dtype=np.float64)


def _booleans(column: pa.ChunkedArray) -> Bools:
    return np.asarray(column.to_numpy(), dtype=np.bool_)
