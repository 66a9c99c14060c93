"""Columns say what messages read one by one say, whatever is among them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np
import pytest

from monitoring.drift import DriftMonitor
from monitoring.observations import Observations, joined
from schemas import topics
from schemas.codec import encode
from schemas.decision import Route, Stage
from stream.kafka.merged import Item
from stream.monitor import reading
from stream.monitor.copies import Copies
from stream.monitor.decoding import NotColumns, decode_decisions
from stream.monitor.reading import WATCHED, Reader, Reading
from stream.monitor.text_measures import CachedTextMeasurer
from stream.monitor.watched import WatchedModel
from tests.unit.monitor.conftest import TwoModels
from tests.unit.monitor.messages import NOON, decision, item, label

TEXTS = ("Pose de VÉLUX", "ÉTÉ à l'œuvre 😀", "vente", "12 !", "Coiffure à domicile, idem", "vente de fruits ; étés")
CODES = ("4322A", "4711B", "9602A", "0000Z", None)
UNUSUAL: tuple[dict[str, Any], ...] = (
    {"confidence_index": 2.0},
    {"decided_at": "yesterday"},
    {"source": 5},
    {"formality": {"description_activity": "Pose", "nature": 4}},
    {"formality": {"nature": "04"}},
    {"candidates": [{"code": "4322A", "label": ""}]},
    {"route": "elsewhere"},
    {"audit": None},
    {"received_at": "2026-03-04T12:00:00.123456789+01:00"},
    {"received_at": "2026-03-04T12:00:00"},
    {"label": float("nan")},
)


def wire(chance: Random, number: int) -> bytes:
    """A decision with every field drawn."""
    code = chance.choice(CODES)
    made = decision(
        number,
        route=chance.choice(list(Route)),
        audit=chance.random() < 0.2,
        code=code,
        at=NOON.replace(hour=chance.randrange(24), second=chance.randrange(60), microsecond=chance.randrange(10**6)),
        model=chance.choice(["model-a", "model-b", "model-c"]),
        policy=chance.choice(["policy-a", "policy-b"]),
        probability=round(chance.random(), 6),
        text=chance.choice(TEXTS),
    )
    fields = json.loads(encode(made.model_copy(update={"stage": chance.choice(list(Stage))})))
    fields["nomenclature"] = chance.choice(["naf-rev2", "unknown"])
    fields["candidates"] = [{"code": "x", "label": "", "probability": round(chance.random() / 5, 6)}] * chance.choice(
        [0, 1, 2, 5, 7]
    )
    fields["formality"] |= {
        "nature": chance.choice([None, "", "04", "99"]),
        "cj": chance.choice([None, "", "5710", "5499", "1000"]),
        "type_form": chance.choice([None, "M"]),
        "other_nature_activity": chance.choice([None, "", "réparation"]),
    }
    if chance.random() < 0.3:
        fields["source"] = chance.choice([None, {"topic": "t", "partition": 0, "offset": 1, "timestamp": None}])
    return json.dumps(fields, ensure_ascii=False).encode()


def messages(count: int, *, unusual: float, seed: int = 0) -> Iterator[Item]:
    """Decisions on their topics, copies and labels among them, some of them unusual."""
    chance = Random(seed)
    sent: list[bytes] = []
    for number in range(count):
        value: bytes | None = wire(chance, number)
        sent.append(value or b"")
        if chance.random() < 0.05:
            value = chance.choice(sent)
        if chance.random() < unusual:
            changed = {**json.loads(value or b""), **chance.choice(UNUSUAL)}
            odd = [
                None,
                b"",
                b"\xff",
                b"{}{}",
                b"[]",
                json.dumps(changed).encode(),
                json.dumps(changed, indent=1).encode(),
            ]
            value = chance.choice(odd)
        yield item(value, number, chance.choice(topics_of_decisions()))
        if chance.random() < 0.02:
            yield item(label(number), number)


def topics_of_decisions() -> list[str]:
    return [topics.AUTO_CODED, topics.REVIEW, topics.RETURNED]


def read(model: WatchedModel, items: list[Item], batch: int) -> tuple[list[Reading], Observations]:
    models = TwoModels(model)
    measurer = CachedTextMeasurer(models.by_version)
    drift = DriftMonitor(models.references, measurer=measurer, branches=models.branches)
    reader = Reader({name: name for name in WATCHED}, Copies(), models.path_of, measurer.measure)
    found, parts = [], []
    for start in range(0, len(items), batch):
        of_batch = Reading()
        parts += [drift.read(part) for part in reader.read(items[start : start + batch], of_batch)]
        of_batch.close()
        found.append(of_batch)
    return found, joined(parts)


@pytest.mark.parametrize("unusual", [0.0, 0.02, 0.3])
def test_columns_and_single_messages_give_the_same(
    watched: WatchedModel, monkeypatch: pytest.MonkeyPatch, unusual: float
) -> None:
    """Every count, every row for the join and every cell and value of every signal."""
    items = list(messages(1_500, unusual=unusual))
    columns, seen = read(watched, items, 300)
    monkeypatch.setattr(reading, "FEW", 10_000)
    singles, expected = read(watched, items, 300)
    for ours, theirs in zip(columns, singles, strict=True):
        assert ours.confidences().tolist() == theirs.confidences().tolist()
        ours.confidence = theirs.confidence = []
        assert ours == theirs
    assert seen.versions == expected.versions
    assert list(seen.ids) == list(expected.ids)
    assert seen.unreadable == expected.unreadable
    for name in ("cells", "values", "times", "version_of"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(expected, name), err_msg=name)


def test_usual_messages_are_all_read_as_columns() -> None:
    """Otherwise the comparison above would compare one way with itself."""
    values = [each.value for each in messages(200, unusual=0.0) if each.topic != topics.LABELLED]
    assert len(decode_decisions(values).decision_ids) == len(values)


def test_decoding_loads_no_pandas() -> None:
    """Some of Arrow's conversions do: 40 MB that the monitor has no other use for."""
    values = [each.value for each in messages(20, unusual=0.0) if each.topic != topics.LABELLED]
    code = f"from stream.monitor.decoding import decode_decisions as decode; decode({values!r})"
    code += "; import sys; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("value", [None, b"", b"{}", b"\n{}", b'{"a": "\xff"}', b"{}{}", b" {}", b"[]"])
def test_columns_refuse_what_they_could_mistake(value: bytes | None) -> None:
    """Two objects in one message must not stand for an empty one and its neighbour."""
    good = [each.value for each in messages(3, unusual=0.0)]
    with pytest.raises(NotColumns):
        decode_decisions([*good, value])


def test_copies_of_many_are_copies_of_each() -> None:
    """Ids that are no hashes, copies within a batch and of earlier ones, and more than are remembered."""
    chance = Random(2)
    ids = [f"{chance.randrange(150):032x}" if chance.random() < 0.5 else f"{n:020x}" for n in range(400)]
    ids[200] = "no-hash"
    single, many = Copies(kept=120), Copies(kept=120)
    for start in range(0, 400, 20):
        part = ids[start : start + 20]
        assert many.are_copies(part) == [single.is_copy(each) for each in part]
        assert many.fresh() == single.fresh()
