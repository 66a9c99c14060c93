"""`summary.json`: what was replayed, with what, and how it came out. No clock and no host in it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from models.backtest.evaluated import Evaluation
from models.policy import Policy
from schemas.instant import Instant


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Stretch(_Frozen):
    """A stretch of one partition: offsets from `start` up to, and without, `end`.

    Parameters
    ----------
    lost
        Offsets between the bound asked for and `start`, which retention has already removed.
    """

    topic: str
    partition: int
    start: int
    end: int
    lost: int = 0


class SourceSummary(_Frozen):
    """What was read.

    Parameters
    ----------
    kind
        kafka, archive or file.
    name
        Topic, archive folder's URI or name of the file.
    since, until
        `--from` and `--to` as instants, where they were.
    stretches
        Bounds captured at the start, by partition; empty for a file.
    size_bytes
        Of a file, so that another one of the same name is seen; `None` for what is none.
    """

    kind: str
    name: str
    since: Instant | None = None
    until: Instant | None = None
    stretches: tuple[Stretch, ...] = ()
    size_bytes: int | None = None


class ModelSummary(_Frozen):
    """A model, numbered from 1 in the order given."""

    number: int
    name: str
    version: str
    nomenclature: str


class PolicySummary(_Frozen):
    """A policy, numbered from 1: thresholds in the order given, then policy files."""

    number: int
    name: str
    version: str
    policy: Policy


class Counts(_Frozen):
    """What the source held.

    Parameters
    ----------
    messages
        Messages or rows read, within the bounds.
    filings
        Filings in them; each has one row a model.
    copies
        Filings left out because the archive holds the same decision again.
    unreadable
        Messages or rows with no filing in them, by reason; the live worker makes dead letters of them.
    """

    messages: int = 0
    filings: int = 0
    copies: int = 0
    unreadable: dict[str, int] = Field(default_factory=dict)


class Routes(_Frozen):
    """Filings by route under one model and one policy; `audit` is a sample of auto."""

    model: int
    policy: int
    auto: int
    review: int
    returned: int
    audit: int


class Summary(_Frozen):
    """The whole of it.

    Parameters
    ----------
    shard
        "3/16" for one of several shards, which `replay merge` joins; `None` for a whole.
    stages
        By model number: filings by stage.
    evaluation
        What labels, costs and drift say of it (`stream.replay.finish`); `None` in a shard.
    """

    schema_version: int = 1
    source: SourceSummary
    shard: str | None = None
    models: tuple[ModelSummary, ...]
    policies: tuple[PolicySummary, ...]
    counts: Counts
    routes: tuple[Routes, ...]
    stages: dict[int, dict[str, int]]
    evaluation: Evaluation | None = None
