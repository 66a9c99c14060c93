"""What the command line asks of the evaluation, checked before anything is read.

Apart from `finish`, which does it: processes that decide know the plan, and need none of the rest.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.backtest.curve import Costs
from models.backtest.schedule import NEVER, periods
from models.errors import TrainingError
from stream.errors import UsageError
from stream.replay.label_sources import check_source

EXAMPLES = 12
"""Filings shown on which two models differ."""
_DELAY = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[smhdw])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LONGEST_SECONDS = 100 * 366 * 86_400
"""Delays up to here stay within what microseconds and days can be counted in."""


class FinishOptions(BaseModel):
    """What the command line asks of the evaluation; kept with shards, so that `merge` can finish.

    Parameters
    ----------
    labels
        File, archive or topic of the labels, as given.
    label_delay
        As given: `14d`; `None` takes the labels' own times.
    audit_share
        By which labels of audits are weighted; the first policy's own where it has one.
    retrain
        As given: `monthly`, or several as in `monthly,quarterly`; `never` is always beside them.
    retrain_with
        Labelled filings that retrained models learn as well, files as given.
    review_minutes, error_minutes
        What a review and a wrong automatic code are taken to cost.
    examples
        Filings shown with their texts; 0 keeps every text out of the report.
    drift
        Whether the drift monitor is run over the history.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    labels: str | None = None
    label_delay: str | None = None
    audit_share: float | None = Field(default=None, gt=0.0, le=1.0)
    retrain: str | None = None
    retrain_with: tuple[str, ...] = ()
    review_minutes: float = 3.0
    error_minutes: float = 30.0
    examples: int = Field(default=EXAMPLES, ge=0)
    drift: bool = True

    @property
    def schedules(self) -> tuple[str, ...]:
        """The retraining schedules asked for, `never` first; none when none was."""
        if self.retrain is None:
            return ()
        asked = [name.strip() for name in self.retrain.split(",")]
        return (NEVER, *dict.fromkeys(name for name in asked if name != NEVER))


def check(options: FinishOptions) -> None:
    """Refuse what cannot be finished, before anything is read.

    Raises
    ------
    UsageError
        A delay, schedule or cost that is none; a file that is not there; what needs labels without any.
    """
    costs_of(options)
    delay_seconds(options)
    for schedule in options.schedules:
        try:
            periods(schedule, date(2026, 1, 1), date(2026, 1, 2))
        except TrainingError as error:
            raise UsageError(f"--retrain: {error}") from error
    if options.labels is None:
        flags = {
            "--label-delay": options.label_delay,
            "--audit-share": options.audit_share,
            "--retrain": options.retrain,
            "--retrain-with": options.retrain_with or None,
        }
        for flag, value in flags.items():
            if value is not None:
                raise UsageError(f"{flag} needs labels: give them with --labels")
    else:
        check_source(options.labels)
    if options.retrain_with and options.retrain is None:
        raise UsageError("--retrain-with needs a schedule: give one with --retrain, such as monthly")
    for name in options.retrain_with:
        if not Path(name).is_file():
            raise UsageError(f"{name}: no such file; it was to be learnt by retrained models")


def costs_of(options: FinishOptions) -> Costs:
    """The costs assumed; one that is none raises `UsageError`."""
    try:
        return Costs(review_minutes=options.review_minutes, error_minutes=options.error_minutes)
    except ValidationError as error:
        name = str(error.errors()[0]["loc"][0]).replace("_", "-")
        raise UsageError(f"--{name}: {error.errors()[0]['msg'].lower()}") from error


def delay_seconds(options: FinishOptions) -> float | None:
    """The simulated delay, if there is one; what is none raises `UsageError`."""
    if options.label_delay is None:
        return None
    match = _DELAY.fullmatch(options.label_delay.strip())
    if match is None:
        raise UsageError(f"--label-delay {options.label_delay}: write it as 14d, 36h or 90m")
    seconds = float(match["number"]) * _UNIT_SECONDS[match["unit"]]
    if seconds > _LONGEST_SECONDS:
        raise UsageError(f"--label-delay {options.label_delay}: a hundred years at most")
    return seconds
