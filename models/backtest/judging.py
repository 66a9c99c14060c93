"""From a history to its figures: every model, every variant, the two looked at closely, the comparisons."""

from __future__ import annotations

from collections.abc import Sequence

from models.backtest import comparison, curve, days, groups
from models.backtest.columns import Codings, Lanes
from models.backtest.curve import Costs
from models.backtest.estimates import Estimate, plain_share, share
from models.backtest.figures import Comparison, FocusFigures, History, ModelFigures, VariantFigures
from models.backtest.groups import Group
from models.backtest.reliability import reliability
from schemas.decision import MAX_CANDIDATES


def model_figures(history: History, costs: Costs) -> tuple[ModelFigures, ...]:
    """Every model, whatever the policy."""
    return tuple(
        _model(history, number, codings, lanes, costs)
        for number, (codings, lanes) in enumerate(zip(history.codings, history.lanes, strict=True), start=1)
    )


def _model(history: History, number: int, codings: Codings, lanes: Sequence[Lanes], costs: Costs) -> ModelFigures:
    thresholds = curve.thresholds_of(codings, [lane.threshold for lane in lanes])
    points = curve.curve(codings, history.truth, costs, thresholds)
    rank = codings.rank
    return ModelFigures(
        number=number,
        accuracy={name: _accuracy(history, codings, level) for level, name in enumerate(history.level_names, start=1)},
        top_k=tuple(share((rank > 0) & (rank <= k), history.truth.weight) for k in range(1, MAX_CANDIDATES + 1)),
        reliability=reliability(codings, history.truth),
        curve=tuple(points),
        cheapest=curve.cheapest(points),
        cheapest_by_ratio=tuple(curve.cheapest_by_ratio(points)),
    )


def _accuracy(history: History, codings: Codings, level: int) -> Estimate:
    given, true = (history.branches.at(level, codes) for codes in (codings.code, history.truth.code))
    hits = ((given == true) & (codings.code >= 0)) | (codings.right(history.truth) & (codings.code < 0))
    return share(hits, history.truth.weight)


def variant_figures(history: History, costs: Costs) -> tuple[VariantFigures, ...]:
    """Every model under every policy."""
    return tuple(
        _variant(history, model, policy, costs)
        for model in range(1, len(history.codings) + 1)
        for policy in range(1, len(history.lanes[model - 1]) + 1)
    )


def _variant(history: History, model: int, policy: int, costs: Costs) -> VariantFigures:
    codings, lanes, truth = history.codings[model - 1], history.lanes[model - 1][policy - 1], history.truth
    filings, auto, reviews = len(history.filings), int(lanes.auto.sum()), int(lanes.review.sum())
    kept = lanes.auto & truth.counts
    error = share(~codings.right(truth)[kept], truth.weight[kept])
    return VariantFigures(
        model=model,
        policy=policy,
        filings=filings,
        automation=plain_share(auto, filings),
        auto_error=error,
        auto_error_upper=error.upper,
        labelled=int(truth.counts.sum()),
        review_hours=reviews * costs.review_minutes / 60,
        minutes=curve.minutes_a_filing(costs, filings, reviews, auto, error),
    )


def focus_figures(history: History, costs: Costs) -> tuple[FocusFigures, ...]:
    """A, and B where there is a second model or a second policy."""
    chosen = [("A", 1, 1)]
    if len(history.codings) > 1:
        chosen.append(("B", 2, 1))
    elif len(history.lanes[0]) > 1:
        chosen.append(("B", 1, 2))
    return tuple(_focus(history, name, model, policy, costs) for name, model, policy in chosen)


def _focus(history: History, name: str, model: int, policy: int, costs: Costs) -> FocusFigures:
    codings, lanes = history.codings[model - 1], history.lanes[model - 1][policy - 1]
    filings, truth = history.filings, history.truth
    by_day = days.daily(filings, codings, lanes, known=history.known, truth=truth)
    sections: tuple[Group, ...] = ()
    if len(history.level_names) > 1:
        member = history.branches.at(1, codings.code)
        sections = groups.groups(history.branches.names[0], member, codings, lanes, truth)
    return FocusFigures(
        name=name,
        model=model,
        policy=policy,
        sections=sections,
        type_forms=groups.groups(filings.type_forms, filings.type_form, codings, lanes, truth),
        days=by_day,
        workload=days.workload(by_day, costs.review_minutes),
    )


def comparisons(history: History) -> tuple[Comparison, ...]:
    """The first model against each further one; without examples, which are the reader's to fetch."""
    first = history.codings[0]
    return tuple(
        Comparison(
            a=1,
            b=number,
            same_code=plain_share(int((first.code == other.code).sum()), len(history.filings)),
            mcnemar=comparison.compare(first, other, history.truth),
            pairs=comparison.pairs(first, other, history.truth, history.codes),
        )
        for number, other in enumerate(history.codings[1:], start=2)
    )
