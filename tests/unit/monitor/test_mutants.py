"""The proof of the proof: a monitor with one safeguard taken away is seen to say something else after a crash."""

from __future__ import annotations

from collections.abc import Mapping
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from stream.monitor import engine as module
from stream.monitor.copies import Copies
from stream.monitor.join import Join
from tests.unit.monitor.conftest import MakeEngine
from tests.unit.monitor.test_engine import Exported, exported, history

FILINGS, PART, BEFORE = 600, 100, 500


def uninterrupted(make_engine: MakeEngine) -> Exported:
    """What one that nobody kills says."""
    items = list(history(FILINGS))
    engine = make_engine(None)
    for start in range(0, len(items), PART):
        engine.take(items[start : start + PART])
    return exported(engine)


def crashed(make_engine: MakeEngine, path: Path) -> Exported:
    """What one says that was killed after a commit, and was given again what came after it."""
    items = list(history(FILINGS))
    first = make_engine(path)
    for start in range(0, BEFORE, PART):
        first.take(items[start : start + PART])
    first.commit()
    first.take(items[BEFORE : BEFORE + PART])
    first.join.close()
    second = make_engine(path)
    offsets = second.join.offsets()
    again = [item for item in items if item.offset >= offsets.get((item.topic, item.partition), 0)]
    for start in range(0, len(again), PART):
        second.take(again[start : start + PART])
    return exported(second)


def differ(one: Exported, other: Exported) -> bool:
    """Whether any gauge does, beyond the last digits of a mean."""
    return one.keys() != other.keys() or any(not isclose(v, other[k], rel_tol=1e-9) for k, v in one.items())


def commit_without_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offsets are kept, and the windows they belong to are not."""
    original = Join.commit

    def without(self: Join, values: Mapping[str, bytes], seen: Any) -> None:
        original(self, {name: value for name, value in values.items() if name != module.DRIFT}, seen)

    monkeypatch.setattr(Join, "commit", without)


def one_too_far(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading goes on one message too late."""
    original = Join.offsets
    monkeypatch.setattr(Join, "offsets", lambda self: {place: offset + 1 for place, offset in original(self).items()})


def one_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading goes on one message too early, and nobody remembers which decisions were counted."""
    original = Join.offsets
    monkeypatch.setattr(
        Join, "offsets", lambda self: {place: max(0, offset - 1) for place, offset in original(self).items()}
    )
    monkeypatch.setattr(Copies, "restore", lambda self, part: None)


def test_with_every_safeguard_a_crash_changes_nothing(make_engine: MakeEngine, tmp_path: Path) -> None:
    """What kills the mutants is not the crash they are put through."""
    assert not differ(uninterrupted(make_engine), crashed(make_engine, tmp_path / "state.sqlite"))


@pytest.mark.parametrize("mutate", [commit_without_windows, one_too_far, one_too_early])
def test_a_monitor_without_a_safeguard_is_seen_to_say_something_else(
    make_engine: MakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mutate: Any
) -> None:
    """At least one gauge is not what an uninterrupted run shows."""
    whole = uninterrupted(make_engine)
    mutate(monkeypatch)
    assert differ(whole, crashed(make_engine, tmp_path / "state.sqlite"))
