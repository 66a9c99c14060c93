"""The plan of a replay: everything that its output depends on, fixed before the first message is read.

It is kept beside the output, for `--resume` to compare and for `merge` to join.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from stream.errors import UsageError
from stream.replay.options import FinishOptions
from stream.replay.summary import ModelSummary, PolicySummary, SourceSummary
from stream.replay.units import Shard, Unit, parse_shard

FORMAT = 2
"""2: row groups of parts are shorter; parts of both would be no single run's."""
PLAN = "plan.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class SourceRequest(_Frozen):
    """What is to be read, in the words of the command line; any process can open it.

    Parameters
    ----------
    kind
        kafka, archive or file.
    name
        Topic on the broker, folder or URI of the archive, path of the file.
    """

    kind: str
    name: str
    since: str | None = None
    until: str | None = None


class Plan(_Frozen):
    """See the module.

    Parameters
    ----------
    source
        With the bounds as they were found at the start.
    units
        (partition, start, end) of each, in order.
    model_paths
        As given, in the order of `models`.
    shard
        "3/16", or `None` for all units.
    """

    format_version: int = FORMAT
    request: SourceRequest
    source: SourceSummary
    units: tuple[tuple[int, int, int], ...]
    models: tuple[ModelSummary, ...]
    model_paths: tuple[Path, ...]
    policies: tuple[PolicySummary, ...]
    all_ids: bool
    options: FinishOptions
    shard: str | None = None

    def own_units(self) -> list[Unit]:
        """The units this run decides: the shard's, or all."""
        units = [Unit(*unit) for unit in self.units]
        return units if self.shard is None else self._shard().of(units)

    def _shard(self) -> Shard:
        return parse_shard(self.shard or "1/1")

    def asks_the_same(self, other: Plan) -> bool:
        """Whether both were asked for the same, whatever stood there at the time."""
        bounds = {"source": self.source, "units": self.units, "model_paths": self.model_paths}
        return self == other.model_copy(update=bounds)

    def is_shard_of(self, other: Plan) -> bool:
        """Whether both are shards of one replay: all the same but the number of the shard."""
        update = {"shard": self.shard, "model_paths": self.model_paths}
        same = self == other.model_copy(update=update)
        return same and self._shard().count == other._shard().count


def read_plan(path: Path) -> Plan:
    """Read a plan; one that is not there or not ours raises `UsageError`."""
    try:
        plan = Plan.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UsageError(f"{path.parent}: not the output of a shard: {PLAN} is not there") from None
    except (ValidationError, OSError) as error:
        raise UsageError(f"{path}: not a plan ({str(error).splitlines()[0]})") from error
    if plan.format_version != FORMAT:
        raise UsageError(f"{path}: written by another version; replay with this one")
    return plan
