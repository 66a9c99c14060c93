"""The table of signals, and the page that explains it."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitoring.drift_settings import DriftSettings
from monitoring.layout import Layout
from schemas.measures import entropy, measure_text
from schemas.signals import SIGNALS, SignalGroup, SignalKind, of_group

PAGE = (Path(__file__).parents[3] / "docs" / "drift.md").read_text(encoding="utf-8")


def test_every_signal_is_on_the_page_for_statisticians() -> None:
    """No signal is a secret."""
    assert [signal.name for signal in SIGNALS if f"`{signal.name}`" not in PAGE] == []


def test_names_are_unique_and_edges_rise() -> None:
    """Two signals of one name would be one metric; edges out of order would lose values."""
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)
    for signal in SIGNALS:
        assert list(signal.edges) == sorted(set(signal.edges)), signal.name
        assert (signal.cells > 2) == (signal.kind is SignalKind.CATEGORICAL), signal.name


def test_every_signal_is_in_one_group_and_a_layout_has_room_for_all() -> None:
    """Cells side by side without a gap or an overlap."""
    assert [s.name for group in SignalGroup for s in of_group(group)] != []
    assert sum(len(of_group(group)) for group in SignalGroup) == len(SIGNALS)
    layout = Layout(SIGNALS)
    taken = [place for name in layout.names for place in range(*layout.of_signal[name].indices(layout.cells))]
    assert taken == list(range(layout.cells))


def test_a_text_without_words_or_letters_has_no_shares() -> None:
    """Nothing is divided by nothing."""
    measures = measure_text("12 !", "", lambda word: True)
    assert (measures.characters, measures.words, measures.kept_share) == (4, 1, 0.0)
    assert (measures.unknown_share, measures.capital_share, measures.accent_share) == (None, None, None)
    assert measure_text("", "", lambda word: True).kept_share is None


def test_entropy_counts_what_the_candidates_leave_of_one() -> None:
    """Two halves are ln 2; one quarter alone leaves three quarters."""
    assert entropy([0.5, 0.5]) == pytest.approx(0.693147, abs=1e-6)
    assert entropy([0.25]) == pytest.approx(0.562335, abs=1e-6)
    assert entropy([]) == 0.0


@pytest.mark.parametrize("changed", [{"windows": (525, 5_000)}, {"windows": (50, 5_000)}, {"baseline_filings": 4_000}])
def test_settings_that_cannot_work_are_refused(changed: dict[str, object]) -> None:
    """Windows of broken or single steps, a baseline shorter than a window."""
    with pytest.raises(ValueError, match="window"):
        DriftSettings(**changed)  # type: ignore[arg-type]
