"""The starter model, trained once on this machine and kept where caches are kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from models import nomenclature, training
from models.artefact import MANIFEST
from models.starter import recipe
from monitoring.noise_floor import floors


def starter_model(*, progress: Callable[[str], None]) -> Path:
    """Folder of the starter model; trains it when there is none for this version of code and corpus.

    `$XDG_CACHE_HOME/codiflux`, or `~/.cache/codiflux`. A change of the corpus or of the code that
    trains makes another model: the folder's name has a hash of both.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "codiflux"
    folder = cache / f"starter-{_ingredients()}"
    if (folder / MANIFEST).is_file():
        return folder
    progress(f"no starter model yet: training one into {folder} (once)")
    table = nomenclature.load("naf-rev2")
    examples, settings = recipe.starter(table.name)
    training.train(
        examples, nomenclature=table, destination=folder, settings=settings, progress=progress, floors=floors
    )
    return folder


def _ingredients() -> str:
    digest = hashlib.sha256()
    for file in (*_files(resources.files("models")), *_files(resources.files("schemas"))):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _files(folder: Traversable) -> list[Traversable]:
    """Code and data of a package, in a fixed order."""
    found: list[Traversable] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            found += _files(entry) if entry.name != "__pycache__" else []
        elif entry.name.endswith((".py", ".txt", ".csv")):
            found.append(entry)
    return found
