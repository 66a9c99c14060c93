"""The output folder: it has nothing under its final names until all is there.

While a replay goes on, its files stand in `DIR/.partial`; at the end they move up, `summary.json`
last. An interrupted replay leaves `.partial`, which `--resume` goes on with; one that fails removes
it, unless it was asked to resume and has parts worth keeping.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from models.errors import ModelError
from stream.errors import StorageFailed, StreamError, UsageError
from stream.replay.parts import PARTIAL, read_counts
from stream.replay.plan import PLAN, Plan, read_plan
from stream.replay.summary import Summary

WORK = ".partial"
DECISIONS = "decisions"
SUMMARY = "summary.json"
REPORT = "report.html"
ORDER = (DECISIONS, REPORT, PLAN, SUMMARY)
"""In which files move up; a folder with a summary is complete."""


class Place:
    """The output folder of one replay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / WORK
        self.decisions = self.work / DECISIONS

    def check(self, *, resume: bool) -> None:
        """Refuse, before anything is read, a folder that this replay cannot have.

        Raises
        ------
        UsageError
            Something is there, or an interrupted replay is and `resume` is not asked for.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise UsageError(f"{self.folder}: a file; give the name of a folder")
        if not self.folder.exists():
            return
        found = {path.name for path in self.folder.iterdir()}
        if resume and (self.work.exists() or SUMMARY in found):
            return
        if WORK in found:
            raise UsageError(f"{self.folder}: an interrupted replay; --resume goes on with it, or remove the folder")
        if found:
            raise UsageError(f"{self.folder}: already there and not empty; give a new folder")

    def earlier(self) -> Plan | None:
        """The plan of the replay that was interrupted here, or that is complete."""
        for path in (self.work / PLAN, self.folder / PLAN):
            if path.exists():
                return read_plan(path)
        return None

    def discard(self, plan: Plan) -> Summary | None:
        """Remove what a killed merge left here; its summary instead, where it lacked the last moves alone.

        Raises
        ------
        UsageError
            What was interrupted here had another plan, and its parts may be nowhere else.
        """
        if not self.work.exists():
            return None
        earlier = self.earlier()
        if earlier is None:
            own = not self.decisions.is_dir() or not any(self.decisions.iterdir())
        else:
            own = earlier.model_copy(update={"model_paths": plan.model_paths}) == plan
        if not own:
            raise UsageError(f"{self.folder}: something else was interrupted there; remove it, or give a new folder")
        finished = self.finished()
        with _storing(self.work):
            if self.work.exists():
                shutil.rmtree(self.work)
        return finished

    def finished(self) -> Summary | None:
        """The summary of a replay that is complete, moved up if it was interrupted at that."""
        if (self.work / SUMMARY).exists():
            self.complete()
        path = self.folder / SUMMARY
        return read_summary(path) if path.exists() else None

    @contextmanager
    def opened(self, plan: Plan, *, keep: bool) -> Iterator[None]:
        """The working folder; an expected error removes it unless `keep`."""
        new = not self.folder.exists()
        try:
            with _storing(self.folder):
                self.decisions.mkdir(parents=True, exist_ok=True)
                self._sweep()
                if not (self.work / PLAN).exists():
                    self.write(PLAN, plan.model_dump_json(indent=2))
            yield
        except (StreamError, ModelError):
            if not (keep and self.decisions.is_dir() and any(self.decisions.iterdir())):
                shutil.rmtree(self.work, ignore_errors=True)
                if new and self.folder.is_dir() and not any(self.folder.iterdir()):
                    self.folder.rmdir()
            raise

    def has(self, name: str) -> bool:
        """Whether a part of an earlier run is there and whole."""
        path = self.decisions / name
        if not path.exists():
            return False
        try:
            read_counts(path)
        except StorageFailed:
            path.unlink()
            return False
        return True

    def write(self, name: str, text: str) -> None:
        """Write a small file, whole or not at all."""
        temporary = self.work / f".{name}{PARTIAL}"
        with _storing(self.work / name):
            try:
                temporary.write_text(text + "\n", encoding="utf-8")
                temporary.replace(self.work / name)
            finally:
                temporary.unlink(missing_ok=True)

    def complete(self) -> None:
        """Move everything up to its final name; done again after a crash, it goes on."""
        with _storing(self.folder):
            self._sweep()
            for name in ORDER:
                if (self.work / name).exists():
                    (self.work / name).replace(self.folder / name)
            shutil.rmtree(self.work)

    def _sweep(self) -> None:
        """Remove what processes that were killed left of parts."""
        for path in self.decisions.glob(f".*{PARTIAL}"):
            path.unlink(missing_ok=True)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"{path}: {error.strerror or error}") from error


def read_summary(path: Path) -> Summary:
    """Read a `summary.json`; what is none raises `UsageError`."""
    try:
        return Summary.model_validate_json(path.read_bytes())
    except (ValidationError, OSError) as error:
        raise UsageError(f"{path}: not the summary of a replay ({str(error).splitlines()[0]})") from error
