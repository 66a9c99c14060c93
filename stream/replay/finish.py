"""What follows the decisions: labels, costs, drift, the report. Called once, on a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from stream.replay.summary import Summary


class FinishOptions(BaseModel):
    """What the command line asks of the evaluation; kept with shards, so that `merge` can finish.

    Parameters
    ----------
    labels
        File, archive or topic of the labels, as given.
    label_delay
        As given: `14d`; `None` takes the labels' own times.
    retrain
        As given: `monthly`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str | None = None
    label_delay: str | None = None
    retrain: str | None = None


def check(options: FinishOptions) -> None:
    """Refuse what cannot be finished, before anything is read; raises `UsageError`."""


def finish(folder: Path, summary: Summary, options: FinishOptions, *, models: Sequence[Path]) -> Summary:
    """Evaluate a finished run and write its report.

    Parameters
    ----------
    folder
        Holds `decisions/*.parquet`, complete; `report.html` is written beside it. It becomes the
        output only when this returns.
    models
        Directories of the models, in the summary's order.

    Returns
    -------
    Summary
        With `evaluation`; the caller writes it as `summary.json`.
    """
    return summary
