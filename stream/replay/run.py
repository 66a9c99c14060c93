"""A whole replay: plan, decide, count, finish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from models import artefact
from stream.errors import UsageError
from stream.replay.label_sources import check_labels
from stream.replay.opening import describe_models, describe_policies, open_source
from stream.replay.options import FinishOptions
from stream.replay.options import check as check_options
from stream.replay.parts import read_counts
from stream.replay.place import SUMMARY, Place
from stream.replay.plan import Plan, SourceRequest
from stream.replay.sources import Planned
from stream.replay.sources.file import FileSource
from stream.replay.summary import Counts, Routes, Summary
from stream.replay.team import Team
from stream.replay.units import Shard, Unit
from stream.replay.work import Task, decide_units, open_models, shares_of
from stream.settings import Settings


@dataclass(frozen=True)
class Order:
    """What the command line asks for.

    Parameters
    ----------
    resume
        Go on with what an interrupted run left in `output`, and keep finished parts if it fails.
    """

    request: SourceRequest
    models: Sequence[Path]
    thresholds: Sequence[float]
    policies: Sequence[Path]
    output: Path
    shard: Shard | None = None
    resume: bool = False
    all_ids: bool = False
    options: FinishOptions = field(default_factory=FinishOptions)


@dataclass(frozen=True)
class Told:
    """Whom to tell what happens: notes for the operator, offsets to do, offsets done."""

    note: Callable[[str], None]
    total: Callable[[int], None]
    done: Callable[[int], None]


def replay(order: Order, settings: Settings, told: Told, team: Team | None = None) -> Summary:
    """Replay a range.

    Parameters
    ----------
    team
        Decides in several processes, on which no output depends; without it this process decides.

    Raises
    ------
    UsageError, ArtefactError, BrokerUnavailable, StorageFailed, ArchiveDamaged
        With nothing left in the output, unless it was to be resumed.
    """
    place = Place(order.output)
    place.check(resume=order.resume)
    check_options(order.options)
    plan = _plan(order, settings, told, place)
    if isinstance(plan, Summary):
        return plan
    if order.options.labels is not None:
        model = order.models[0]
        check_labels(order.options.labels, artefact.read_nomenclature(model, artefact.read_manifest(model)))
    with place.opened(plan, keep=order.resume):
        units = [unit for unit in plan.own_units() if not place.has(unit.file_name)]
        told.total(sum(unit.offsets for unit in units))
        _decide(plan, units, settings, place, told, team)
        summary = count(plan, place.decisions)
        if summary.shard is None:
            check_filings(summary)
            decided = sum(unit.offsets for unit in units)
            summary = _finish(plan, summary, place, replace(told, total=lambda filings: told.total(decided + filings)))
        place.write(SUMMARY, summary.model_dump_json(indent=2))
        place.complete()
    return summary


def check_filings(summary: Summary) -> None:
    """Nothing is said of a range without a filing; messages that cannot be read are none."""
    if summary.counts.filings:
        return
    unreadable = summary.counts.unreadable
    reasons = ", ".join(f"{reason} {number}" for reason, number in unreadable.items())
    left_out = f" but {sum(unreadable.values())} unreadable ({reasons})" if unreadable else ""
    raise UsageError(f"{summary.source.name}: no filing in the range{left_out}: look at --from and --to")


def _finish(plan: Plan, summary: Summary, place: Place, told: Told) -> Summary:
    # Monitor, training and what they need take 75 MB: not while models and filings are in memory.
    from stream.replay.finish import Following, finish

    following = Following(told.note, told.total, told.done)
    return finish(place.work, summary, plan.options, models=plan.model_paths, following=following)


def _plan(order: Order, settings: Settings, told: Told, place: Place) -> Plan | Summary:
    """What is to be done; or the summary, where all of it was done before."""
    models, manifests = describe_models(order.models)
    policies = describe_policies(
        order.thresholds,
        order.policies,
        default=manifests[0].default_threshold,
        audit_share=settings.audit_share,
    )
    source = open_source(order.request, settings)
    finished = place.finished() if order.resume else None
    earlier = place.earlier() if order.resume else None
    if finished is not None and earlier is None:
        raise UsageError(f"{order.output}: complete, and does not say what was asked for it; give a new folder")
    planned = source.plan() if earlier is None else Planned(earlier.source, tuple(Unit(*u) for u in earlier.units))
    for note in planned.notes:
        told.note(note)
    plan = Plan(
        request=order.request,
        source=planned.summary,
        units=tuple((unit.partition, unit.start, unit.end) for unit in planned.units),
        models=models,
        model_paths=tuple(order.models),
        policies=policies,
        all_ids=order.all_ids,
        options=order.options,
        shard=_name(order.shard),
    )
    if earlier is not None and not plan.asks_the_same(earlier):
        state = "was begun with" if finished is None else "is complete, of"
        raise UsageError(
            f"{order.output}: {state} another source, range, model, policy, labels or flag; give a new folder"
        )
    if earlier is not None and isinstance(source, FileSource):
        source.check_unchanged(earlier.source)
    if finished is not None:
        told.note(f"{order.output}: complete already")
    return plan if finished is None else finished


def _name(shard: Shard | None) -> str | None:
    return None if shard is None else str(shard)


def _decide(plan: Plan, units: Sequence[Unit], settings: Settings, place: Place, told: Told, team: Team | None) -> None:
    if not units:
        return
    task = Task(
        request=plan.request,
        models=plan.model_paths,
        policies=tuple(policy.policy for policy in plan.policies),
        all_ids=plan.all_ids,
        units=tuple((unit.partition, unit.start, unit.end) for unit in units),
        folder=place.decisions,
    )
    if team is None:
        decide_units(task, open_models(task.models), open_source(plan.request, settings), told.done)
    else:
        team.decide([share.model_dump_json() for share in shares_of(task, team.processes)], told.done)


def count(plan: Plan, folder: Path) -> Summary:
    """The summary of a run, from what its parts say they hold."""
    found: list[dict[str, Any]] = [read_counts(folder / unit.file_name) for unit in plan.own_units()]
    unreadable: Counter[str] = Counter()
    routes: Counter[tuple[int, int, str]] = Counter()
    stages: Counter[tuple[int, str]] = Counter()
    for counts in found:
        unreadable.update(counts["unreadable"])
        for model, policy, name, number in counts["routes"]:
            routes[model, policy, name] += number
        for model, name, number in counts["stages"]:
            stages[model, name] += number
    return Summary(
        source=plan.source,
        shard=plan.shard,
        models=plan.models,
        policies=plan.policies,
        counts=Counts(
            messages=sum(counts["messages"] for counts in found),
            filings=sum(counts["filings"] for counts in found),
            copies=sum(counts["copies"] for counts in found),
            unreadable=dict(sorted(unreadable.items())),
        ),
        routes=tuple(
            Routes(
                model=model.number,
                policy=policy.number,
                **{name: routes[model.number, policy.number, name] for name in ("auto", "review", "returned", "audit")},
            )
            for model in plan.models
            for policy in plan.policies
        ),
        stages={
            model.number: {name: number for (of, name), number in sorted(stages.items()) if of == model.number}
            for model in plan.models
        },
    )
