"""A finished run as columns: its decisions, and the labels joined to them.

Read column by column, so that memory is a few dozen bytes a filing and model, and nothing is done
filing by filing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

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

    def codings(self, truth: Ints) -> tuple[Codings, ...]:
        """What each model found.

        Parameters
        ----------
        truth
            Positions of the labels' codes, for the rank of the true code.
        """
        where = {code: position for position, code in enumerate(self.nomenclature.codes)}
        first = self._by_model(_translated(self._whole("code_1"), where))
        ranks = [np.zeros(len(truth), dtype=np.int32) for _ in first]
        for position in range(1, MAX_CANDIDATES + 1):
            given = self._by_model(_translated(self._whole(f"code_{position}"), where)) if position > 1 else first
            for rank, codes in zip(ranks, given, strict=True):
                rank[(rank == 0) & (codes == truth) & (codes >= 0)] = position
        probability = self._by_model(_floats(self.table(["probability_1"]).column(0)))
        confidence = self._by_model(_floats(self.table(["confidence_index"]).column(0)))
        settled = self._by_model(_translated(self._whole("stage"), {Stage.REJECTION.value: 1}) == 1)
        return tuple(
            Codings(model.version, *columns)
            for model, *columns in zip(self.summary.models, first, probability, confidence, settled, ranks, strict=True)
        )

    def lanes(self, policy: int) -> tuple[Lanes, ...]:
        """Where one policy, from 1, sent each filing of each model."""
        positions = {Route.AUTO.value: 1, Route.REVIEW.value: 2}
        routes = self._by_model(_translated(self._whole(policy_column("route", policy)), positions))
        audits = self._by_model(_booleans(self.table([policy_column("audit", policy)]).column(0)))
        chosen = self.summary.policies[policy - 1]
        return tuple(
            Lanes(chosen.version, chosen.policy.threshold, auto=route == 1, review=route == 2, audit=audit)
            for route, audit in zip(routes, audits, strict=True)
        )

    def _whole(self, name: str) -> pa.Array:
        return _one(self.table([name]).column(0))

    def _by_model(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """A column of all rows as one array a model: rows of one filing stand together."""
        return [np.ascontiguousarray(values[model :: self.models]) for model in range(self.models)]


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
