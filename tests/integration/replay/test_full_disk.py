"""A disk that is full after the last decision: one line, exit code 74, and nothing half-written."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.training import TrainingSettings
from stream.errors import StorageFailed
from stream.replay import finish
from stream.replay.options import FinishOptions
from tests.integration.command_line import refusal
from tests.integration.replay.test_refusals import limited
from tests.integration.replayed import History, write_history


def test_a_report_that_the_disk_does_not_take_is_one_line(replayed_history: History, tmp_path: Path) -> None:
    """The part was taken, since its texts repeat; the report was not."""
    folder = tmp_path / "out"
    filings, labels = write_history(tmp_path, replayed_history.examples[:60] * 10, days=90)
    command = ["replay", "--from-file", filings, "--model", replayed_history.models[0], "--no-drift"]
    command += ["--labels", labels, "--label-delay", "2d"]
    done = subprocess.run(
        [*map(str, [sys.executable, "-m", "stream.cli", *command, "--output", folder])],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited(40_000),
    )
    assert "report.html: File too large" in refusal(done, 74)
    assert not folder.exists()


def test_a_retrained_model_that_the_disk_does_not_take_is_one_line(
    replayed_history: History, tmp_path: Path, quick_training: TrainingSettings
) -> None:
    """The replay ends, where too few labels would only leave the model before in use; the models' folder is gone."""
    shutil.copytree(replayed_history.output / "decisions", tmp_path / "decisions")
    bare = replayed_history.summary.model_copy(update={"evaluation": None})
    options = FinishOptions(labels=str(replayed_history.labels), label_delay="2d", retrain="monthly", drift=False)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(StorageFailed, match="retraining on the way: No space left on device"):
            finish.finish(tmp_path, bare, options, models=replayed_history.models, training=quick_training)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["decisions"]
