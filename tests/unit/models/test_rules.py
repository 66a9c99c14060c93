"""Exact rules in front of the model, and the file they travel in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.coding import CodingModel
from models.decide import decide
from models.errors import ArtefactError
from models.lru import BoundedCache
from models.nomenclature import Nomenclature
from models.policy import Policy
from models.rules import Rule, RuleTable, read, write
from schemas.decision import Route, Stage
from schemas.formality import Formality

PLUMBING = Rule("plomber", {}, "4322A", 0.99, 1_200)
PLUMBING_RETAIL = Rule("plomber", {"nature": "10"}, "4752A", 0.95, 40)
FURNISHED = Rule(None, {"type_form": "I"}, "6820A", 0.98, 900)


class Unasked:
    """A classifier that no filing should reach."""

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """Nothing, when asked nothing."""
        if lines:
            raise AssertionError("the model was asked")
        return []


def test_the_most_specific_rule_wins(filing: Callable[..., Formality]) -> None:
    """A text before none, more conditions before fewer, whatever the order of the table."""
    table = RuleTable((FURNISHED, PLUMBING, PLUMBING_RETAIL))

    assert table.find("plomber", filing(nature="10", type_form="I")) is PLUMBING_RETAIL
    assert table.find("plomber", filing(nature="14", type_form="I")) is PLUMBING
    assert table.find("autr text", filing(type_form="I")) is FURNISHED
    assert table.find("autr text", filing(type_form="C")) is None


def test_a_rule_decides_without_the_model(filing: Callable[..., Formality], naf: Nomenclature) -> None:
    """Stage rule, its measured precision as probability and confidence index."""
    model = CodingModel("m", naf, RuleTable((PLUMBING,)), Unasked(), BoundedCache(10))
    decision = decide(filing("Plomberie"), model=model, policy=Policy(threshold=0.99))

    assert (decision.stage, decision.code, decision.route) == (Stage.RULE, "4322A", Route.AUTO)
    assert decision.confidence_index == 0.99
    assert decide(filing("Plomberie"), model=model, policy=Policy(threshold=0.991)).route is Route.REVIEW


def test_a_rejected_text_reaches_no_rule(filing: Callable[..., Formality], naf: Nomenclature) -> None:
    """The cascade is rejection, rules, model, in that order."""
    model = CodingModel("m", naf, RuleTable((FURNISHED,)), Unasked(), BoundedCache(10))

    assert decide(filing("idem", type_form="I"), model=model, policy=Policy(threshold=0)).route is Route.RETURNED


def test_rules_come_back_from_their_file_as_they_went(tmp_path: Path) -> None:
    """And the same rules give the same bytes, since the artefact is named by them."""
    table = RuleTable((FURNISHED, PLUMBING, PLUMBING_RETAIL))
    write(table, tmp_path / "one.parquet")
    write(table, tmp_path / "two.parquet")

    assert read(tmp_path / "one.parquet").rules == table.rules
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_foreign_parquet_file_is_no_table_of_rules(tmp_path: Path) -> None:
    """Refused, naming the file."""
    pq.write_table(pa.table({"code": ["4322A"]}), tmp_path / "rules.parquet")

    with pytest.raises(ArtefactError, match=r"rules\.parquet"):
        read(tmp_path / "rules.parquet")
