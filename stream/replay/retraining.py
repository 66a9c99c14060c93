"""How often to retrain: every schedule decides each period with what was labelled before it began."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.artefact import open_model
from models.backtest.columns import NO_CODE, Bools, Ints
from models.backtest.curve import Costs, minutes_a_filing
from models.backtest.days import EPOCH
from models.backtest.estimates import plain_share, share
from models.backtest.figures import History, RetrainedPeriod, ScheduleFigures
from models.backtest.schedule import Period, periods
from models.coding import CodingModel
from models.errors import TrainingError
from models.evaluation import Example
from models.policy import Policy
from models.training import TrainingSettings, train
from schemas.decision import Stage
from schemas.formality import CODING_FIELDS, Formality
from stream.replay.judged import Run
from stream.replay.label_join import JoinedLabels
from stream.replay.labels import micros
from stream.replay.rows import Rows

CHUNK = 4_096
_CONTENT = ("formality_id", "received_at", *CODING_FIELDS)
Positions = npt.NDArray[np.int64]


@dataclass
class _Decided:
    """What one schedule made of every filing, filled in period by period; shape (filings,)."""

    code: Ints
    auto: Bools
    review: Bools


@dataclass
class Retraining:
    """Models trained on the way, each once for all schedules.

    Parameters
    ----------
    more
        Labelled filings that every model learns as well, such as those of the model given.
    settings
        How to train.
    told
        Called with a line for each training that begins.
    """

    run: Run
    history: History
    joined: JoinedLabels
    costs: Costs
    more: Sequence[Example] = ()
    settings: TrainingSettings = field(default_factory=TrainingSettings)
    told: Callable[[str], None] = lambda line: None

    def figures(self, schedules: Sequence[str]) -> tuple[ScheduleFigures, ...]:
        """Every schedule over the whole history, under the first policy.

        The first model decides until a schedule trains its first one. A period before which too
        little was labelled to train on keeps the model of the period before.
        """
        self._rows = Rows(self.run, _CONTENT)
        self._trained: dict[date, tuple[Path, int] | None] = {}
        first = EPOCH + timedelta(days=self.history.filings.first_day)
        end = first + timedelta(days=self.history.filings.days)
        turns = {name: [period.start for period in periods(name, first, end)] for name in schedules}
        # All are told by the same periods, or the slow ones could not be compared with the fast.
        starts = sorted({start for own in turns.values() for start in own})
        told = [Period(start, stop) for start, stop in zip(starts, [*starts[1:], end], strict=True)]
        with _workshop(self.run.folder) as workshop:
            return tuple(self._schedule(name, turns[name][1:], told, workshop) for name in schedules)

    def _schedule(
        self, schedule: str, turns: Sequence[date], told: Sequence[Period], workshop: Path
    ) -> ScheduleFigures:
        lanes = self.history.lanes[0][0]
        decided = _Decided(self.history.codings[0].code.copy(), lanes.auto.copy(), lanes.review.copy())
        model: CodingModel | None = None
        found: list[RetrainedPeriod] = []
        trainings = 0
        for period in told:
            new = self._model_of(period.start, workshop) if period.start in turns else None
            if new is not None:
                model, trainings = open_model(new[0])[1], trainings + 1
            rows = self._filings_of(period)
            if model is not None:
                self._decide(rows, model, decided)
            version = self.history.codings[0].version if model is None else model.version
            found.append(self._period(period, rows, decided, None if new is None else new[1], version))
        return self._whole(schedule, trainings, found, decided)

    def _model_of(self, start: date, workshop: Path) -> tuple[Path, int] | None:
        """The model trained on what was labelled before a day, and on how many filings."""
        if start not in self._trained:
            examples = [*self.more, *self._examples(start)]
            destination = workshop / start.isoformat()
            self.told(f"retraining as of {start.isoformat()} on {len(examples)} labelled filings")
            try:
                train(examples, nomenclature=self.run.nomenclature, destination=destination, settings=self.settings)
                self._trained[start] = destination, len(examples)
            except TrainingError as error:
                self.told(f"not retrained as of {start.isoformat()}: {error}")
                self._trained[start] = None
        return self._trained[start]

    def _examples(self, start: date) -> Iterator[Example]:
        before = micros(datetime(start.year, start.month, start.day, tzinfo=UTC))
        codes = self.joined.last(before).code
        rows = np.flatnonzero(codes > NO_CODE)
        for chunk, formalities in self._formalities(rows):
            for row, formality in zip(chunk, formalities, strict=True):
                yield Example(formality, self.history.codes[codes[row]])

    def _decide(self, rows: Positions, model: CodingModel, decided: _Decided) -> None:
        position = {code: place for place, code in enumerate(self.history.codes)}
        policy = self.run.summary.policies[0].policy
        for chunk, formalities in self._formalities(rows):
            for row, formality, coding in zip(chunk, formalities, model.code(formalities), strict=True):
                first = coding.candidates[0].code if coding.candidates else None
                decided.code[row] = NO_CODE if first is None else position.get(first, NO_CODE)
                decided.auto[row] = (
                    first is not None
                    and coding.settled is None
                    and coding.confidence_index >= _threshold(policy, model, first, formality, coding.stage)
                )
                decided.review[row] = first is not None and not decided.auto[row]

    def _formalities(self, rows: Positions) -> Iterator[tuple[Positions, list[Formality]]]:
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            yield chunk, [Formality.model_validate(row) for row in self._rows.at(chunk)]

    def _filings_of(self, period: Period) -> Positions:
        first, end = ((day - EPOCH).days - self.history.filings.first_day for day in (period.start, period.end))
        return np.flatnonzero((self.history.filings.day >= first) & (self.history.filings.day < end))

    def _period(
        self, period: Period, rows: Positions, decided: _Decided, trained_on: int | None, version: str
    ) -> RetrainedPeriod:
        right, weight = self._right(decided)[rows], self.history.truth.weight[rows]
        auto = decided.auto[rows]
        return RetrainedPeriod(
            start=period.start,
            end=period.end,
            filings=len(rows),
            trained_on=trained_on,
            model_version=version,
            accuracy=share(right, weight),
            automation=plain_share(int(auto.sum()), len(rows)),
            auto_error=share(~right[auto], weight[auto]),
        )

    def _whole(
        self, schedule: str, trainings: int, found: Sequence[RetrainedPeriod], decided: _Decided
    ) -> ScheduleFigures:
        right, weight = self._right(decided), self.history.truth.weight
        filings, auto, reviews = len(right), int(decided.auto.sum()), int(decided.review.sum())
        error = share(~right[decided.auto], weight[decided.auto])
        return ScheduleFigures(
            schedule=schedule,
            trainings=trainings,
            periods=tuple(found),
            accuracy=share(right, weight),
            automation=plain_share(auto, filings),
            auto_error=error,
            minutes=minutes_a_filing(self.costs, filings, reviews, auto, error),
        )

    def _right(self, decided: _Decided) -> Bools:
        return self.history.truth.agrees(decided.code)


def _threshold(policy: Policy, model: CodingModel, code: str, formality: Formality, stage: Stage) -> float:
    return policy.threshold_for(section=model.nomenclature.section(code), type_form=formality.type_form, stage=stage)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder for the models trained on the way; they are gone afterwards."""
    place = Path(tempfile.mkdtemp(prefix=".retraining-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)
