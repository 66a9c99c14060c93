"""A finished run as columns: its decisions, and the labels joined to them.

Read file by file into arrays, so that memory is a few dozen bytes a filing and model, and nothing is
done filing by filing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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

    @cached_property
    def rows(self) -> int:
        """Rows of all files; each filing has one a model."""
        try:
            return sum(pq.read_metadata(path).num_rows for path in self.files)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def tables(self, columns: Sequence[str]) -> Iterator[tuple[slice, pa.Table]]:
        """Columns of every row, file by file, and which filings these are."""
        start = 0
        for path in self.files:
            try:
                with pq.ParquetFile(path) as file:
                    table = file.read(columns=list(columns))
            except (pa.ArrowException, OSError) as error:
                raise self._unreadable(error) from error
            end = start + table.num_rows // self.models
            yield slice(start, end), table
            start = end

    def _unreadable(self, error: Exception) -> UsageError:
        return UsageError(f"{self.folder / DECISIONS}: cannot be read ({str(error).splitlines()[0]})")

    @cached_property
    def received_at(self) -> npt.NDArray[np.int64]:
        """Event time of each filing, microseconds since 1970 (UTC)."""
        found = np.empty(self.rows // self.models, dtype=np.int64)
        for place, table in self.tables(["received_at"]):
            found[place] = self._micros(table)
        return found

    def _micros(self, table: pa.Table) -> npt.NDArray[np.int64]:
        return np.asarray(table["received_at"].cast(pa.int64()).to_numpy()[:: self.models], dtype=np.int64)

    @cached_property
    def formality_ids(self) -> pa.Array:
        """Identity of each filing."""
        found = [_one(table["formality_id"]) for _, table in self.tables(["formality_id"])]
        if self.models > 1:
            found = [ids.take(pa.array(np.arange(0, len(ids), self.models))) for ids in found]
        return pa.concat_arrays(found) if found else pa.array([], pa.string())

    @cached_property
    def filings(self) -> Filings:
        """What does not depend on a model."""
        rows = self.rows // self.models
        day, form = np.empty(rows, dtype=np.int32), np.empty(rows, dtype=np.int32)
        names: dict[str, int] = {}
        for place, table in self.tables(["received_at", "type_form"]):
            day[place] = self._micros(table) // DAY_MICROS
            forms = _one(table["type_form"])
            for name in forms.dictionary.to_pylist():
                names.setdefault(name, len(names))
            form[place] = _translated(forms, names)[:: self.models]
        order = sorted(names)
        # In the order of their names, and what has none stays last.
        rank = np.array([order.index(name) for name in names] + [NO_CODE], dtype=np.int32)
        first = int(day.min()) if rows else 0
        days = int(day.max()) - first + 1 if rows else 0
        day -= first
        return Filings(first_day=first, days=days, day=day, type_form=rank[form], type_forms=tuple(order))

    def codings(self, truth: Ints) -> tuple[Codings, ...]:
        """What each model found.

        Parameters
        ----------
        truth
            Positions of the labels' codes, for the rank of the true code.
        """
        where = {code: position for position, code in enumerate(self.nomenclature.codes)}
        filings = len(truth)
        found = tuple(
            Codings(
                model.version,
                code=np.empty(filings, dtype=np.int32),
                probability=np.empty(filings),
                confidence=np.empty(filings),
                settled=np.empty(filings, dtype=np.bool_),
                rank=np.zeros(filings, dtype=np.int32),
            )
            for model in self.summary.models
        )
        # Without a label no further candidate is looked at.
        ranks = MAX_CANDIDATES if (truth >= 0).any() else 1
        codes = [f"code_{rank}" for rank in range(1, ranks + 1)]
        for place, table in self.tables([*codes, "probability_1", "confidence_index", "stage"]):
            given = [self._by_model(_translated(_one(table[name]), where)) for name in codes]
            probability = self._by_model(_floats(table["probability_1"]))
            confidence = self._by_model(_floats(table["confidence_index"]))
            settled = self._by_model(_translated(_one(table["stage"]), {Stage.REJECTION.value: 1}) == 1)
            for model, coding in enumerate(found):
                coding.code[place] = given[0][model]
                coding.probability[place] = probability[model]
                coding.confidence[place] = confidence[model]
                coding.settled[place] = settled[model]
                for rank in range(ranks, 0, -1):
                    same = (given[rank - 1][model] == truth[place]) & (truth[place] >= 0)
                    coding.rank[place][same] = rank
        return found

    def lanes(self) -> tuple[tuple[Lanes, ...], ...]:
        """For each model where each policy sent each filing."""
        filings, policies = self.rows // self.models, self.summary.policies
        found = tuple(
            tuple(
                Lanes(
                    chosen.version,
                    chosen.policy.threshold,
                    *(np.empty(filings, dtype=np.bool_) for _ in ("auto", "review", "audit")),
                )
                for chosen in policies
            )
            for _ in self.summary.models
        )
        positions = {Route.AUTO.value: 1, Route.REVIEW.value: 2}
        routes, audits = ([policy_column(name, policy.number) for policy in policies] for name in ("route", "audit"))
        for place, table in self.tables([*routes, *audits]):
            for number, (route, audit) in enumerate(zip(routes, audits, strict=True)):
                sent = self._by_model(_translated(_one(table[route]), positions))
                copied = self._by_model(_booleans(table[audit]))
                for model in range(self.models):
                    lanes = found[model][number]
                    lanes.auto[place] = sent[model] == 1
                    lanes.review[place] = sent[model] == 2
                    lanes.audit[place] = copied[model]
        return found

    def _by_model(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """A column of all rows as one array a model: rows of one filing stand together."""
        return [values[model :: self.models] for model in range(self.models)]


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


def _floats(column: pa.ChunkedArray) -> Floats:
    """Numbers, 0 where there is none."""
    return np.asarray(pc.fill_null(column, 0.0).to_numpy(), dtype=np.float64)


def _booleans(column: pa.ChunkedArray) -> Bools:
    return np.asarray(column.to_numpy(), dtype=np.bool_)
