"""A filing's candidates are the same bits however filings are batched."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.artefact import open_model
from models.coding import CodingModel
from models.decide import decide_batch
from models.policy import Policy
from models.starter import declarations
from schemas.decision import Decision
from schemas.formality import Formality

POLICY = Policy(threshold=0.3)
POOL = 600


@pytest.fixture(scope="module")
def pool() -> list[Formality]:
    """Starter filings, rejected texts and odd ones."""
    lines = random.Random(3).sample(declarations.declarations(), POOL - 4)
    odd = ["idem", "4322A", "zzz qqq", "R&D"]
    return [declarations.filing(line, seed=2) for line in lines] + [
        Formality(formality_id=text, received_at=datetime(2026, 1, 1, tzinfo=UTC), description_activity=text)
        for text in odd
    ]


@pytest.fixture(scope="module")
def model(small_model: Path) -> CodingModel:
    """The small model, without a cache: every filing is predicted in every batch."""
    return open_model(small_model, cache_entries=0)[1]


@pytest.fixture(scope="module")
def alone(pool: list[Formality], model: CodingModel) -> dict[str, Decision]:
    """Every filing decided alone."""
    return {f.formality_id: decide_batch([f], model=model, policy=POLICY)[0] for f in pool}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.lists(st.sampled_from([1, 7, 31, 32, 33, 64, 500]), min_size=1, max_size=6), seed=st.integers(0, 2**32))
def test_a_decision_does_not_depend_on_its_batch(
    sizes: list[int], seed: int, pool: list[Formality], model: CodingModel, alone: dict[str, Decision]
) -> None:
    """Any sizes, any order, repeats included: equal to the decision made alone."""
    draw = random.Random(seed)
    for size in sizes:
        batch = draw.choices(pool, k=size)
        assert decide_batch(batch, model=model, policy=POLICY) == [alone[f.formality_id] for f in batch]
