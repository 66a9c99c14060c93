"""A finished run and its labels as parts of a history: one file after the other, and never all at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models.backtest import judging
from models.backtest.columns import NO_CODE, Codings, Filings, Ints, Lanes, Part, Setting, Truth, branches
from schemas.decision import MAX_CANDIDATES, Route, Stage
from stream.replay.columns import one_array, policy_column
from stream.replay.judged import DAY_MICROS, Run, booleans, by_model, floats, translated
from stream.replay.label_join import JoinedLabels

_IDENTITY = ("received_at", "type_form")
_CODING = ("probability_1", "confidence_index", "stage")


class History:
    """The parts of a history, in order, each read when it is asked for.

    Parameters
    ----------
    joined
        Labels of the run's filings; `None` without labels.
    """

    def __init__(self, run: Run, joined: JoinedLabels | None) -> None:
        self.run = run
        self.joined = joined
        self.setting = Setting(
            models=tuple(model.version for model in run.summary.models),
            policies=tuple(policy.policy for policy in run.summary.policies),
            codes=run.nomenclature.codes,
            level_names=run.nomenclature.level_names,
            branches=branches(run.nomenclature),
            first_day=run.span.first_day,
            days=run.span.days,
            type_forms=run.span.type_forms,
        )
        self._policies = sorted({policy for _, policy in judging.lanes_wanted(self.setting)})
        self._codes = {code: position for position, code in enumerate(run.nomenclature.codes)}
        self._type_forms = {name: position for position, name in enumerate(run.span.type_forms)}
        # Without a label no further candidate is looked at.
        self._ranks = 1 if joined is None else MAX_CANDIDATES

    def __len__(self) -> int:
        return self.run.span.filings

    def __iter__(self) -> Iterator[Part]:
        return map(self.part, range(len(self.run.files)))

    def part(self, number: int) -> Part:
        """The filings of a file."""
        codes = [f"code_{rank}" for rank in range(1, self._ranks + 1)]
        lanes = [policy_column(name, policy) for policy in self._policies for name in ("route", "audit")]
        table = self.run.read(number, [*_IDENTITY, *_CODING, *codes, *lanes])
        start, end = (int(bound) for bound in self.run.span.starts[number : number + 2])
        known, truth = self._labels(start, end)
        return Part(
            filings=self._filings(table),
            codings=tuple(self._codings(table, codes, truth.code)),
            lanes=self._lanes(table),
            known=known,
            truth=truth,
        )

    def _labels(self, start: int, end: int) -> tuple[Truth, Truth]:
        if self.joined is not None:
            labels = self.joined.between(start, end)
            return labels.first(), labels.last()
        # Views of one number: nothing takes no room.
        none = np.broadcast_to(np.int32(NO_CODE), end - start)
        nothing = Truth(none, np.broadcast_to(np.float64(0.0), end - start), none)
        return nothing, nothing

    def _filings(self, table: pa.Table) -> Filings:
        setting = self.setting
        day = (self.run.received_at(table) // DAY_MICROS - setting.first_day).astype(np.int32)
        forms = translated(one_array(table["type_form"]), self._type_forms)[:: self.run.models]
        return Filings(setting.first_day, setting.days, day, forms, setting.type_forms)

    def _codings(self, table: pa.Table, codes: list[str], truth: Ints) -> Iterator[Codings]:
        given = [self._by_model(translated(one_array(table[name]), self._codes)) for name in codes]
        probability, confidence = (
            self._by_model(floats(table[name])) for name in ("probability_1", "confidence_index")
        )
        settled = self._by_model(translated(one_array(table["stage"]), {Stage.REJECTION.value: 1}) == 1)
        for model, version in enumerate(self.setting.models):
            rank = np.zeros(len(truth), dtype=np.int32)
            for place in range(len(codes), 0, -1):
                rank[(given[place - 1][model] == truth) & (truth >= 0)] = place
            yield Codings(version, given[0][model], probability[model], confidence[model], settled[model], rank)

    def _lanes(self, table: pa.Table) -> dict[tuple[int, int], Lanes]:
        positions = {Route.AUTO.value: 1, Route.REVIEW.value: 2}
        found: dict[tuple[int, int], Lanes] = {}
        for policy in self._policies:
            sent = self._by_model(translated(one_array(table[policy_column("route", policy)]), positions))
            copied = self._by_model(booleans(table[policy_column("audit", policy)]))
            for model in range(self.run.models):
                auto, review = sent[model] == 1, sent[model] == 2
                found[model + 1, policy] = Lanes(auto, review, copied[model])
        return found

    def _by_model(self, values: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        return by_model(values, self.run.models)
