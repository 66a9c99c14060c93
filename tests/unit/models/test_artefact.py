"""The artefact: named by its content, refused when anything in it is not what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from models import artefact
from models.artefact import MANIFEST, open_model, staging, verify
from models.errors import ArtefactError, TrainingError
from models.evaluation import Example
from models.nomenclature import Nomenclature, from_rows
from models.training import TrainingSettings, train

if TYPE_CHECKING:
    from tests.unit.models.conftest import OpenedModel


@pytest.fixture
def copy(opened_model: OpenedModel, tmp_path: Path) -> Path:
    """An artefact that a test may damage."""
    return Path(shutil.copytree(opened_model.path, tmp_path / "copy"))


def test_the_same_data_and_seed_give_the_same_version(
    small_examples: list[Example], small_settings: TrainingSettings, naf: Nomenclature, tmp_path: Path
) -> None:
    """Every file byte by byte; another seed, another version."""

    def trained(name: str, settings: TrainingSettings) -> dict[str, bytes]:
        train(small_examples, nomenclature=naf, destination=tmp_path / name, settings=settings)
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    one = trained("one", small_settings)
    two = trained("two", small_settings)
    other = trained("other", TrainingSettings(hyperparameters=small_settings.hyperparameters, seed=8))

    assert one == two
    assert json.loads(one[MANIFEST])["version"] != json.loads(other[MANIFEST])["version"]


def test_a_manifest_has_no_clock_and_no_path(opened_model: OpenedModel) -> None:
    """Nothing in it depends on when or where the model was trained."""
    text = (opened_model.path / MANIFEST).read_text(encoding="utf-8")

    assert str(opened_model.path.parent) not in text
    assert "20" + "26-" not in text


@pytest.mark.parametrize("name", ["model.bin", "rules.parquet", "nomenclature.csv", "reference.json"])
def test_an_altered_file_is_refused_by_name(copy: Path, name: str) -> None:
    """One byte is enough."""
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)

    with pytest.raises(ArtefactError, match="altered") as raised:
        open_model(copy)

    assert str(copy / name) in str(raised.value)


@pytest.mark.parametrize("name", ["model.bin", "rules.parquet", "nomenclature.csv", "reference.json", MANIFEST])
def test_a_missing_file_is_refused_by_name(copy: Path, name: str) -> None:
    """The manifest included."""
    (copy / name).unlink()

    with pytest.raises(ArtefactError, match="missing") as raised:
        open_model(copy)

    assert str(copy / name) in str(raised.value)


@pytest.mark.parametrize("name", ["model.bin", "rules.parquet", "nomenclature.csv", "reference.json", MANIFEST])
def test_a_file_that_cannot_be_read_is_refused_by_name(copy: Path, name: str) -> None:
    """A folder in its place is there and cannot be read, whoever asks."""
    (copy / name).unlink()
    (copy / name).mkdir()

    with pytest.raises(ArtefactError, match="Is a directory") as raised:
        open_model(copy)

    assert str(copy / name) in str(raised.value)


def test_single_files_that_cannot_be_read_are_refused_by_name(copy: Path) -> None:
    """What is read without the whole being verified: nomenclature and reference."""
    manifest = artefact.read_manifest(copy)
    for name in ("nomenclature.csv", "reference.json"):
        (copy / name).unlink()
        (copy / name).mkdir()

    with pytest.raises(ArtefactError, match=r"nomenclature\.csv: Is a directory"):
        artefact.read_nomenclature(copy, manifest)
    with pytest.raises(ArtefactError, match=r"reference\.json: Is a directory"):
        artefact.read_reference(copy)


def test_a_path_that_leads_through_a_file_holds_no_model(tmp_path: Path) -> None:
    """One line, and what to do."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="no model there"):
        artefact.read_manifest(tmp_path / "file" / "model")


@pytest.mark.parametrize(
    "change",
    [{"default_threshold": 0.01}, {"version": "model-000000000000"}, {"temperature": 2.0}, {"model_file": "x.bin"}],
)
def test_an_altered_manifest_is_refused(copy: Path, change: dict[str, Any]) -> None:
    """What it says of itself is part of its name."""
    path = copy / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}), encoding="utf-8")

    with pytest.raises(ArtefactError, match=r"manifest\.json: altered"):
        verify(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 1}', b"\xff"])
def test_what_is_no_manifest_is_refused_in_one_line(copy: Path, content: bytes) -> None:
    """Naming the file."""
    (copy / MANIFEST).write_bytes(content)

    with pytest.raises(ArtefactError, match=r"manifest\.json") as raised:
        verify(copy)

    assert "\n" not in str(raised.value)


def test_a_model_of_another_preprocessing_is_refused(copy: Path) -> None:
    """Even when its manifest is in order: its words are not ours."""
    path = copy / MANIFEST
    manifest = artefact.Manifest.model_validate_json(path.read_bytes())
    path.write_text(manifest.model_copy(update={"normalisation_version": 2}).named().model_dump_json())

    with pytest.raises(ArtefactError, match="train again"):
        verify(copy)


def test_a_format_of_tomorrow_is_refused(copy: Path) -> None:
    """Before anything else is read into it."""
    path = copy / MANIFEST
    manifest = artefact.Manifest.model_validate_json(path.read_bytes())
    path.write_text(manifest.model_copy(update={"format_version": 99}).named().model_dump_json())

    with pytest.raises(ArtefactError, match="format 99"):
        verify(copy)


def test_a_folder_that_is_not_there_says_how_to_train_one(tmp_path: Path) -> None:
    """The first thing a new user meets."""
    with pytest.raises(ArtefactError, match="codiflux train --starter"):
        open_model(tmp_path / "model")


def test_staging_leaves_nothing_behind_when_the_work_fails(tmp_path: Path) -> None:
    """An error, and an interrupt."""
    for failure in (ValueError("broken"), KeyboardInterrupt()):
        with pytest.raises(type(failure)):
            _fail_in_staging(tmp_path / "model", failure)
        assert list(tmp_path.iterdir()) == []


def _fail_in_staging(destination: Path, failure: BaseException) -> None:
    with staging(destination) as folder:
        (folder / "half.bin").write_bytes(b"half")
        raise failure


def test_training_that_fails_leaves_nothing_behind(
    small_examples: list[Example],
    small_settings: TrainingSettings,
    naf: Nomenclature,
    tmp_path: Path,
) -> None:
    """Also when it is interrupted between its steps."""

    def interrupt(step: str) -> None:
        if "everything" in step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(
            small_examples,
            nomenclature=naf,
            destination=tmp_path / "model",
            settings=small_settings,
            progress=interrupt,
        )

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("standing", ["file", "full folder"])
def test_what_stands_at_the_destination_is_never_replaced(tmp_path: Path, standing: str) -> None:
    """A model is immutable."""
    destination = tmp_path / "model"
    if standing == "file":
        destination.write_text("mine")
    else:
        destination.mkdir()
        (destination / "mine").write_text("mine")

    with pytest.raises(ArtefactError, match="already there"), staging(destination):
        pass

    assert destination.exists()


def test_an_empty_folder_may_be_the_destination(tmp_path: Path) -> None:
    """As `mkdir model` leaves it."""
    (tmp_path / "model").mkdir()
    with staging(tmp_path / "model") as folder:
        (folder / "manifest.json").write_text("{}")

    assert (tmp_path / "model" / "manifest.json").is_file()


def test_too_few_examples_are_refused(small_examples: list[Example], naf: Nomenclature, tmp_path: Path) -> None:
    """With how many it takes."""
    with pytest.raises(TrainingError, match="at least 20"):
        train(small_examples[:19], nomenclature=naf, destination=tmp_path / "model")


def test_a_code_outside_the_nomenclature_is_refused(small_examples: list[Example], tmp_path: Path) -> None:
    """By its row and its name."""
    table = from_rows("two", [{"code": "A", "label": "a"}, {"code": "B", "label": "b"}])

    with pytest.raises(TrainingError, match="labelled filing 1: code"):
        train(small_examples, nomenclature=table, destination=tmp_path / "model")
