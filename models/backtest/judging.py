"""From a history, taken in part by part, to its figures: every model, every variant, two of them closely."""

from __future__ import annotations

import numpy as np

from models.backtest import curve
from models.backtest.columns import Codings, Part, Setting, Truth
from models.backtest.comparison import Paired
from models.backtest.curve import Confidences, Costs, Sent
from models.backtest.days import Daily, workload
from models.backtest.estimates import Estimate, Sums, of_sums, plain_share
from models.backtest.figures import Comparison, FocusFigures, ModelFigures, VariantFigures
from models.backtest.groups import Groups
from models.backtest.reliability import Calibration
from schemas.decision import MAX_CANDIDATES


class Judge:
    """Adds up a history part by part. What it holds does not grow with the filings.

    Parameters
    ----------
    costs
        What work and errors are taken to cost.
    """

    def __init__(self, setting: Setting, costs: Costs) -> None:
        self._setting = setting
        self._costs = costs
        self._models = [_Model(setting) for _ in setting.models]
        self._by_lane = {variant: _ByLane() for variant in variants_by_lane(setting)}
        self._focus = {variant: _Focus(setting) for variant in focus_variants(setting).values()}
        self._pairs = [Paired(setting.codes) for _ in setting.models[1:]]

    def add(self, part: Part) -> None:
        """Take in filings."""
        for model, codings in zip(self._models, part.codings, strict=True):
            model.add(codings, part.truth)
        for variant, counted in self._by_lane.items():
            counted.add(part, variant)
        for variant, focus in self._focus.items():
            focus.add(part, variant)
        for pair, other in zip(self._pairs, part.codings[1:], strict=True):
            pair.add(part.codings[0], other, part.truth)

    def models(self) -> tuple[ModelFigures, ...]:
        """Every model, whatever the policy."""
        own = [policy.threshold for policy in self._setting.policies]
        return tuple(model.figures(number, own, self._costs) for number, model in enumerate(self._models, start=1))

    def variants(self) -> tuple[VariantFigures, ...]:
        """Every model under every policy."""
        return tuple(
            self._variant(number, policy, sent)
            for number, model in enumerate(self._models, start=1)
            for policy, sent in enumerate(self._sent(number, model.confidences), start=1)
        )

    def _sent(self, model: int, confidences: Confidences) -> list[Sent]:
        """What each policy made of a model's codings."""
        thresholds = np.array([policy.threshold for policy in self._setting.policies])
        return [
            self._by_lane[model, policy].sent() if (model, policy) in self._by_lane else sent
            for policy, sent in enumerate(confidences.sent(thresholds), start=1)
        ]

    def _variant(self, model: int, policy: int, sent: Sent) -> VariantFigures:
        filings = self._models[model - 1].confidences.filings
        return VariantFigures(
            model=model,
            policy=policy,
            filings=filings,
            automation=plain_share(sent.auto, filings),
            auto_error=sent.error,
            auto_error_upper=sent.error.upper,
            labelled=self._models[model - 1].labelled,
            review_hours=sent.reviews * self._costs.review_minutes / 60,
            minutes=curve.minutes_a_filing(self._costs, filings, sent.reviews, sent.auto, sent.error),
        )

    def focus(self) -> tuple[FocusFigures, ...]:
        """A, and B where there is a second model or a second policy."""
        return tuple(
            self._focus[variant].figures(name, variant, self._costs)
            for name, variant in focus_variants(self._setting).items()
        )

    def comparisons(self) -> tuple[Comparison, ...]:
        """The first model against each further one; without examples, which are the reader's to fetch."""
        return tuple(
            Comparison(a=1, b=number, same_code=pair.same_code(), mcnemar=pair.test(), pairs=pair.pairs())
            for number, pair in enumerate(self._pairs, start=2)
        )


def focus_variants(setting: Setting) -> dict[str, tuple[int, int]]:
    """Models and policies looked at closely, by name."""
    chosen = {"A": (1, 1)}
    if len(setting.models) > 1:
        chosen["B"] = (2, 1)
    elif len(setting.policies) > 1:
        chosen["B"] = (1, 2)
    return chosen


def variants_by_lane(setting: Setting) -> set[tuple[int, int]]:
    """Models and policies whose lanes one threshold alone does not tell."""
    segmented = [number for number, policy in enumerate(setting.policies, start=1) if policy.segments]
    return {(model, policy) for model in range(1, len(setting.models) + 1) for policy in segmented}


def lanes_wanted(setting: Setting) -> set[tuple[int, int]]:
    """Models and policies whose lanes a `Judge` looks at."""
    return {*focus_variants(setting).values(), *variants_by_lane(setting)}


class _Model:
    """What is said of one model."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.labelled = 0
        self.confidences = Confidences()
        self._calibration = Calibration()
        self._levels = Sums(len(setting.level_names))
        # By where the true code stands among the candidates, from 1; 0 is nowhere.
        self._ranks = Sums(MAX_CANDIDATES + 1)

    def add(self, codings: Codings, truth: Truth) -> None:
        self.confidences.add(codings, truth)
        labelled = int(truth.counts.sum())
        if not labelled:
            return
        self.labelled += labelled
        self._calibration.add(codings, truth)
        self._ranks.add(codings.rank > 0, truth.weight, codings.rank)
        rightly_returned = codings.right(truth) & (codings.code < 0)
        for level in range(len(self._setting.level_names)):
            given, true = (self._setting.branches.at(level + 1, codes) for codes in (codings.code, truth.code))
            hits = ((given == true) & (codings.code >= 0)) | rightly_returned
            self._levels.add(hits, truth.weight, np.full(len(hits), level))

    def figures(self, number: int, thresholds: list[float], costs: Costs) -> ModelFigures:
        points = self.confidences.curve(costs, self.confidences.thresholds(thresholds))
        return ModelFigures(
            number=number,
            accuracy=dict(zip(self._setting.level_names, self._levels.estimates(), strict=True)),
            top_k=tuple(self._among(k) for k in range(1, MAX_CANDIDATES + 1)),
            reliability=self._calibration.figures(),
            curve=tuple(points),
            cheapest=curve.cheapest(points),
            cheapest_by_ratio=tuple(curve.cheapest_by_ratio(points)),
        )

    def _among(self, k: int) -> Estimate:
        """Share of filings whose true code is among the first k."""
        ranks = self._ranks
        return of_sums(
            rows=int(ranks.rows.sum()),
            total=float(ranks.total.sum()),
            hit=float(ranks.hit[1 : k + 1].sum()),
            squares=float(ranks.squares.sum()),
        )


class _ByLane:
    """Filings by lane, counted from the lanes themselves."""

    def __init__(self) -> None:
        self._auto = self._reviews = 0
        self._error = Sums()

    def add(self, part: Part, variant: tuple[int, int]) -> None:
        lanes, truth = part.lanes[variant], part.truth
        self._auto += int(lanes.auto.sum())
        self._reviews += int(lanes.review.sum())
        right = part.codings[variant[0] - 1].right(truth)
        self._error.add(~right, np.where(lanes.auto, truth.weight, 0.0))

    def sent(self) -> Sent:
        return Sent(self._auto, self._reviews, self._error.estimate())


class _Focus:
    """One variant looked at closely."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._days = Daily(setting.first_day, setting.days)
        self._sections = Groups(setting.branches.names[0])
        self._type_forms = Groups(setting.type_forms)

    def add(self, part: Part, variant: tuple[int, int]) -> None:
        codings, lanes, truth = part.codings[variant[0] - 1], part.lanes[variant], part.truth
        self._days.add(part.filings, codings, lanes, known=part.known, truth=truth)
        self._type_forms.add(part.filings.type_form, codings, lanes, truth)
        if len(self._setting.level_names) > 1:
            self._sections.add(self._setting.branches.at(1, codings.code), codings, lanes, truth)

    def figures(self, name: str, variant: tuple[int, int], costs: Costs) -> FocusFigures:
        days = self._days.figures()
        return FocusFigures(
            name=name,
            model=variant[0],
            policy=variant[1],
            sections=self._sections.figures() if len(self._setting.level_names) > 1 else (),
            type_forms=self._type_forms.figures(),
            days=days,
            workload=workload(days, costs.review_minutes),
        )
