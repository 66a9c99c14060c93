"""The `evaluation` of a replay's `summary.json`: every figure of the report."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from models.backtest.curve import Costs
from models.backtest.days import WINDOW_DAYS
from models.backtest.drift_figures import DriftFigures
from models.backtest.figures import Comparison, FocusFigures, ModelFigures, ScheduleFigures, VariantFigures


class LabelFigures(BaseModel):
    """What became of the labels.

    Parameters
    ----------
    labels
        In the source.
    unreadable, unknown_codes, unmatched
        Those left out: no label, of another nomenclature, for a filing that is not in the run.
    joined
        The others; a filing may have several.
    filings
        Filings with a label.
    uncodable
        Filings whose last label says that there is nothing to code.
    sampled
        Filings that estimates rest on: with a claim alone a filing is no sample of anything.
    origins
        Joined labels by origin; "complete" where the labels do not say.
    arrival
        When labels arrive: `delay`, `labelled_at`, or `at once` where nothing is known.
    delay_seconds
        The simulated delay; the median of the labels' own where these are taken.
    audit_share
        By which labels of audits are weighted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: int
    unreadable: int
    unknown_codes: int
    unmatched: int
    joined: int
    filings: int
    uncodable: int
    sampled: int
    origins: dict[str, int]
    arrival: str
    delay_seconds: float | None
    audit_share: float | None


class Evaluation(BaseModel):
    """All figures of the report.

    Parameters
    ----------
    costs
        What was assumed.
    labels
        `None` when none were given: nothing is said of right and wrong then.
    window_days
        What an estimate of a day looks back on.
    drift
        `None` when it was not asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    costs: Costs
    labels: LabelFigures | None
    window_days: int = WINDOW_DAYS
    models: tuple[ModelFigures, ...]
    variants: tuple[VariantFigures, ...]
    focus: tuple[FocusFigures, ...]
    comparisons: tuple[Comparison, ...]
    drift: DriftFigures | None = None
    retraining: tuple[ScheduleFigures, ...] = ()
