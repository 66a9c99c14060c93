"""What labels, costs, drift and retraining say of a finished run: the `evaluation` of its summary."""

from __future__ import annotations

import numpy as np

from models.backtest import judging
from models.backtest.columns import NO_CODE, Truth, branches
from models.backtest.curve import Costs
from models.backtest.evaluated import Evaluation, LabelFigures
from models.backtest.figures import Comparison, Example, History
from stream.replay.judged import Run
from stream.replay.label_join import JoinedLabels
from stream.replay.rows import Rows

EXAMPLES = 12
"""Filings shown on which two models differ."""
_SEED = 20_261_128


def history_of(run: Run, joined: JoinedLabels | None) -> History:
    """The columns of a run with its labels."""
    filings = run.filings
    known = truth = _nothing(len(filings))
    if joined is not None:
        known, truth = joined.first(), joined.last()
    return History(
        filings=filings,
        codings=run.codings(truth.code),
        lanes=run.lanes(),
        known=known,
        truth=truth,
        codes=run.nomenclature.codes,
        level_names=run.nomenclature.level_names,
        branches=branches(run.nomenclature),
    )


def _nothing(filings: int) -> Truth:
    # Views of one number: nothing takes no room.
    none = np.broadcast_to(np.int32(NO_CODE), filings)
    return Truth(none, np.broadcast_to(np.float64(0.0), filings), none)


def evaluate(
    run: Run, history: History, *, labels: LabelFigures | None, costs: Costs, examples: int = EXAMPLES
) -> Evaluation:
    """The figures, without drift and retraining.

    Parameters
    ----------
    examples
        Filings shown with their texts for each comparison; 0 keeps every text out.
    """
    return Evaluation(
        costs=costs,
        labels=labels,
        models=judging.model_figures(history, costs),
        variants=judging.variant_figures(history, costs),
        focus=judging.focus_figures(history, costs),
        comparisons=tuple(
            compared.model_copy(update={"examples": _examples(run, history, compared, examples)})
            for compared in judging.comparisons(history)
        ),
    )


def _examples(run: Run, history: History, compared: Comparison, wanted: int) -> tuple[Example, ...]:
    """Filings on which the two differ: drawn, those with a label first."""
    a, b = history.codings[compared.a - 1], history.codings[compared.b - 1]
    apart = np.flatnonzero(a.code != b.code)
    drawn = np.random.default_rng(_SEED).permutation(apart)
    labelled = history.truth.code[drawn] != NO_CODE
    chosen = np.sort(np.concatenate([drawn[labelled], drawn[~labelled]])[:wanted])
    if not len(chosen):
        return ()
    rows = Rows(run, ("formality_id", "description_activity")).at(chosen)
    return tuple(
        Example(
            formality_id=rows[place]["formality_id"],
            text=rows[place]["description_activity"],
            truth=_code(history, int(history.truth.code[position])),
            a=_code(history, int(a.code[position])) or "",
            b=_code(history, int(b.code[position])) or "",
            confidence_a=float(a.confidence[position]),
            confidence_b=float(b.confidence[position]),
        )
        for place, position in enumerate(chosen)
    )


def _code(history: History, position: int) -> str | None:
    """A code as written; empty for "nothing to code", `None` for no label."""
    if position >= 0:
        return history.codes[position]
    return None if position == NO_CODE else ""
