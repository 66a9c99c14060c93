"""Deciding units: what is to be done, and doing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from models import artefact
from models.coding import CodingModel
from models.policy import Policy
from stream.replay.deciding import Decider
from stream.replay.parts import part_writer
from stream.replay.plan import SourceRequest
from stream.replay.sources import Source
from stream.replay.units import Unit, parts

ROWS = 32_768
"""Rows decided and written together, a filing and model each: what memory they take does not grow with the models."""
Done = Callable[[int], None]
"""Told the offsets of each unit that is done."""


class Task(BaseModel):
    """What one process decides."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    request: SourceRequest
    models: tuple[Path, ...]
    policies: tuple[Policy, ...]
    all_ids: bool
    units: tuple[tuple[int, int, int], ...]
    folder: Path


def shares_of(task: Task, processes: int) -> list[Task]:
    """One task for each process, of about as many offsets."""
    shares = [share for share in parts([Unit(*unit) for unit in task.units], processes) if share]
    return [
        task.model_copy(update={"units": tuple((unit.partition, unit.start, unit.end) for unit in share)})
        for share in shares
    ]


def open_models(folders: Sequence[Path]) -> list[CodingModel]:
    """Models that leave remembering to the table of codings."""
    return [artefact.open_model(folder, cache_entries=0)[1] for folder in folders]


def decide_units(task: Task, models: Sequence[CodingModel], source: Source, done: Done) -> None:
    """Decide the units of a task in this process, one file each."""
    # Arrow's own allocator keeps what is freed for a while, 50 MB of it, and is no faster here.
    pa.set_memory_pool(pa.system_memory_pool())
    decider = Decider(models, task.policies, all_ids=task.all_ids)
    for unit, filings in source.read([Unit(*unit) for unit in task.units]):
        pieces, tally = filings.pieces(max(1, ROWS // len(models))), filings.tally
        # Nothing is in memory for longer than it is needed: contents while rows are written, rows while the
        # next are made.
        del filings
        with part_writer(task.folder / unit.file_name, decider.schema, tally) as write:
            while pieces:
                write(*decider.decide(pieces.pop(0)))
        done(unit.offsets)
