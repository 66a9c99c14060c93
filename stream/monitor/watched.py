"""The models whose decisions are watched: what they were trained on, their codes, the words they know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from models import artefact
from models.errors import ModelError
from models.nomenclature import BUILT_IN, Nomenclature, load
from models.vocabulary import read_words
from monitoring.errors import UnreadableReference
from monitoring.reference import Reference, parse

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WatchedModel:
    """One artefact, as far as a monitor needs it.

    Parameters
    ----------
    reference
        `None` where the artefact's is of an earlier form: the stream's own baseline remains.
    """

    version: str
    nomenclature: Nomenclature
    words: frozenset[str]
    default_threshold: float
    reference: Reference | None


def open_watched(folder: Path) -> WatchedModel:
    """Verify an artefact and read what a monitor needs of it; the model itself is not loaded.

    Raises
    ------
    ArtefactError
        Naming the file.
    """
    manifest = artefact.verify(folder)
    try:
        reference = parse(artefact.read_reference(folder), model_version=manifest.version)
    except UnreadableReference as error:
        log.warning("reference_unreadable", model=manifest.version, problem=str(error))
        reference = None
    return WatchedModel(
        version=manifest.version,
        nomenclature=artefact.read_nomenclature(folder, manifest),
        words=read_words(folder / manifest.model_file),
        default_threshold=manifest.default_threshold,
        reference=reference,
    )


class WatchedModels:
    """Every model that is known, and where to look for one that is not.

    Parameters
    ----------
    folder
        The artefact in force; it must be there.
    more
        Folders of further artefacts, or folders that hold some; what is no artefact is left out.
    """

    def __init__(self, folder: Path, more: Iterable[Path] = ()) -> None:
        first = open_watched(folder)
        self.default_threshold = first.default_threshold
        self._more = tuple(more)
        self._seen = {folder.resolve()}
        self.by_version: dict[str, WatchedModel] = {first.version: first}
        self._nomenclatures: dict[str, Nomenclature] = {name: load(name) for name in BUILT_IN}
        self._nomenclatures[first.nomenclature.name] = first.nomenclature
        self._branches: dict[str, tuple[str | None, str | None]] = {}
        self._know(first)
        self.look()

    def look(self) -> list[WatchedModel]:
        """Look at the folders again; the models found that were not known."""
        found = []
        for folder in self._candidates():
            try:
                model = open_watched(folder)
            except ModelError as error:
                # Perhaps still being written: it is looked at again the next time.
                log.warning("model_passed_over", problem=str(error))
                continue
            self._seen.add(folder.resolve())
            self._know(model)
            found.append(model)
        return found

    def _candidates(self) -> Iterator[Path]:
        for place in self._more:
            folders = [place] if (place / artefact.MANIFEST).exists() else sorted(place.glob("*/"))
            yield from (f for f in folders if (f / artefact.MANIFEST).exists() and f.resolve() not in self._seen)

    def _know(self, model: WatchedModel) -> None:
        self.by_version[model.version] = model
        self._nomenclatures.setdefault(model.nomenclature.name, model.nomenclature)
        for code, path in model.nomenclature.paths.items():
            above = path[:-1]
            self._branches.setdefault(code, (above[0] if above else None, above[1] if len(above) > 1 else None))

    @property
    def references(self) -> Mapping[str, Reference]:
        """Model version -> what it was trained on."""
        return {v: model.reference for v, model in self.by_version.items() if model.reference is not None}

    def branches(self, code: str) -> tuple[str | None, str | None]:
        """Section and division of a code of any of the models."""
        return self._branches.get(code, (None, None))

    def path_of(self, nomenclature: str, code: str) -> tuple[str, ...] | None:
        """Where a code stands; `None` for an unknown nomenclature or code."""
        known = self._nomenclatures.get(nomenclature)
        return None if known is None else known.paths.get(code)
