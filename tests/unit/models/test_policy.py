"""Thresholds, segments and the audit sample."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from models import policy as policies
from models.coding import CodingModel
from models.decide import decide
from models.errors import PolicyError
from models.lru import BoundedCache
from models.nomenclature import Nomenclature
from models.policy import Policy, Segment
from models.rules import RuleTable
from schemas.decision import Decision, Route, Stage
from schemas.formality import Formality
from schemas.reasons import DecisionReason


class Answering:
    """A classifier with one answer."""

    def __init__(self, *pairs: tuple[str, float]) -> None:
        self.pairs = list(pairs)

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """The same for each line."""
        return [self.pairs[:count] for _ in lines]


@pytest.fixture
def decided(naf: Nomenclature, filing: Callable[..., Formality]) -> Callable[..., Decision]:
    """The decision on a filing whose codes have 0.75 and 0.25."""

    def decide_with(policy: Policy, **fields: object) -> Decision:
        answering = Answering(("4322A", 0.75), ("4321A", 0.25))
        model = CodingModel("m", naf, RuleTable(), answering, BoundedCache(0))
        return decide(filing(**fields), model=model, policy=policy)

    return decide_with


def test_a_confidence_index_equal_to_the_threshold_is_auto(decided: Callable[..., Decision]) -> None:
    """0.75 - 0.25 = 0.5 at threshold 0.5; a hair more goes to review."""
    at, above = decided(Policy(threshold=0.5)), decided(Policy(threshold=0.500001))

    assert (at.route, at.reason, at.confidence_index, at.threshold) == (Route.AUTO, DecisionReason.CONFIDENT, 0.5, 0.5)
    assert (above.route, above.reason) == (Route.REVIEW, DecisionReason.BELOW_THRESHOLD)


def test_a_threshold_above_one_sends_everything_to_review(decided: Callable[..., Decision]) -> None:
    """The switch for a bad day."""
    assert decided(Policy(threshold=1.01)).route is Route.REVIEW


@pytest.mark.parametrize(
    ("segment", "fields", "route"),
    [
        (Segment(section="F", threshold=0.4), {}, Route.AUTO),
        (Segment(section="G", threshold=0.4), {}, Route.REVIEW),
        (Segment(type_form="M", threshold=0.4), {"type_form": "M"}, Route.AUTO),
        (Segment(type_form="M", threshold=0.4), {"type_form": "C"}, Route.REVIEW),
        (Segment(type_form="M", threshold=0.4), {}, Route.REVIEW),
        (Segment(stage=Stage.MODEL, threshold=0.4), {}, Route.AUTO),
        (Segment(stage=Stage.RULE, threshold=0.4), {}, Route.REVIEW),
    ],
)
def test_a_segment_has_its_own_threshold(
    decided: Callable[..., Decision], segment: Segment, fields: dict[str, str], route: Route
) -> None:
    """By the section of the code predicted, the type of form or the stage; others keep the global one."""
    decision = decided(Policy(threshold=0.9, segments=(segment,)), **fields)

    assert decision.route is route
    assert decision.threshold == (0.4 if route is Route.AUTO else 0.9)


def test_the_segment_with_most_conditions_wins_and_the_first_among_equals() -> None:
    """Order matters only between segments that say equally much."""
    policy = Policy(
        threshold=0.9,
        segments=(
            Segment(section="F", threshold=0.1),
            Segment(type_form="M", threshold=0.2),
            Segment(section="F", type_form="M", threshold=0.3),
        ),
    )

    assert policy.threshold_for(section="F", type_form="M", stage=Stage.MODEL) == 0.3
    assert policy.threshold_for(section="F", type_form="C", stage=Stage.MODEL) == 0.1
    assert policy.threshold_for(section=None, type_form="M", stage=Stage.RULE) == 0.2


def test_an_audited_filing_stays_auto(decided: Callable[..., Decision]) -> None:
    """The copy is beside the decision; nobody waits for it."""
    decision = decided(Policy(threshold=0.5, audit_share=1.0))

    assert (decision.route, decision.audit) == (Route.AUTO, True)


def test_a_filing_in_review_is_never_audited(decided: Callable[..., Decision]) -> None:
    """A human sees it anyway."""
    assert not decided(Policy(threshold=0.6, audit_share=1.0)).audit


def test_the_audit_sample_is_close_to_its_share() -> None:
    """On 10,000 ids, within five standard deviations, for consecutive ids too."""
    for share in (0.01, 0.1, 0.5):
        policy = Policy(threshold=0.5, audit_share=share)
        audited = sum(policy.audits(f"J{number:08d}") for number in range(10_000))
        assert abs(audited - 10_000 * share) < 5 * (10_000 * share * (1 - share)) ** 0.5


def test_a_policy_is_named_by_what_it_says() -> None:
    """The same content has the same version, anything else another."""
    versions = [
        Policy(threshold=0.5).version,
        Policy(threshold=0.51).version,
        Policy(threshold=0.5, audit_share=0.1).version,
        Policy(threshold=0.5, segments=(Segment(section="F", threshold=0.5),)).version,
    ]

    assert len(set(versions)) == 4
    assert Policy(threshold=0.5).version == versions[0]
    assert policies.parse(Policy(threshold=0.5).model_dump_json(indent=2)).version == versions[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"threshold": 1.5}', "threshold"),
        ('{"threshold": -0.1}', "threshold"),
        ("{}", "threshold"),
        ('{"threshold": 0.5, "audit": 1}', "audit"),
        ('{"threshold": 0.5, "audit_share": 2}', "audit_share"),
        ('{"threshold": 0.5, "segments": [{"threshold": 0.4}]}', "segment"),
        ("threshold: 0.5", "JSON"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_in_one_line(text: str, said: str) -> None:
    """Naming what is wrong."""
    with pytest.raises(PolicyError, match=said) as raised:
        policies.parse(text)

    assert "\n" not in str(raised.value)
