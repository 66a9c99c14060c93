"""Policies and the audit sample, whatever the shares and ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.policy import Policy, Segment, parse
from schemas.decision import Stage

SHARES = st.floats(0.0, 1.0)
IDS = st.text(alphabet=st.characters(), min_size=1, max_size=40)
THRESHOLDS = st.floats(0.0, 1.01)
SECTIONS = st.sampled_from("ABF")
TYPES = st.sampled_from("CMX")
SEGMENTS = st.builds(
    Segment,
    threshold=THRESHOLDS,
    section=SECTIONS,
    type_form=st.none() | TYPES,
    stage=st.none() | st.sampled_from(Stage),
)
POLICIES = st.builds(
    Policy, threshold=THRESHOLDS, segments=st.lists(SEGMENTS, max_size=4).map(tuple), audit_share=SHARES
)


@given(IDS, SHARES, SHARES)
def test_raising_the_share_keeps_those_already_audited(formality_id: str, one: float, other: float) -> None:
    """Monotone in the share, the same answer every time."""
    low, high = (Policy(threshold=0.5, audit_share=share) for share in sorted((one, other)))

    assert low.audits(formality_id) <= high.audits(formality_id)
    assert low.audits(formality_id) == low.audits(formality_id)


@given(IDS)
def test_nobody_is_audited_at_zero_and_everybody_at_one(formality_id: str) -> None:
    """The ends of the scale are exact."""
    assert not Policy(threshold=0.5, audit_share=0.0).audits(formality_id)
    assert Policy(threshold=0.5, audit_share=1.0).audits(formality_id)


@given(IDS, SHARES, THRESHOLDS, THRESHOLDS)
def test_the_audit_sample_does_not_depend_on_thresholds(formality_id: str, share: float, a: float, b: float) -> None:
    """A change of threshold leaves the sample comparable."""
    assert Policy(threshold=a, audit_share=share).audits(formality_id) == (
        Policy(threshold=b, audit_share=share).audits(formality_id)
    )


@given(POLICIES)
def test_a_policy_survives_its_file_with_its_version(policy: Policy) -> None:
    """Written with or without its empty conditions, compact or spread out."""
    assert parse(policy.model_dump_json(exclude_none=True, indent=2)) == policy
    assert parse(policy.model_dump_json()).version == policy.version


@given(POLICIES, st.none() | SECTIONS, st.none() | TYPES, st.sampled_from(Stage))
def test_the_threshold_in_force_is_the_global_one_or_a_fitting_segment_s(
    policy: Policy, section: str | None, type_form: str | None, stage: Stage
) -> None:
    """And no fitting segment has more conditions than the one that won."""
    fitting = [s for s in policy.segments if s.fits(section=section, type_form=type_form, stage=stage)]
    found = policy.threshold_for(section=section, type_form=type_form, stage=stage)

    if not fitting:
        assert found == policy.threshold
    else:
        most = max(segment.specificity for segment in fitting)
        assert found == next(s.threshold for s in fitting if s.specificity == most)
