"""All that labels say of models and policies, as values: they are written to `summary.json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from models.backtest import comparison, curve, days, groups
from models.backtest.columns import Branches, Codings, Filings, Lanes, Truth
from models.backtest.comparison import CodePair, McNemar
from models.backtest.curve import CheapestThreshold, Costs, CurvePoint
from models.backtest.days import Day, Workload
from models.backtest.estimates import Estimate, Fraction, plain_share, share
from models.backtest.groups import Group
from models.backtest.reliability import Reliability, reliability
from schemas.decision import MAX_CANDIDATES


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class ModelFigures(_Figures):
    """One model, whatever the policy.

    Parameters
    ----------
    number
        From 1, as in the summary's `models`.
    accuracy
        Share of right first codes by level, the code's own last.
    top_k
        Share of filings whose true code is among the first k, k from 1.
    curve
        Automation and error by threshold, rising.
    cheapest
        The threshold that costs least with the costs assumed; `None` without labels.
    cheapest_by_ratio
        The same for other costs of an error.
    """

    number: int
    accuracy: dict[str, Estimate]
    top_k: tuple[Estimate, ...]
    reliability: Reliability
    curve: tuple[CurvePoint, ...]
    cheapest: CurvePoint | None
    cheapest_by_ratio: tuple[CheapestThreshold, ...]


class VariantFigures(_Figures):
    """One model under one policy.

    Parameters
    ----------
    filings
        In all.
    automation
        Share without a human.
    auto_error
        Share of wrong codes among those.
    auto_error_upper
        Its one-sided 95 % upper bound.
    labelled
        Filings with a label that counts.
    review_hours
        Of the whole history, with the minutes assumed.
    minutes
        Expected cost of a filing: reviews and errors.
    """

    model: int
    policy: int
    filings: int
    automation: Estimate
    auto_error: Estimate
    auto_error_upper: Fraction
    labelled: int
    review_hours: float
    minutes: float


class FocusFigures(_Figures):
    """A variant looked at closely: A, the first of all, or B, what it is held against."""

    name: str = Field(pattern="^[AB]$")
    model: int
    policy: int
    sections: tuple[Group, ...]
    type_forms: tuple[Group, ...]
    days: tuple[Day, ...]
    workload: Workload


class Example(_Figures):
    """A filing on which two models differ.

    Parameters
    ----------
    text
        What the declarant wrote.
    truth
        The label's code; empty where a human found nothing to code, `None` without a label.
    a, b
        First code of each model; empty for none.
    confidence_a, confidence_b
        Their confidence indices.
    """

    formality_id: str
    text: str
    truth: str | None
    a: str
    b: str
    confidence_a: float
    confidence_b: float


class Comparison(_Figures):
    """The first model (A) and a further one (B) on the same filings."""

    a: int
    b: int
    same_code: Estimate
    mcnemar: McNemar
    pairs: tuple[CodePair, ...]
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class History:
    """All that is judged.

    Parameters
    ----------
    codings
        One a model.
    lanes
        For each model, one a policy.
    known, truth
        First and last label of each filing.
    codes
        The nomenclature's, as positions refer to them.
    level_names
        From the broadest to the code.
    """

    filings: Filings
    codings: tuple[Codings, ...]
    lanes: tuple[tuple[Lanes, ...], ...]
    known: Truth
    truth: Truth
    codes: tuple[str, ...]
    level_names: tuple[str, ...]
    branches: Branches


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


class RetrainedPeriod(_Figures):
    """A period decided by the model that was in force then.

    Parameters
    ----------
    start, end
        First day, and the day after the last.
    trained_on
        Labelled filings the model was trained on at `start`; `None`: the model of the period before,
        or the one given.
    model_version
        What decided.
    """

    start: date
    end: date
    filings: int
    trained_on: int | None
    model_version: str
    accuracy: Estimate
    automation: Estimate
    auto_error: Estimate


class ScheduleFigures(_Figures):
    """A retraining schedule over the whole history, each period decided before it was learnt from.

    Parameters
    ----------
    schedule
        As given; `never` keeps the model given.
    trainings
        How many models were trained.
    minutes
        Expected cost of a filing; training itself costs no agent's time.
    """

    schedule: str
    trainings: int
    periods: tuple[RetrainedPeriod, ...]
    accuracy: Estimate
    automation: Estimate
    auto_error: Estimate
    minutes: float
