"""A history taken in part by part says what it says at once, and its lanes what their threshold says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.backtest.columns import Codings, Filings, Lanes, Part, Setting, Truth
from models.backtest.curve import Costs
from models.backtest.judging import Judge, lanes_wanted
from models.policy import Policy, Segment
from tests.unit.backtest import histories as small

FILINGS = 400
DAYS = 40
THRESHOLDS = (0.5, 0.25)
SETTING = Setting(
    models=("one", "two"),
    policies=(
        *(Policy(threshold=threshold) for threshold in THRESHOLDS),
        Policy(threshold=0.5, segments=(Segment(threshold=0.25, section="Z"),)),
    ),
    codes=small.CODES,
    level_names=small.NOMENCLATURE.level_names,
    branches=small.BRANCHES,
    first_day=20_000,
    days=DAYS,
    type_forms=("C", "M"),
)


def history(seed: int) -> Part:
    """Some hundred filings of every kind; numbers are fractions of two, whose sums are exact."""
    chance = np.random.default_rng(seed)
    day = np.sort(chance.integers(0, DAYS, FILINGS)).astype(np.int32)
    code = chance.integers(-2, 4, FILINGS).astype(np.int32)
    weight = np.where(code == -1, 0.0, chance.choice([0.0, 1.0, 4.0], FILINGS))
    truth = Truth(code, weight, (day + chance.integers(0, 9, FILINGS)).astype(np.int32))
    codings = tuple(_codings(chance, version, truth) for version in SETTING.models)
    lanes = {}
    for model, policy in lanes_wanted(SETTING):
        own = codings[model - 1]
        auto = ~own.settled & (own.confidence >= SETTING.policies[policy - 1].threshold)
        lanes[model, policy] = Lanes(auto, (own.code >= 0) & ~auto, auto & (chance.random(FILINGS) < 0.2))
    forms = chance.integers(-1, 2, FILINGS).astype(np.int32)
    return Part(Filings(20_000, DAYS, day, forms, SETTING.type_forms), codings, lanes, truth, truth)


def _codings(chance: np.random.Generator, version: str, truth: Truth) -> Codings:
    code = np.where(chance.random(FILINGS) < 0.6, truth.code, chance.integers(-1, 4, FILINGS)).astype(np.int32)
    code = np.maximum(code, -1)
    confidence, probability = (chance.integers(0, 65, FILINGS) / 64 for _ in range(2))
    settled = (code < 0) | (chance.random(FILINGS) < 0.1)
    rank = np.where(code == truth.code, 1, chance.integers(0, 6, FILINGS)).astype(np.int32)
    return Codings(version, code, probability, confidence, settled, rank)


def between(part: Part, start: int, end: int) -> Part:
    """Some filings of a history."""
    own = slice(start, end)

    def truth(whole: Truth) -> Truth:
        return Truth(whole.code[own], whole.weight[own], whole.arrival[own])

    filings = part.filings
    return Part(
        Filings(filings.first_day, filings.days, filings.day[own], filings.type_form[own], filings.type_forms),
        tuple(
            Codings(c.version, c.code[own], c.probability[own], c.confidence[own], c.settled[own], c.rank[own])
            for c in part.codings
        ),
        {variant: Lanes(one.auto[own], one.review[own], one.audit[own]) for variant, one in part.lanes.items()},
        truth(part.known),
        truth(part.truth),
    )


def judged(parts: list[Part]) -> list[str]:
    """All figures as they are written."""
    judge = Judge(SETTING, Costs())
    for part in parts:
        judge.add(part)
    return [
        figures.model_dump_json()
        for figures in (*judge.models(), *judge.variants(), *judge.focus(), *judge.comparisons())
    ]


@given(st.integers(0, 10_000), st.lists(st.integers(0, FILINGS), max_size=5))
@settings(max_examples=25, deadline=None)
def test_a_history_in_parts_has_the_figures_of_the_whole(seed: int, cuts: list[int]) -> None:
    """Wherever it is cut, empty parts included."""
    whole = history(seed)
    bounds = sorted([0, *cuts, FILINGS])
    assert judged([between(whole, start, end) for start, end in pairwise(bounds)]) == judged([whole])


def test_a_policy_without_segments_is_judged_as_its_lanes_are() -> None:
    """The third policy's segments fit nothing: counted by lane, it is the first one counted by confidence."""
    judge = Judge(SETTING, Costs())
    judge.add(history(1))
    variants = {(one.model, one.policy): one.model_dump(exclude={"policy"}) for one in judge.variants()}
    assert variants[1, 1] == variants[1, 3]
    assert variants[2, 1] == variants[2, 3]
    assert variants[1, 1] != variants[1, 2]


def test_the_curve_at_a_threshold_is_counted_from_the_filings() -> None:
    """Automation and error at every threshold of the curve, filing by filing."""
    whole = history(2)
    judge = Judge(SETTING, Costs())
    judge.add(whole)
    codings, truth = whole.codings[0], whole.truth
    right = codings.right(truth)
    for point in judge.models()[0].curve:
        auto = ~codings.settled & (codings.confidence >= point.threshold)
        weight = np.where(auto, truth.weight, 0.0)
        assert point.automation == auto.mean()
        assert point.auto_error.rows == int((weight > 0.0).sum())
        assert point.auto_error.value == (weight[~right].sum() / weight.sum() if weight.any() else None)
