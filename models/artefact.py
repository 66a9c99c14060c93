"""The model artefact: an immutable directory named by the hash of its content.

    model.bin or model.ftz   the fastText model
    rules.parquet            exact rules in front of it
    nomenclature.csv         codes, labels and levels, as trained
    reference.json           distributions of the training data, for the drift monitor
    manifest.json            versions, hyperparameters, metrics, thresholds, hash of each file

A directory whose files do not match the manifest is refused, naming the file.
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models import features, rules, text
from models.classifier import FastTextClassifier
from models.coding import CodingModel
from models.errors import ArtefactError
from models.lru import BoundedCache
from models.nomenclature import BUILT_IN as BUILT_IN_NOMENCLATURES
from models.nomenclature import Nomenclature, from_rows, load, to_rows

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
RULES = "rules.parquet"
NOMENCLATURE = "nomenclature.csv"
REFERENCE = "reference.json"
DEFAULT_CACHE_ENTRIES = 30_000


class ThresholdPoint(BaseModel):
    """One point of the automation/error curve, measured on data kept aside."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    automation: float
    auto_error: float
    auto_error_upper: float


class Manifest(BaseModel):
    """What an artefact says of itself.

    Parameters
    ----------
    version
        `model-` and twelve hex digits of the hash of everything else in the manifest, the files'
        hashes included. No clock: the same data, settings and libraries give the same version.
    temperature
        Calibration of the probabilities, found on data kept aside.
    metrics
        As `evaluate` prints them, on data kept aside.
    default_threshold
        Confidence index used when neither setting nor policy names one.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    format_version: int
    version: str = ""
    model_file: str
    nomenclature: str
    normalisation_version: int
    features_version: int
    temperature: float = Field(gt=0.0)
    hyperparameters: dict[str, Any]
    training: dict[str, Any]
    metrics: dict[str, Any]
    default_threshold: float
    thresholds: tuple[ThresholdPoint, ...]
    libraries: dict[str, str]
    files: dict[str, str]

    @property
    def language(self) -> str:
        """Of the texts it was trained on; an artefact that names none is French."""
        return str(self.hyperparameters.get("language", text.FRENCH))

    def named(self) -> Manifest:
        """The same manifest bearing its own version."""
        content = self.model_dump_json(exclude={"version"}).encode()
        return self.model_copy(update={"version": "model-" + hashlib.sha256(content).hexdigest()[:12]})


def check_free(destination: Path) -> None:
    """Raise `ArtefactError` when something that is not an empty folder stands at the destination."""
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise ArtefactError(f"{destination}: already there and not empty; give a new folder")


@contextmanager
def staging(destination: Path) -> Iterator[Path]:
    """A folder to build an artefact in; it becomes `destination` only when all went well.

    Raises
    ------
    ArtefactError
        Something that is not an empty folder stands at the destination.
    OSError
        The disk does not take it; names the destination.
    """
    check_free(destination)
    hidden = destination.parent / f".{destination.name}-"
    with _named(destination, instead_of=hidden):
        destination.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=hidden.name, dir=destination.parent))
        try:
            yield folder
            folder.chmod(0o755)
            if destination.exists():
                destination.rmdir()
            folder.replace(destination)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _named(destination: Path, *, instead_of: Path) -> Iterator[None]:
    """What the disk refuses names the artefact: nobody knows the folder in which it is built."""
    try:
        yield
    except OSError as error:
        if error.errno is None or not str(error.filename or instead_of).startswith(str(instead_of)):
            raise
        raise OSError(error.errno, error.strerror, str(destination)) from error


def write_nomenclature(nomenclature: Nomenclature, folder: Path) -> None:
    """Write `nomenclature.csv`."""
    header, rows = to_rows(nomenclature)
    with (folder / NOMENCLATURE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Add the hashes of the files in `folder`, name the manifest and write it."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    sealed = manifest.model_copy(update={"files": files}).named()
    (folder / MANIFEST).write_text(sealed.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return sealed


def read_manifest(folder: Path) -> Manifest:
    """Read and check `manifest.json`, not yet the files it names."""
    path = folder / MANIFEST
    with _reading(path, missing=f"missing, so {folder} is not a model directory"):
        if not folder.is_dir():
            raise ArtefactError(
                f"{folder}: no model there; train one with `codiflux train --starter --output {folder}`"
            )
        content = path.read_bytes()
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise ArtefactError(f"{path}: not a manifest ({str(error).splitlines()[0]})") from error
    if manifest.format_version != FORMAT_VERSION:
        raise ArtefactError(f"{path}: format {manifest.format_version}, this version reads {FORMAT_VERSION}")
    if manifest.named().version != manifest.version:
        raise ArtefactError(f"{path}: altered, its content is not version {manifest.version}")
    if (manifest.normalisation_version, manifest.features_version) != (text.VERSION, features.VERSION):
        raise ArtefactError(
            f"{path}: trained with text version {manifest.normalisation_version} and features version"
            f" {manifest.features_version}, this version serves {text.VERSION} and {features.VERSION}; train again"
        )
    return manifest


def verify(folder: Path) -> Manifest:
    """Read the manifest and hold every file against it.

    Raises
    ------
    ArtefactError
        Naming the file that is missing, altered, not to be read, or not in the manifest.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest.files.items():
        path = folder / name
        with _reading(path):
            found = _sha256(path)
        if found != expected:
            raise ArtefactError(f"{path}: altered, its hash is not the manifest's; take the directory again")
    for required in (manifest.model_file, RULES, NOMENCLATURE):
        if required not in manifest.files:
            raise ArtefactError(f"{folder / MANIFEST}: does not list {required}")
    return manifest


def open_model(folder: Path, *, cache_entries: int = DEFAULT_CACHE_ENTRIES) -> tuple[Manifest, CodingModel]:
    """Verify an artefact and load it.

    Parameters
    ----------
    cache_entries
        Codings remembered in the process; about 1.5 kB each. 0 turns the cache off.
    """
    manifest = verify(folder)
    model = CodingModel(
        version=manifest.version,
        nomenclature=read_nomenclature(folder, manifest),
        rules=rules.read(folder / RULES),
        classifier=FastTextClassifier(folder / manifest.model_file, temperature=manifest.temperature),
        cache=BoundedCache(cache_entries),
        language=manifest.language,
    )
    return manifest, model


def read_nomenclature(folder: Path, manifest: Manifest) -> Nomenclature:
    """The codes, labels and levels that the model was trained with."""
    path = folder / NOMENCLATURE
    with _reading(path), path.open(encoding="utf-8", newline="") as file:
        table = from_rows(manifest.nomenclature, csv.DictReader(file))
    if manifest.nomenclature in BUILT_IN_NOMENCLATURES:
        branches = load(manifest.nomenclature).branch_labels
        return Nomenclature(table.name, table.level_names, table.labels, table.paths, branches)
    return table


@contextmanager
def _reading(path: Path, missing: str = "missing; take the model directory again from its source") -> Iterator[None]:
    """A file of an artefact that cannot be read is refused, naming it."""
    try:
        yield
    except FileNotFoundError:
        raise ArtefactError(f"{path}: {missing}") from None
    except OSError as error:
        raise ArtefactError(f"{path}: {error.strerror or error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_reference(folder: Path) -> dict[str, Any]:
    """The distributions of the training data, as written at training."""
    path = folder / REFERENCE
    with _reading(path):
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
