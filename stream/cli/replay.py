"""`codiflux replay` and `codiflux replay merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.cli import replay_flags as flags

if TYPE_CHECKING:
    from stream.replay.plan import SourceRequest
    from stream.replay.run import Order
    from stream.replay.summary import Summary
    from stream.replay.team import Team
    from stream.replay.units import Shard

replay_app = typer.Typer(
    invoke_without_command=True,
    rich_markup_mode="markdown",
    # A folder's name is no sub-command: `replay merge` is the only one.
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.add_typer(replay_app, name="replay")


@replay_app.callback()
def replay(
    context: typer.Context,
    from_kafka: flags.FromKafka = False,
    from_archive: flags.FromArchive = None,
    from_file: flags.FromFile = None,
    topic: flags.Topic = None,
    since: flags.Since = None,
    until: flags.Until = None,
    model: flags.Models = None,
    threshold: flags.Thresholds = None,
    policy: flags.Policies = None,
    output: flags.Output = None,
    processes: flags.Processes = 1,
    shard: flags.ShardOf = None,
    resume: flags.Resume = False,
    all_ids: flags.AllIds = False,
    labels: flags.LabelSource = None,
    label_delay: flags.LabelDelay = None,
    audit_share: flags.AuditShare = None,
    retrain: flags.Retrain = None,
    retrain_with: flags.RetrainWith = None,
    review_minutes: flags.ReviewMinutes = 3.0,
    error_minutes: flags.ErrorMinutes = 30.0,
    examples: flags.Examples = 12,
    drift: flags.Drift = True,
    emit: flags.Emit = None,
    speed: flags.Speed = None,
    rate: flags.Rate = None,
    as_json: flags.AsJson = False,
) -> None:
    """Run a stretch of history through models and policies, without touching the live stream.

    Examples: `codiflux replay --from-kafka --from 2026-07-01 --to 2026-10-01 --model model
    --threshold 0.7 --threshold 0.8 --labels labels.csv --label-delay 14d --output third-quarter`,
    `codiflux replay --from-kafka --from 2026-11-01 --emit rehearsal --speed 10x`
    """
    if context.invoked_subcommand is not None:
        return
    from stream.replay.team import Team
    from stream.settings import read_settings

    models = model or [read_settings().model]
    # Before what takes a second to load here: the processes load the same meanwhile.
    team = context.with_resource(Team(models, processes)) if processes > 1 and output and not emit else None
    request = _request(from_kafka, from_archive, from_file, topic, since, until)
    if emit is not None:
        flags.refuse_beside_emit(context)
        _emit(request, emit, speed, rate, as_json=as_json)
        return
    from stream.replay.options import FinishOptions
    from stream.replay.run import Order

    folder = _folder(output, speed, rate)
    order = Order(
        request=request,
        models=models,
        thresholds=threshold or [],
        policies=policy or [],
        output=folder,
        shard=_part(shard, request),
        resume=resume,
        all_ids=all_ids,
        options=FinishOptions(
            labels=labels,
            label_delay=label_delay,
            audit_share=audit_share or None,
            retrain=retrain,
            retrain_with=tuple(map(str, retrain_with or ())),
            review_minutes=review_minutes,
            error_minutes=error_minutes,
            examples=examples,
            drift=drift,
        ),
    )
    _report(_replay(order, team), folder, as_json=as_json)


@replay_app.command("merge")
def merge(
    shards: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Outputs of all shards, in any order.")],
    output: Annotated[Path, typer.Option(help="Folder to make.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as one JSON object.")] = False,
) -> None:
    """Join the outputs of shards: the same bytes as one run over all of it.

    Example: `codiflux replay merge shard-*/ --output third-quarter`
    """
    from stream.cli.output import messages, progress_bar
    from stream.replay.finish import Following
    from stream.replay.merge import merge as join

    with progress_bar("merging", total=None, paced=True) as progress:
        task = progress.task_ids[0]
        following = Following(
            note=lambda line: messages.print(line, markup=False),
            total=lambda filings: progress.update(task, total=filings),
            done=lambda filings: progress.advance(task, filings),
        )
        summary = join(shards, output, following)
    _report(summary, output, as_json=as_json)


def _request(
    from_kafka: bool,
    from_archive: str | None,
    from_file: Path | None,
    topic: str | None,
    since: str | None,
    until: str | None,
) -> SourceRequest:
    from schemas import topics
    from stream.errors import UsageError
    from stream.replay.plan import SourceRequest
    from stream.settings import read_settings

    if sum((from_kafka, from_archive is not None, from_file is not None)) != 1:
        raise UsageError("give one of --from-kafka, --from-archive URI and --from-file FILE")
    if topic is not None and not from_kafka:
        raise UsageError("--topic goes with --from-kafka")
    if from_kafka:
        name = topic or read_settings().topic(topics.RECEIVED)
        return SourceRequest(kind="kafka", name=name, since=since, until=until)
    if from_archive is not None:
        return SourceRequest(kind="archive", name=from_archive, since=since, until=until)
    return SourceRequest(kind="file", name=str(from_file), since=since, until=until)


def _folder(output: Path | None, speed: str | None, rate: float | None) -> Path:
    """The folder to make; flags of `--emit` are refused."""
    from stream.errors import UsageError

    if speed is not None or rate is not None:
        raise UsageError("--speed and --rate go with --emit TOPIC")
    if output is None:
        raise UsageError("--output is missing: the folder to make")
    return output


def _part(shard: str | None, request: SourceRequest) -> Shard | None:
    from stream.errors import UsageError
    from stream.replay.units import parse_shard

    if shard is not None and request.kind == "kafka" and request.until is None:
        raise UsageError(
            "--shard with --from-kafka needs --to: each shard would end where the topic stood at its start"
        )
    return None if shard is None else parse_shard(shard)


def _replay(order: Order, team: Team | None) -> Summary:
    from stream.cli.output import messages, progress_bar
    from stream.garbage import collect_seldom
    from stream.replay.run import Told, replay
    from stream.settings import read_settings

    collect_seldom()
    with progress_bar("replaying", total=None, paced=True) as progress:
        task = progress.task_ids[0]
        told = Told(
            note=lambda line: messages.print(line, markup=False),
            total=lambda offsets: progress.update(task, total=offsets),
            done=lambda offsets: progress.advance(task, offsets),
        )
        try:
            return replay(order, read_settings(), told, team)
        except KeyboardInterrupt:
            messages.print(f"{order.output}: what is decided stays there; --resume goes on with it", markup=False)
            raise


def _emit(request: SourceRequest, topic: str, speed: str | None, rate: float | None, *, as_json: bool) -> None:
    from stream.cli.output import messages, output, print_json, progress_bar
    from stream.replay.emitting import emit, parse_pace
    from stream.settings import read_settings

    pace = parse_pace(speed, rate)
    with progress_bar("emitting", total=None, paced=True) as progress:
        task = progress.task_ids[0]
        emitted = emit(
            request,
            topic,
            pace,
            read_settings(),
            note=lambda line: messages.print(line, markup=False),
            total=lambda count: progress.update(task, total=count),
            done=lambda count: progress.update(task, completed=count),
        )
    if as_json:
        print_json({"topic": topic, "sent": emitted})
    else:
        output.print(f"{emitted} messages written to {topic}, marked as a replay")


def _report(summary: Summary, folder: Path, *, as_json: bool) -> None:
    from stream.cli.output import output, print_json

    if as_json:
        print_json({"output": str(folder), **summary.model_dump(mode="json", exclude={"evaluation"})})
        return
    counts = summary.counts
    unreadable = sum(counts.unreadable.values())
    output.print(
        f"{counts.filings} filings in {counts.messages} messages"
        + (f", {unreadable} unreadable" if unreadable else "")
        + (f", {counts.copies} copies left out" if counts.copies else "")
    )
    models = {model.number: model for model in summary.models}
    policies = {policy.number: policy for policy in summary.policies}
    for routes in summary.routes:
        total = max(1, counts.filings)
        output.print(
            f"{models[routes.model].version}, {policies[routes.policy].name}: auto {routes.auto / total:.1%},"
            f" review {routes.review / total:.1%}, returned {routes.returned / total:.1%}",
            markup=False,
        )
    output.print(f"{folder}: decisions/, summary.json" + (", report.html" if (folder / "report.html").exists() else ""))
