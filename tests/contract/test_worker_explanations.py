"""The worker's reasons on the review topic, where the setting asks for them."""

from __future__ import annotations

import json

import pytest

from schemas import headers as h
from tests.contract.stage import REVIEW, Stage


@pytest.mark.parametrize("asked", [True, False])
def test_reasons_travel_with_the_decisions_for_review_where_they_are_asked_for(stage: Stage, asked: bool) -> None:
    """CODIFLUX_EXPLAIN: a header beside each decision of the model, and none without."""
    stage.send_filings(20)
    stage.worker(explain=asked, threshold=1.01).until_ready()
    stage.until_through()
    for message in stage.read(REVIEW):
        decision = json.loads(message.value())
        reasons = dict(message.headers()).get(h.EXPLANATION)
        if asked and decision["stage"] == "model":
            assert reasons is not None
            assert list(json.loads(reasons)) == [candidate["code"] for candidate in decision["candidates"][:2]]
        else:
            assert reasons is None
    assert stage.read(REVIEW)
