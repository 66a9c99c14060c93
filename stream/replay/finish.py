"""What follows the decisions: labels, costs, drift, the report. Called once, on a whole run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models import artefact
from models.backtest.evaluated import Evaluation, LabelFigures
from stream.errors import StorageFailed
from stream.replay import evaluation as evaluating
from stream.replay.history import History
from stream.replay.judged import Run
from stream.replay.label_join import JoinedLabels, join
from stream.replay.label_sources import read_labels
from stream.replay.options import FinishOptions, costs_of, delay_seconds
from stream.replay.report.page import draw
from stream.replay.summary import Summary

if TYPE_CHECKING:
    from models.training import TrainingSettings

REPORT = "report.html"


@dataclass(frozen=True)
class Following:
    """Whom to tell how far it is: lines for the operator, filings to do, filings done."""

    note: Callable[[str], None] = lambda line: None
    total: Callable[[int], None] = lambda filings: None
    done: Callable[[int], None] = lambda filings: None


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

    Raises
    ------
    UsageError
        Labels or further filings to learn that are not right.
    StorageFailed
        The disk does not take a retrained model or the report.
    """
    following = following or Following()
    nomenclature = artefact.read_nomenclature(models[0], artefact.read_manifest(models[0]))
    run = Run(folder, summary, nomenclature)
    evaluation = _evaluate(run, options, models[0], following, training)
    titles = {**nomenclature.branch_labels, **nomenclature.labels}
    try:
        (folder / REPORT).write_text(draw(summary, evaluation, titles), encoding="utf-8")
    except OSError as error:
        raise StorageFailed(f"{folder / REPORT}: {error.strerror or error}") from error
    return summary.model_copy(update={"evaluation": evaluation})


def _evaluate(
    run: Run, options: FinishOptions, model: Path, following: Following, training: TrainingSettings | None
) -> Evaluation:
    # River and scipy's optimisers take two seconds to load: only where they are used.
    costs = costs_of(options)
    joined, labels = _labels(run, options)
    history = History(run, joined)
    found = evaluating.evaluate(history, labels=labels, costs=costs, examples=options.examples)
    added: dict[str, object] = {}
    if options.drift:
        from stream.replay.drift import drift_of

        following.note("looking for drift over event time")
        following.total(len(history))
        added["drift"] = drift_of(history, model, done=following.done)
    if options.schedules and joined is not None:
        from stream.filings import read_examples
        from stream.replay.retraining import Retraining

        more = read_examples([Path(name) for name in options.retrain_with], run.nomenclature, note=following.note)
        schedules = Retraining(history, joined, costs, more, training, following.note).figures(options.schedules)
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
        delay_seconds=delay_seconds(options),
        audit_share=options.audit_share or (shares[0] if shares else None),
    )
