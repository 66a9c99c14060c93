"""What training leaves for the drift monitor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.artefact import REFERENCE, read_manifest, read_reference
from monitoring.categories import Categories
from monitoring.distances import Distance
from monitoring.errors import UnreadableReference
from monitoring.layout import Layout
from monitoring.reference import parse
from schemas.signals import SIGNALS, SignalGroup


def test_the_reference_of_an_artefact_has_every_signal_and_its_floors(small_model: Path) -> None:
    """But those that only a running service has."""
    said = read_reference(small_model)
    expected = {signal.name for signal in SIGNALS if signal.group is not SignalGroup.SERVICE}
    assert set(said["signals"]) == expected
    for name, floors in said["floors"]["signals"].items():
        assert set(floors) == set(map(str, Distance)), name
        assert all(len(of_size) == len(said["floors"]["sizes"]) for of_size in floors.values())


def test_the_monitor_reads_the_reference_that_training_writes(small_model: Path) -> None:
    """Counts of each signal add up to what was kept aside, or less where a filing has no value."""
    version = read_manifest(small_model).version
    reference = parse(read_reference(small_model), model_version=version)
    layout = Layout([signal for signal in SIGNALS if signal.group is not SignalGroup.SERVICE])
    totals = dict(zip(layout.names, layout.totals(reference.row(layout, Categories())).tolist(), strict=True))
    assert totals["nature"] == totals["route"] == totals["error_code"] == reference.filings
    assert 0 < totals["confidence_index"] <= reference.filings
    mean = layout.moments(reference.row(layout, Categories()), "text_characters")
    assert mean is not None
    assert 5 < mean[0] < 300


def test_errors_in_the_reference_are_the_models_own(small_model: Path) -> None:
    """The accuracy of the manifest and the error signal come from the same filings."""
    manifest = read_manifest(small_model)
    counts = read_reference(small_model)["signals"]["error_code"]["categories"]
    assert counts["right"] / sum(counts.values()) == pytest.approx(manifest.metrics["accuracy"]["level_5"])


def test_a_reference_of_another_version_is_refused_with_what_to_do(small_model: Path) -> None:
    """Older formats and other bins; a signal this version does not know is passed over."""
    said = json.loads((small_model / REFERENCE).read_text())
    with pytest.raises(UnreadableReference, match="train the model again"):
        parse({"rows": 3, "nature": {"04": 3}}, model_version="model-old")
    further = {**said["signals"], "a_later_signal": {"categories": {}}}
    assert parse({**said, "signals": further}, model_version="m").filings == said["rows"]
    said["signals"]["text_words"]["edges"][0] = 2.5
    with pytest.raises(UnreadableReference, match="other bins"):
        parse(said, model_version="m")
