"""From the filings of a unit to the rows of its file: every model and policy in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.coding import CodingModel
from models.policy import Policy
from schemas.decision import MAX_CANDIDATES, Route
from stream.replay import columns, identities, routing
from stream.replay.codings import NONE, REASONS, STAGES, CodingTable, Table, Vocabulary
from stream.replay.filings import UnitFilings, word_columns

Numbers = npt.NDArray[Any]
ROUTES = [route.value for route in routing.ROUTES]


@dataclass(slots=True)
class Outcomes:
    """How filings came out: by (model, policy, route or "audit") and (model, stage), numbered from 1."""

    routes: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    stages: Counter[tuple[int, str]] = field(default_factory=Counter)

    def add(self, others: Outcomes) -> None:
        """Those of further filings."""
        self.routes.update(others.routes)
        self.stages.update(others.stages)


class Decider:
    """Decides units.

    Parameters
    ----------
    all_ids
        Decision ids under every policy, a microsecond each; otherwise under the first.
    """

    def __init__(
        self,
        models: Sequence[CodingModel],
        policies: Sequence[Policy],
        *,
        all_ids: bool = False,
    ) -> None:
        self._models = models
        self._policies = policies
        self._all_ids = all_ids
        self._vocabulary = Vocabulary.of(models)
        self._codings = CodingTable(models, self._vocabulary)
        self._segmented = any(policy.segments for policy in policies)
        self.schema = columns.schema(len(policies), all_ids=all_ids)

    def decide(self, unit: UnitFilings) -> tuple[pa.RecordBatch, Outcomes]:
        """The rows of filings of a unit and their count by outcome."""
        written = identities.written(unit.contents)
        work = _Work(unit, written, self._codings.of(unit.contents, identities.digests(written)), len(self._models))
        outcomes = Outcomes()
        for number, table in enumerate(work.tables, start=1):
            for stage, count in zip(STAGES, np.bincount(table["stage"][unit.content], minlength=3), strict=False):
                outcomes.stages[number, stage.value] += int(count)
        arrays = [
            *work.identity(),
            *work.content(),
            *self._coding_columns(work),
            *self._policy_columns(work, outcomes),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema), outcomes

    def _coding_columns(self, work: _Work) -> Iterator[pa.Array]:
        codes, vocabulary = pa.array(self._vocabulary.codes, pa.string()), self._vocabulary
        sections = np.append(vocabulary.section, NONE)
        predicted = [_predicted(table) for table in work.tables]
        yield words(work.by_model(range(len(self._models))), [model.version for model in self._models])
        yield words(work.gather([table["stage"] for table in work.tables]), [stage.value for stage in STAGES])
        firsts = [table["codes"][:, 0] for table in work.tables]
        yield words(work.gather(firsts), codes)
        yield words(work.gather([sections[first] for first in firsts]), vocabulary.sections)
        for rank in range(MAX_CANDIDATES):
            yield words(work.gather([table["codes"][:, rank] for table in work.tables]), codes)
            yield floats(work.gather([table["probabilities"][:, rank] for table in work.tables]))
        yield floats(
            work.gather(
                [
                    np.where(known, t["confidence_index"], np.nan)
                    for known, t in zip(predicted, work.tables, strict=True)
                ]
            )
        )

    def _policy_columns(self, work: _Work, outcomes: Outcomes) -> Iterator[pa.Array]:
        unit = work.unit
        ids: list[str] = unit.identity["formality_id"].to_pylist()
        heads, place = identities.heads(ids), unit.content.tolist()
        sampled = _Sampled(ids, len(self._models))
        kinds = [
            routing.segments(table, unit.contents, self._vocabulary) if self._segmented else None
            for table in work.tables
        ]
        open_ones = [routing.undecided(table) for table in work.tables]
        returned = [int(np.count_nonzero(found.returned[unit.content])) for found in open_ones]
        for number, policy in enumerate(self._policies, start=1):
            limits = [routing.thresholds(policy, kind) for kind in kinds]
            chosen = [routing.routes(found, limit) for found, limit in zip(open_ones, limits, strict=True)]
            route = work.gather(chosen)
            auto = route == routing.AUTO
            audit = auto & sampled.under(policy)
            self._count(outcomes, number, auto, audit, returned)
            if number == 1 or self._all_ids:
                decided = pa.array(self._ids(work, policy, heads, place), pa.string())
            if number == 1:
                yield decided
                yield words(route, ROUTES)
                yield words(
                    work.gather([routing.reasons(t, r) for t, r in zip(work.tables, chosen, strict=True)]),
                    [reason.value for reason in REASONS],
                )
                held = [np.where(_predicted(t), limit, np.nan) for t, limit in zip(work.tables, limits, strict=True)]
                yield floats(work.gather(held))
                yield flags(audit)
                yield words(np.zeros(len(route), dtype=np.int32), [policy.version])
            else:
                yield words(route, ROUTES)
                yield flags(audit)
                if self._all_ids:
                    yield decided

    def _ids(self, work: _Work, policy: Policy, heads: Sequence[bytes], place: Sequence[int]) -> list[str]:
        by_model = [
            identities.decision_ids(heads, place, work.written, identities.end(model.version, policy.version))
            for model in self._models
        ]
        return by_model[0] if len(by_model) == 1 else [one for ids in zip(*by_model, strict=True) for one in ids]

    def _count(self, outcomes: Outcomes, policy: int, auto: Numbers, audit: Numbers, returned: Sequence[int]) -> None:
        models = len(self._models)
        for number, without_code in enumerate(returned):
            own = auto[number::models]
            sent = int(np.count_nonzero(own))
            outcomes.routes[number + 1, policy, Route.AUTO.value] += sent
            outcomes.routes[number + 1, policy, Route.RETURNED.value] += without_code
            outcomes.routes[number + 1, policy, Route.REVIEW.value] += len(own) - sent - without_code
            outcomes.routes[number + 1, policy, "audit"] += int(np.count_nonzero(audit[number::models]))


class _Sampled:
    """Which rows audit samples would take, each worked out when first asked for: policies often share theirs."""

    def __init__(self, formality_ids: Sequence[str], models: int) -> None:
        self._ids = formality_ids
        self._models = models
        self._by_share: dict[float, Numbers] = {}

    @cached_property
    def _hashes(self) -> npt.NDArray[np.uint64]:
        return routing.audit_hashes(self._ids)

    def under(self, policy: Policy) -> Numbers:
        """For each row whether it would be audited, were it auto."""
        share = policy.audit_share
        if share not in self._by_share:
            none = np.zeros(len(self._ids), dtype=bool)
            drawn = routing.audits(policy, self._hashes) if share > 0 else none
            self._by_share[share] = np.repeat(drawn, self._models)
        return self._by_share[share]


@dataclass(frozen=True, slots=True)
class _Work:
    """A unit and its codings; columns over contents become columns over rows here."""

    unit: UnitFilings
    written: Sequence[bytes]
    tables: Sequence[Table]
    models: int

    def gather(self, by_model: Sequence[Numbers]) -> Numbers:
        """From one column over contents a model to rows, models side by side."""
        if self.models == 1:
            return np.asarray(by_model[0][self.unit.content])
        return np.stack(by_model, axis=1)[self.unit.content].ravel()

    def by_model(self, values: Sequence[int]) -> Numbers:
        """The same for every filing."""
        return np.tile(np.array(values, dtype=np.int32), self.unit.rows)

    def identity(self) -> Iterator[pa.Array]:
        """Each filing's identity, once a model."""
        batch = self.unit.identity
        if self.models > 1:
            batch = batch.take(pa.array(np.repeat(np.arange(self.unit.rows), self.models)))
        yield from batch.columns

    def content(self) -> Iterator[pa.Array]:
        """What was filed, once a model."""
        places = pa.array(np.repeat(self.unit.content, self.models))
        for column in word_columns(self.unit.contents):
            yield column.take(places)


def words(numbers: Numbers, dictionary: Sequence[str] | pa.Array) -> pa.DictionaryArray:
    """A column of words from their places in a dictionary; `NONE` is null."""
    absent = numbers == NONE
    indices = pa.array(numbers.astype(np.int32, copy=False), mask=absent if absent.any() else None)
    return pa.DictionaryArray.from_arrays(indices, pa.array(dictionary, pa.string()), safe=False)


def flags(values: Numbers) -> pa.BooleanArray:
    """A column of yes and no, eight to a byte."""
    bits = pa.py_buffer(np.packbits(values, bitorder="little"))
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, bits])


def floats(values: npt.NDArray[np.float64]) -> pa.Array:
    """A column of numbers; NaN is null."""
    return pa.array(values, mask=np.isnan(values))


def _predicted(table: Table) -> Numbers:
    return np.asarray(table["settled"] == NONE)
