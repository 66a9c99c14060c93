"""How often to retrain: every schedule decides each period with what was labelled before it began."""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from models.artefact import open_model
from models.backtest.columns import NO_CODE, Bools, Floats, Ints, Truth
from models.backtest.curve import Costs, minutes_a_filing
from models.backtest.days import EPOCH, WINDOW_DAYS
from models.backtest.estimates import Sums, plain_share
from models.backtest.figures import RetrainedPeriod, ScheduleFigures
from models.backtest.schedule import Period, periods
from models.coding import CodingModel
from models.errors import TrainingError
from models.evaluation import Example
from models.policy import Policy
from models.training import TrainingSettings, train
from schemas.decision import Stage
from schemas.formality import CODING_FIELDS, Formality
from schemas.instant import microseconds
from stream.errors import StorageFailed
from stream.replay.history import History
from stream.replay.label_ids import Positions
from stream.replay.label_join import JoinedLabels
from stream.replay.rows import Rows

CHUNK = 4_096
_CONTENT = ("formality_id", "received_at", *CODING_FIELDS)


@dataclass(frozen=True)
class _Decided:
    """What a model made of some filings under the first policy; shape (filings,)."""

    code: Ints
    auto: Bools
    review: Bools


@dataclass
class _Outcome:
    """What a schedule made of the filings so far."""

    filings: int = 0
    auto: int = 0
    reviews: int = 0
    accuracy: Sums = field(default_factory=Sums)
    auto_error: Sums = field(default_factory=Sums)

    def add(self, decided: _Decided, right: Bools, weight: Floats) -> None:
        self.filings += len(right)
        self.auto += int(decided.auto.sum())
        self.reviews += int(decided.review.sum())
        self.accuracy.add(right, weight)
        self.auto_error.add(~right, np.where(decided.auto, weight, 0.0))


@dataclass
class Retraining:
    """Models trained on the way, each once for all schedules.

    Parameters
    ----------
    more
        Labelled filings that every model learns as well, such as those of the model given.
    settings
        How to train; as `codiflux train` does by default.
    told
        Called with a line for each training that begins.
    """

    history: History
    joined: JoinedLabels
    costs: Costs
    more: Sequence[Example] = ()
    settings: TrainingSettings | None = None
    told: Callable[[str], None] = lambda line: None

    def figures(self, schedules: Sequence[str]) -> tuple[ScheduleFigures, ...]:
        """Every schedule over the whole history, under the first policy.

        The first model decides until a schedule trains its first one. A period before which too
        little was labelled to train on keeps the model of the period before.
        """
        self._rows = Rows(self.history.run, _CONTENT)
        self._trained: dict[int, tuple[Path, int] | None] = {}
        first = EPOCH + timedelta(days=self.history.setting.first_day)
        end = first + timedelta(days=self.history.setting.days)
        own = {name: self._in_use(periods(name, first, end)) for name in schedules}
        turns = {name: [period.start for period in kept if period.start > first] for name, kept in own.items()}
        # All are told by the same periods, or the slow ones could not be compared with the fast.
        cuts = sorted({cut for kept in own.values() for period in kept for cut in (period.start, period.end)})
        told = self._in_use([Period(start, stop) for start, stop in pairwise(cuts)])
        with _workshop(self.history.run.folder) as workshop:
            return tuple(self._schedule(name, turns[name], told, workshop) for name in schedules)

    def _schedule(
        self, schedule: str, turns: Sequence[date], told: Sequence[Period], workshop: Path
    ) -> ScheduleFigures:
        model: CodingModel | None = None
        found: list[RetrainedPeriod] = []
        trainings, whole = 0, _Outcome()
        past = date.min
        for period in told:
            # Of the turns in a gap the last one counts: nothing was decided between.
            due = turns[bisect_right(turns, past) : bisect_right(turns, period.start)]
            new = self._model_of(due[-1], workshop) if due else None
            past = period.start
            if new is not None:
                model, trainings = open_model(new[0])[1], trainings + 1
            own = _Outcome()
            for decided, right, weight in self._judged(period, model):
                own.add(decided, right, weight)
                whole.add(decided, right, weight)
            version = self.history.setting.models[0] if model is None else model.version
            found.append(_period(period, own, None if new is None else new[1], version))
        return self._whole(schedule, trainings, found, whole)

    def _in_use(self, periods: Sequence[Period]) -> list[Period]:
        """Those with a filing in them, or in the days of the window before: the others lie in a gap."""
        filed = self.history.run.span.filed_days
        first, end = (
            np.array([(day - EPOCH).days for day in days])
            for days in ([period.start for period in periods], [period.end for period in periods])
        )
        used = np.searchsorted(filed, first - WINDOW_DAYS, side="right") < np.searchsorted(filed, end)
        return [periods[place] for place in np.flatnonzero(used).tolist()]

    def _judged(self, period: Period, model: CodingModel | None) -> Iterator[tuple[_Decided, Bools, Floats]]:
        """Decisions of a period, which of them are right, and their weights, file by file."""
        span = self.history.run.span
        first, last = ((day - EPOCH).days - span.first_day for day in (period.start, period.end - timedelta(days=1)))
        for number in span.files_of(span.first_day + first, span.first_day + last):
            part = self.history.part(number)
            own = np.flatnonzero((part.filings.day >= first) & (part.filings.day <= last))
            if model is None:
                lanes = part.lanes[1, 1]
                decided = _Decided(part.codings[0].code[own], lanes.auto[own], lanes.review[own])
            else:
                decided = self._decide(own + span.starts[number], model)
            truth = Truth(part.truth.code[own], part.truth.weight[own], part.truth.arrival[own])
            yield decided, truth.agrees(decided.code), truth.weight

    def _model_of(self, start: date, workshop: Path) -> tuple[Path, int] | None:
        """The model trained on what was labelled before a day, and on how many filings.

        Where no label has come since another training it is that one's, which would be the same.
        """
        before = microseconds(datetime(start.year, start.month, start.day, tzinfo=UTC))
        labels = int((self.joined.arrival < before).sum())
        if labels not in self._trained:
            examples = [*self.more, *self._examples(before)]
            destination = workshop / start.isoformat()
            self.told(f"retraining as of {start.isoformat()} on {len(examples)} labelled filings")
            try:
                train(
                    examples,
                    nomenclature=self.history.run.nomenclature,
                    destination=destination,
                    settings=self.settings,
                )
                self._trained[labels] = destination, len(examples)
            except TrainingError as error:
                self.told(f"not retrained as of {start.isoformat()}: {error}")
                self._trained[labels] = None
        return self._trained[labels]

    def _examples(self, before: int) -> Iterator[Example]:
        filings, codes = self.joined.latest(before)
        filings, codes = filings[codes > NO_CODE], codes[codes > NO_CODE].tolist()
        answers = iter(codes)
        for formality in self._formalities(filings):
            yield Example(formality, self.history.setting.codes[next(answers)])

    def _decide(self, filings: Positions, model: CodingModel) -> _Decided:
        position = {code: place for place, code in enumerate(self.history.setting.codes)}
        policy = self.history.setting.policies[0]
        code = np.full(len(filings), NO_CODE, dtype=np.int32)
        auto, review = (np.zeros(len(filings), dtype=np.bool_) for _ in range(2))
        for start in range(0, len(filings), CHUNK):
            formalities = list(self._formalities(filings[start : start + CHUNK]))
            for place, (formality, coding) in enumerate(zip(formalities, model.code(formalities), strict=True), start):
                if not coding.candidates:
                    continue
                first = coding.candidates[0].code
                code[place] = position.get(first, NO_CODE)
                auto[place] = coding.settled is None and (
                    coding.confidence_index >= _threshold(policy, model, first, formality, coding.stage)
                )
                review[place] = not auto[place]
        return _Decided(code, auto, review)

    def _formalities(self, filings: Positions) -> Iterator[Formality]:
        for start in range(0, len(filings), CHUNK):
            yield from map(Formality.model_validate, self._rows.at(filings[start : start + CHUNK]))

    def _whole(
        self, schedule: str, trainings: int, found: Sequence[RetrainedPeriod], outcome: _Outcome
    ) -> ScheduleFigures:
        error = outcome.auto_error.estimate()
        return ScheduleFigures(
            schedule=schedule,
            trainings=trainings,
            periods=tuple(found),
            accuracy=outcome.accuracy.estimate(),
            automation=plain_share(outcome.auto, outcome.filings),
            auto_error=error,
            minutes=minutes_a_filing(self.costs, outcome.filings, outcome.reviews, outcome.auto, error),
        )


def _period(period: Period, outcome: _Outcome, trained_on: int | None, version: str) -> RetrainedPeriod:
    return RetrainedPeriod(
        start=period.start,
        end=period.end,
        filings=outcome.filings,
        trained_on=trained_on,
        model_version=version,
        accuracy=outcome.accuracy.estimate(),
        automation=plain_share(outcome.auto, outcome.filings),
        auto_error=outcome.auto_error.estimate(),
    )


def _threshold(policy: Policy, model: CodingModel, code: str, formality: Formality, stage: Stage) -> float:
    return policy.threshold_for(section=model.nomenclature.section(code), type_form=formality.type_form, stage=stage)


@contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """A folder for the models trained on the way, gone afterwards; what the disk does not take is `StorageFailed`."""
    try:
        with tempfile.TemporaryDirectory(prefix=".retraining-", dir=folder, ignore_cleanup_errors=True) as place:
            yield Path(place)
    except OSError as error:
        raise StorageFailed(f"{folder}: retraining on the way: {error.strerror or error}") from error
