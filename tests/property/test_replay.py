"""Columns decide as values do: whatever the filings, codings and policies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from models import nomenclature
from models.coding import CodingModel, content_of
from models.decide import decide_batch
from models.lru import BoundedCache
from models.policy import Policy, Segment
from models.rules import Rule, RuleTable
from schemas.decision import Decision, Stage
from schemas.formality import CODING_FIELDS, Formality
from stream.filings import open_filings
from stream.replay.bounds import Range
from stream.replay.columns import policy_column
from stream.replay.deciding import Decider
from stream.replay.filings import Gatherer
from stream.replay.sources.parquet import read_parquet
from stream.replay.units import Unit

NAF = nomenclature.load("naf-rev2")
CODES = ("0111Z", "4322A", "4711B", "5610A", "6820A", "9602A")
TEXTS = ("plomberie", "idem", "4322A", "voir kbis", "vente sur marchés", "règle", "n.c.", 'texte "cité"\\ \x01 é☃')
TYPES = (None, "A", "C", "M")
SCORES = (0.0, 0.25, 0.5, 0.500001, 0.75, 1.0)


class FakeClassifier:
    """Probabilities that the line itself says."""

    def __init__(self, shift: int) -> None:
        self._shift = shift

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """Between one and five codes a line."""
        found = []
        for line in lines:
            seed = sum(map(ord, line)) + self._shift
            many = 1 + seed % min(count, len(CODES) - 1)
            scores = sorted((SCORES[(seed * (k + 3)) % len(SCORES)] for k in range(many)), reverse=True)
            found.append([(CODES[(seed + k) % len(CODES)], score) for k, score in enumerate(scores)])
        return found


def model(version: str, shift: int) -> CodingModel:
    rules = RuleTable((Rule("regl", {"type_form": "C"}, "4711B", 0.75, 10),))
    return CodingModel(version, NAF, rules, FakeClassifier(shift), BoundedCache(10))


filings = st.builds(
    Formality,
    formality_id=st.text(min_size=1, max_size=12).filter(
        lambda t: t.strip() and not any(0xD800 <= ord(c) < 0xE000 for c in t)
    ),
    received_at=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    description_activity=st.sampled_from(TEXTS),
    other_nature_activity=st.sampled_from((None, "chauffage")),
    type_form=st.sampled_from(TYPES),
    nature=st.sampled_from((None, "04", "99")),
    surface=st.sampled_from((None, "2")),
    cj=st.sampled_from((None, "5710")),
)
limits = st.sampled_from((0.0, 0.25, 0.249999, 0.5, 0.75, 1.0, 1.01))
segments = st.builds(
    Segment,
    threshold=limits,
    section=st.sampled_from(("A", "F", "G", None)),
    type_form=st.sampled_from(TYPES),
    stage=st.sampled_from(tuple(Stage)),
)
policies = st.builds(
    Policy,
    threshold=limits,
    segments=st.lists(segments, max_size=4).map(tuple),
    audit_share=st.sampled_from((0.0, 0.3, 1.0)),
)


def replayed(
    filed: list[Formality], models: list[CodingModel], chosen: list[Policy], at_once: int
) -> list[dict[str, Any]]:
    gatherer = Gatherer("topic", 3)
    for offset, formality in enumerate(filed):
        gatherer.add([formality], offset=offset, timestamp=formality.received_at)
    decider = Decider(models, chosen, all_ids=True)
    decided = [decider.decide(piece) for piece in gatherer.filings().pieces(at_once)]
    assert sum(sum(outcomes.stages.values()) for _, outcomes in decided) == len(filed) * len(models)
    assert all(batch.num_rows <= at_once * len(models) for batch, _ in decided)
    return [row for batch, _ in decided for row in batch.to_pylist()]


def as_row(decision: Decision, number: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        policy_column("decision_id", number): decision.decision_id,
        policy_column("route", number): decision.route.value,
        policy_column("audit", number): decision.audit,
    }
    if number == 1:
        row |= {
            **{name: getattr(decision.formality, name) for name in CODING_FIELDS},
            "formality_id": decision.formality_id,
            "received_at": decision.received_at,
            "stage": decision.stage.value,
            "reason": decision.reason.value,
            "code": decision.code,
            "section": NAF.section(decision.code) if decision.code else None,
            "confidence_index": decision.confidence_index,
            "threshold": decision.threshold,
            "model_version": decision.model_version,
            "policy_version": decision.policy_version,
        }
        for rank in range(5):
            candidate = decision.candidates[rank] if rank < len(decision.candidates) else None
            row[f"code_{rank + 1}"] = candidate.code if candidate else None
            row[f"probability_{rank + 1}"] = candidate.probability if candidate else None
    return row


@given(
    st.lists(filings, max_size=12), st.lists(policies, min_size=1, max_size=4), st.integers(1, 3), st.integers(1, 13)
)
@settings(max_examples=60, deadline=None)
def test_a_replay_decides_what_decide_decides(
    filed: list[Formality], chosen: list[Policy], count: int, at_once: int
) -> None:
    """Every field, every policy, every model, in pieces of any size: the columns are the decisions, ids included."""
    models = [model(f"model-{number}", 7 * number) for number in range(count)]
    rows = replayed(filed, models, chosen, at_once)
    assert len(rows) == len(filed) * count
    for place, coding_model in enumerate(models):
        for number, policy in enumerate(chosen, start=1):
            decisions = decide_batch(filed, model=coding_model, policy=policy)
            for row, decision in zip(rows[place::count], decisions, strict=True):
                expected = as_row(decision, number)
                assert {name: row[name] for name in expected} == expected


CELLS: dict[str, st.SearchStrategy[Any]] = {
    "description_activity": st.sampled_from((*TEXTS, None, "", " NA ", "x" * 2_001, " bords ")),
    "type_form": st.sampled_from((None, "C", " c", "C ", "NaN", "CC")),
    "nature": st.sampled_from((None, "4", "04", "4.0", "xx", "")),
    "surface": st.sampled_from((None, "120 m2", "3", "grand", "2,5")),
    "formality_id": st.sampled_from((None, "a", "b", "NA", "i" * 201, " ")),
    "received_at": st.sampled_from((None, "2026-01-02", "2026-01-02T03:04:05+02:00", "hier", "", "0001-01-01")),
}
INTEGERS: dict[str, st.SearchStrategy[Any]] = {
    "description_activity": st.sampled_from(TEXTS),
    "nature": st.sampled_from((None, 4, 99, 100)),
    "cj": st.sampled_from((None, 5710, 12345)),
    "formality_id": st.sampled_from((None, 1, 22)),
    "surface": st.sampled_from((None, 1.0, 119.5, 4000.0, float("nan"))),
    "received_at": st.sampled_from((None, datetime(2026, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC))),
}


@given(
    st.sampled_from((CELLS, INTEGERS)).flatmap(
        lambda kinds: st.lists(st.fixed_dictionaries(kinds), min_size=1, max_size=12)
    )
)
@settings(max_examples=60, deadline=None)
def test_a_parquet_file_read_by_columns_is_the_file_read_by_rows(rows: list[dict[str, Any]]) -> None:
    """The same filings, and the same reasons for the rows that are none."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "table.parquet")
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        types = (
            {"received_at": pa.timestamp("us", "UTC")}
            if isinstance(columns["cj" if "cj" in columns else "nature"][0], int)
            else {}
        )
        pq.write_table(pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()}), path)
        [(_, unit)] = read_parquet(path, [Unit(0, 0, len(rows))], Range())
        by_rows = list(open_filings(path).filings)
    expected = [
        (number, filing.formality.formality_id, filing.formality.received_at, content_of(filing.formality))
        for number, filing in enumerate(by_rows)
        if filing.formality is not None
    ]
    identity = unit.identity.to_pylist()
    found = [
        (row["offset"], row["formality_id"], row["received_at"], unit.contents[place])
        for row, place in zip(identity, unit.content.tolist(), strict=True)
    ]
    assert found == expected
    faults = [filing.fault.reason.value for filing in by_rows if filing.fault is not None]
    assert sum(unit.tally.unreadable.values()) == len(faults)
    assert dict(unit.tally.unreadable) == {reason: faults.count(reason) for reason in set(faults)}
    assert len(set(unit.contents)) == len(unit.contents)
    assert unit.tally.messages == len(rows)


@given(st.integers(0, 2**40), st.integers(1, 400_000))
def test_units_cover_a_stretch_and_end_at_the_same_places_wherever_it_begins(start: int, length: int) -> None:
    """Retention may eat the beginning: later units keep their bounds and names."""
    from stream.replay.units import BLOCK, cut

    units = list(cut(0, start, start + length))
    assert units[0].start == start
    assert units[-1].end == start + length
    assert all(before.end == after.start and after.start % BLOCK == 0 for before, after in pairwise(units))
    assert list(cut(0, units[-1].start, start + length)) == units[-1:]
    assert len({unit.file_name for unit in units}) == len(units)


def test_an_hour_of_event_time_is_six_minutes_at_ten_times_the_speed() -> None:
    """The pace is the timestamps', divided; the first message goes at once."""
    from stream.replay.emitting import parse_pace

    assert parse_pace("10x", None).due(7, timedelta(hours=1).total_seconds()) == 360.0
    assert parse_pace("2.5", None).due(0, 0.0) == 0.0
