"""Figures against ones worked out by hand, and bounds against scipy's distributions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from models.calibration import fit_temperature
from models.coding import Coding
from models.errors import TrainingError
from models.evaluation import Example, evaluate, expected_calibration_error, macro_f1
from models.intervals import clopper_pearson_upper, wilson
from models.nomenclature import Nomenclature
from models.policy import Policy
from models.segments import choose_thresholds
from models.thresholds import Outcome, choose, curve, thinned
from schemas.decision import Candidate, Stage
from schemas.formality import Formality
from schemas.reasons import DecisionReason


def _coding(*pairs: tuple[str, float], stage: Stage = Stage.MODEL) -> Coding:
    return Coding(stage, None, tuple(Candidate(code, code, p) for code, p in pairs))


RETURNED = Coding(Stage.REJECTION, DecisionReason.NO_LETTERS, ())


@pytest.fixture
def measured(filing: Callable[..., Formality], naf: Nomenclature) -> dict:
    """Four filings: right and sure, wrong in the last letter, right in second place, returned."""
    truth = ["4322A", "4322A", "5610A", "9602A"]
    codings = [
        _coding(("4322A", 0.9), ("4322B", 0.1)),
        _coding(("4322B", 0.8), ("4322A", 0.1)),
        _coding(("5610C", 0.5), ("5610A", 0.3)),
        RETURNED,
    ]
    examples = [Example(filing(), code) for code in truth]
    return evaluate(examples, codings, nomenclature=naf, policy=Policy(threshold=0.7))


def test_accuracy_by_level_counts_a_returned_filing_as_wrong(measured: dict) -> None:
    """One of four right to the letter, three of four to the class and above."""
    assert measured["rows"] == 4
    assert measured["accuracy"] == {
        "level_1": 0.75,
        "level_2": 0.75,
        "level_3": 0.75,
        "level_4": 0.75,
        "level_5": 0.25,
    }
    assert measured["top_k"] == {"1": 0.25, "2": 0.75, "3": 0.75, "4": 0.75, "5": 0.75}


def test_automation_and_error_are_of_what_the_threshold_lets_through(measured: dict) -> None:
    """Confidence 0.8, 0.7 and 0.2 at threshold 0.7: two automatic, one of them wrong."""
    assert (measured["threshold"], measured["automation"], measured["auto_error"]) == (0.7, 0.5, 0.5)
    assert measured["auto_error_upper"] == pytest.approx(stats.beta.ppf(0.95, 2, 1))
    assert measured["automation_interval"] == pytest.approx(wilson(2, 4))


def test_brier_and_calibration_are_of_the_first_code_where_one_was_predicted(measured: dict) -> None:
    """(0.1^2 + 0.8^2 + 0.5^2) / 3, and the mean gap of three bins of one."""
    assert measured["brier"] == pytest.approx((0.01 + 0.64 + 0.25) / 3)
    assert measured["ece"] == pytest.approx((0.1 + 0.8 + 0.5) / 3)


def test_macro_f1_counts_each_code_the_same() -> None:
    """A: 2 right of 3, given 2 -> 4/5; B: 1 of 1, given 2 -> 2/3; a code never true counts not at all."""
    assert macro_f1(["A", "A", "A", "B"], ["A", "A", "B", "B"]) == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert macro_f1(["A", "A"], ["A", None]) == pytest.approx(2 / 3)


def test_calibration_error_of_known_cases() -> None:
    """Perfect, always half wrong at 1.0, and two bins weighted by their size."""
    assert expected_calibration_error([(1.0, True)] * 5 + [(0.0, False)] * 5) == 0
    assert expected_calibration_error([(1.0, True), (1.0, False)]) == pytest.approx(0.5)
    two_bins = [(0.9, True)] * 3 + [(0.1, True)]
    assert expected_calibration_error(two_bins) == pytest.approx((3 * 0.1 + 0.9) / 4)
    assert expected_calibration_error([]) == 0


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (0, 59), (1, 10), (7, 123), (50, 1_000), (999, 1_000)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_clopper_pearson_is_scipy_s(successes: int, trials: int, confidence: float) -> None:
    """The upper end of the exact one-sided interval."""
    exact = stats.binomtest(successes, trials, alternative="less").proportion_ci(confidence, method="exact").high

    assert clopper_pearson_upper(successes, trials, confidence) == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (0, 59), (1, 10), (7, 123), (50, 1_000), (1_000, 1_000)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_is_scipy_s(successes: int, trials: int, confidence: float) -> None:
    """Both ends of the two-sided interval."""
    theirs = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")

    assert wilson(successes, trials, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


def test_without_trials_nothing_is_known() -> None:
    """The widest interval, the highest bound."""
    assert (wilson(0, 0), clopper_pearson_upper(0, 0), clopper_pearson_upper(3, 3)) == ((0.0, 1.0), 1.0, 1.0)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7, 3.0])
def test_calibration_finds_the_temperature_that_scores_were_drawn_with(temperature: float) -> None:
    """From 20,000 seeded rows, within five in a hundred."""
    draw = np.random.default_rng(20_261_121)
    honest = draw.normal(scale=2.0, size=(20_000, 6))
    probabilities = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    truth = (probabilities.cumsum(axis=1) > draw.random((20_000, 1))).argmax(axis=1)

    found = fit_temperature((honest * temperature).astype(np.float32), truth.tolist())

    assert found == pytest.approx(temperature, rel=0.05)


def test_calibration_leaves_out_codes_the_model_does_not_have() -> None:
    """With nothing left it is 1."""
    assert fit_temperature(np.zeros((3, 2), dtype=np.float32), [-1, -1, -1]) == 1.0


def test_a_curve_has_one_point_for_each_confidence_that_occurs() -> None:
    """Equal confidences fall on the same side of a threshold; automation rises as it falls."""
    points = curve([Outcome(0.9, True), Outcome(0.5, True), Outcome(0.5, False), Outcome(0.1, False)], total=5)

    assert [(p.threshold, p.automation, p.auto_error) for p in points] == [
        (0.9, 0.2, 0.0),
        (0.5, 0.6, pytest.approx(1 / 3)),
        (0.1, 0.8, 0.5),
    ]
    assert points[1].auto_error_upper == pytest.approx(stats.beta.ppf(0.95, 2, 2))


def test_the_chosen_threshold_automates_most_under_the_bound() -> None:
    """200 right ones above, then wrong ones: not the first point, not one beyond the target."""
    outcomes = [Outcome(0.9, True)] * 200 + [Outcome(0.6, False)] * 2 + [Outcome(0.3, False)] * 100
    points = curve(outcomes)
    chosen = choose(points, max_error=0.05)

    assert chosen.threshold == 0.6
    assert chosen.auto_error_upper <= 0.05
    assert choose(points, max_error=0.02).threshold == 0.9


def test_a_target_that_no_threshold_keeps_is_refused() -> None:
    """58 right ones without an error do not yet prove 5 %; 59 do."""
    with pytest.raises(TrainingError, match="no threshold"):
        choose(curve([Outcome(0.9, True)] * 58), max_error=0.05)

    assert choose(curve([Outcome(0.9, True)] * 59), max_error=0.05).threshold == 0.9


def test_a_thinned_curve_keeps_its_ends() -> None:
    """And no more points than asked."""
    points = curve([Outcome(number / 1_000, True) for number in range(1_000)])
    kept = thinned(points, 50)

    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert len(kept) == 50


def _labelled(
    filing: Callable[..., Formality], code: str, type_form: str | None, confidence: float, right: int, wrong: int
) -> list[tuple[Example, Coding]]:
    coding = _coding((code, confidence), ("0111Z", 0.0))
    truths = [code] * right + ["0111Z"] * wrong
    return [(Example(filing(type_form=type_form), truth), coding) for truth in truths]


def test_a_segment_gets_its_own_threshold_where_its_filings_allow_it(
    filing: Callable[..., Formality], naf: Nomenclature
) -> None:
    """Construction is right at 0.3 already, trade only at 0.9; a segment of ten keeps the global one."""
    rows = [
        *_labelled(filing, "4322A", "M", 0.3, 300, 0),
        *_labelled(filing, "4711B", "C", 0.9, 200, 0),
        *_labelled(filing, "4711B", "C", 0.4, 0, 150),
        *_labelled(filing, "6820A", None, 0.9, 10, 0),
    ]
    examples, codings = [example for example, _ in rows], [coding for _, coding in rows]
    choice = choose_thresholds(examples, codings, nomenclature=naf, max_error=0.05, by="section", audit_share=0.1)
    by_name = {segment.name: segment for segment in choice.segments}

    assert choice.point.threshold == 0.9
    assert {(s.section, s.threshold) for s in choice.policy.segments} == {("F", 0.3), ("G", 0.9)}
    assert (by_name["L"].own, by_name["L"].point.threshold, by_name["L"].rows) == (False, 0.9, 10)
    assert choice.combined.automation == pytest.approx(510 / 660)
    assert choice.combined.auto_error == 0.0
    assert choice.policy.audit_share == 0.1
    figures = evaluate(examples, codings, nomenclature=naf, policy=choice.policy)
    assert figures["automation"] == pytest.approx(choice.combined.automation)


def test_filings_without_a_type_of_form_keep_the_global_threshold(
    filing: Callable[..., Formality], naf: Nomenclature
) -> None:
    """A policy's condition names a value; there is none to name."""
    rows = [
        *_labelled(filing, "4322A", None, 0.3, 300, 0),
        *_labelled(filing, "4322A", "M", 0.9, 200, 0),
        *_labelled(filing, "4322A", "M", 0.5, 0, 200),
    ]
    choice = choose_thresholds(
        [e for e, _ in rows], [c for _, c in rows], nomenclature=naf, max_error=0.05, by="type_form"
    )

    assert [segment.type_form for segment in choice.policy.segments] == ["M"]
    assert [(segment.name, segment.own) for segment in choice.segments] == [("", False), ("M", True)]
