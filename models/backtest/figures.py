"""What labels say of models and policies, as values: they are written to `summary.json`."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict, Field

from models.backtest.comparison import CodePair, McNemar
from models.backtest.curve import CheapestThreshold, CurvePoint
from models.backtest.days import Day, Workload
from models.backtest.estimates import Estimate, Fraction
from models.backtest.groups import Group
from models.backtest.reliability import Reliability


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
        How often a model was trained; without a new label since another training, that one's is taken.
    periods
        In turn, but for those that lie in a gap (`models.backtest.days`).
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
