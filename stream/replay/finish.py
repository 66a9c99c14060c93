"""What follows the decisions: labels, costs, drift, the report. Called once, on a whole run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models import artefact
from models.backtest.curve import Costs
from models.backtest.evaluated import Evaluation, LabelFigures
from models.backtest.figures import ScheduleFigures
from models.backtest.schedule import NEVER, periods
from models.errors import TrainingError
from models.training import TrainingSettings
from stream.errors import UsageError
from stream.filings import read_examples
from stream.replay import evaluation as evaluating
from stream.replay.drift import drift_of
from stream.replay.history import History
from stream.replay.judged import Run
from stream.replay.label_join import JoinedLabels, join
from stream.replay.label_sources import check_source, read_labels
from stream.replay.report.page import draw
from stream.replay.retraining import Retraining
from stream.replay.summary import Summary

REPORT = "report.html"
_DELAY = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhdw])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class FinishOptions(BaseModel):
    """What the command line asks of the evaluation; kept with shards, so that `merge` can finish.

    Parameters
    ----------
    labels
        File, archive or topic of the labels, as given.
    label_delay
        As given: `14d`; `None` takes the labels' own times.
    audit_share
        By which labels of audits are weighted; the first policy's own where it has one.
    retrain
        As given: `monthly`, or several as in `monthly,quarterly`; `never` is always beside them.
    retrain_with
        Labelled filings that retrained models learn as well, files as given.
    review_minutes, error_minutes
        What a review and a wrong automatic code are taken to cost.
    examples
        Filings shown with their texts; 0 keeps every text out of the report.
    drift
        Whether the drift monitor is run over the history.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str | None = None
    label_delay: str | None = None
    audit_share: float | None = Field(default=None, gt=0.0, le=1.0)
    retrain: str | None = None
    retrain_with: tuple[str, ...] = ()
    review_minutes: float = 3.0
    error_minutes: float = 30.0
    examples: int = Field(default=evaluating.EXAMPLES, ge=0)
    drift: bool = True

    @property
    def schedules(self) -> tuple[str, ...]:
        """The retraining schedules asked for, `never` first; none when none was."""
        if self.retrain is None:
            return ()
        asked = [name.strip() for name in self.retrain.split(",")]
        return (NEVER, *dict.fromkeys(name for name in asked if name != NEVER))


@dataclass(frozen=True)
class Following:
    """Whom to tell how far it is: lines for the operator, filings to do, filings done."""

    note: Callable[[str], None] = lambda line: None
    total: Callable[[int], None] = lambda filings: None
    done: Callable[[int], None] = lambda filings: None


def check(options: FinishOptions) -> None:
    """Refuse what cannot be finished, before anything is read.

    Raises
    ------
    UsageError
        A delay, schedule or cost that is none; a file that is not there; what needs labels without any.
    """
    _costs(options)
    _delay_seconds(options)
    for schedule in options.schedules:
        try:
            periods(schedule, date(2026, 1, 1), date(2026, 1, 2))
        except TrainingError as error:
            raise UsageError(f"--retrain: {error}") from error
    if options.labels is None:
        for flag, value in (("--label-delay", options.label_delay), ("--retrain", options.retrain)):
            if value is not None:
                raise UsageError(f"{flag} needs labels: give them with --labels")
    else:
        check_source(options.labels)
    for name in options.retrain_with:
        if not Path(name).is_file():
            raise UsageError(f"{name}: no such file; it was to be learnt by retrained models")


def finish(
    folder: Path,
    summary: Summary,
    options: FinishOptions,
    *,
    models: Sequence[Path],
    following: Following | None = None,
    training: TrainingSettings | None = None,
) -> Summary:
    """Evaluate a finished run and write its report.

    Parameters
    ----------
    folder
        Holds `decisions/*.parquet`, complete; `report.html` is written beside it. It becomes the
        output only when this returns.
    models
        Directories of the models, in the summary's order.
    training
        How retrained models are trained; as `codiflux train` does by default.

    Returns
    -------
    Summary
        With `evaluation`; the caller writes it as `summary.json`.
    """
    following = following or Following()
    nomenclature = artefact.read_nomenclature(models[0], artefact.read_manifest(models[0]))
    run = Run(folder, summary, nomenclature)
    evaluation = _evaluate(run, options, models[0], following, training or TrainingSettings())
    titles = {**nomenclature.branch_labels, **nomenclature.labels}
    try:
        (folder / REPORT).write_text(draw(summary, evaluation, titles), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder / REPORT}: {error.strerror or error}") from error
    return summary.model_copy(update={"evaluation": evaluation})


def _evaluate(
    run: Run, options: FinishOptions, model: Path, following: Following, training: TrainingSettings
) -> Evaluation:
    costs = _costs(options)
    joined, labels = _labels(run, options)
    history = History(run, joined)
    found = evaluating.evaluate(history, labels=labels, costs=costs, examples=options.examples)
    added: dict[str, object] = {}
    if options.drift:
        following.note("looking for drift over event time")
        following.total(len(history))
        added["drift"] = drift_of(history, model, done=following.done)
    if options.schedules and joined is not None:
        more = read_examples([Path(name) for name in options.retrain_with], run.nomenclature)
        schedules: tuple[ScheduleFigures, ...] = Retraining(
            history, joined, costs, more, training, following.note
        ).figures(options.schedules)
        added["retraining"] = schedules
    return found.model_copy(update=added)


def _labels(run: Run, options: FinishOptions) -> tuple[JoinedLabels | None, LabelFigures | None]:
    if options.labels is None:
        return None, None
    shares = [policy.policy.audit_share for policy in run.summary.policies if policy.policy.audit_share > 0.0]
    return join(
        read_labels(options.labels, run.nomenclature),
        run.identities(),
        count=run.span.filings,
        first_day=run.span.first_day,
        delay_seconds=_delay_seconds(options),
        audit_share=options.audit_share or (shares[0] if shares else None),
    )


def _costs(options: FinishOptions) -> Costs:
    try:
        return Costs(review_minutes=options.review_minutes, error_minutes=options.error_minutes)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0]).replace("_", "-")
        raise UsageError(f"--{name}: {error.errors()[0]['msg'].lower()}") from error


def _delay_seconds(options: FinishOptions) -> float | None:
    if options.label_delay is None:
        return None
    match = _DELAY.fullmatch(options.label_delay.strip())
    if match is None:
        raise UsageError(f"--label-delay {options.label_delay}: write it as 14d, 36h or 90m")
    return float(match["number"]) * _UNIT_SECONDS[match["unit"]]
