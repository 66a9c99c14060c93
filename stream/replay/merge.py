"""Joining shards: their part files side by side are what one run would have written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from stream.errors import StorageFailed, UsageError
from stream.replay import finish, options
from stream.replay.place import DECISIONS, SUMMARY, Place, read_summary
from stream.replay.plan import PLAN, Plan, read_plan
from stream.replay.run import check_filings, count
from stream.replay.summary import Summary
from stream.replay.units import parse_shard


def merge(shards: Sequence[Path], output: Path, following: finish.Following | None = None) -> Summary:
    """Join the outputs of all shards of one replay into what a single run gives, and finish it.

    What a merge of the same shards left when it was killed is made again of them.

    Parameters
    ----------
    following
        Told how far the evaluation is, which is done here and not by the shards.

    Raises
    ------
    UsageError
        A folder that is no shard's output; shards of different replays; one missing or given twice;
        an output that has something else.
    """
    place = Place(output)
    plans = [_plan(folder) for folder in shards]
    whole = plans[0].model_copy(update={"shard": None})
    _check(shards, plans)
    options.check(whole.options)
    finished = place.discard(whole)
    if finished is not None:
        return finished
    place.check(resume=False)
    with place.opened(whole, keep=False):
        for folder, plan in zip(shards, plans, strict=True):
            for unit in plan.own_units():
                _take(folder / DECISIONS / unit.file_name, place.decisions / unit.file_name)
        summary = count(whole, place.decisions)
        check_filings(summary)
        summary = finish.finish(place.work, summary, whole.options, models=whole.model_paths, following=following)
        place.write(SUMMARY, summary.model_dump_json(indent=2))
        place.complete()
    return summary


def _plan(folder: Path) -> Plan:
    if not (folder / SUMMARY).exists():
        raise UsageError(f"{folder}: not a finished shard: {SUMMARY} is not there")
    if read_summary(folder / SUMMARY).shard is None:
        raise UsageError(f"{folder}: not a shard, but a whole replay")
    return read_plan(folder / PLAN)


def _check(shards: Sequence[Path], plans: Sequence[Plan]) -> None:
    first = plans[0]
    for folder, plan in zip(shards, plans, strict=True):
        if not plan.is_shard_of(first):
            raise UsageError(
                f"{folder}: not of the same replay as {shards[0]}: source, bounds, models, policies or flags differ"
            )
    numbers = [parse_shard(plan.shard or "").number for plan in plans]
    total = parse_shard(first.shard or "").count
    twice = [folder for place, folder in enumerate(shards) if numbers[place] in numbers[:place]]
    if twice:
        raise UsageError(f"{twice[0]}: shard {plans[list(shards).index(twice[0])].shard} is given twice")
    missing = sorted(set(range(total)) - set(numbers))
    if missing:
        names = ", ".join(f"{number or total}/{total}" for number in missing[:5])
        raise UsageError(f"{len(missing)} of {total} shards are missing: {names}")


def _take(source: Path, target: Path) -> None:
    """Link a part where that goes, copy it elsewhere: the shards stay as they are."""
    try:
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, target)
    except FileNotFoundError:
        raise UsageError(f"{source}: missing; replay the shard again") from None
    except OSError as error:
        raise StorageFailed(f"{target}: {error.strerror or error}") from error
