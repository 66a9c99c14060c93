"""The words of a model, read without the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.artefact import open_model
from models.classifier import FastTextClassifier
from models.errors import ArtefactError
from models.vocabulary import read_words


def test_the_words_are_those_that_fasttext_knows(small_model: Path) -> None:
    """The same file, read by fastText and by us."""
    manifest, model = open_model(small_model)
    assert isinstance(model.classifier, FastTextClassifier)
    assert read_words(small_model / manifest.model_file) == set(model.classifier.words)


@pytest.mark.parametrize("kept", [0, 10, 100, 2_000])
def test_a_file_that_ends_too_early_is_refused_in_one_line(small_model: Path, tmp_path: Path, kept: int) -> None:
    """Half a download is no model."""
    whole = next(small_model.glob("model.*")).read_bytes()
    (tmp_path / "model.bin").write_bytes(whole[:kept])
    with pytest.raises(ArtefactError, match="not a fastText model"):
        read_words(tmp_path / "model.bin")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    """The magic number says what it is."""
    (tmp_path / "model.bin").write_bytes(b"something else altogether" * 10)
    with pytest.raises(ArtefactError, match="not a fastText model"):
        read_words(tmp_path / "model.bin")
    with pytest.raises(ArtefactError):
        read_words(tmp_path / "absent.bin")
