"""`codiflux archive`: the archiving process, and what keeps its archive in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from stream.archive.rewriting import Taken
    from stream.archive.stores import Store
    from stream.archive.verification import Proof

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Output = Annotated[
    str | None, typer.Option(help="The archive: a folder or s3://bucket/folder; CODIFLUX_ARCHIVE_OUTPUT otherwise.")
]
_SHARED = frozenset(("output", "as_json"))
"""Options of the archiving process that every command beside it has as well."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(name="archive", help=archive.__doc__, invoke_without_command=True)
    group.callback()(archive)
    group.command("compact")(compact)
    group.command("verify")(verify)
    group.command("expire")(expire)
    group.command("forget")(forget)
    app.add_typer(group)


def archive(
    context: typer.Context,
    output: Output = None,
    received: Annotated[
        bool | None, typer.Option("--received", help="Archive received filings as well, as the bytes they were.")
    ] = None,
    once: Annotated[bool, typer.Option(help="End when nothing more stands on the topics.")] = False,
    flush_seconds: Annotated[float | None, typer.Option(help="Longest a message waits for its file.")] = None,
    kafka_bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port.")] = None,
    topic_prefix: Annotated[str | None, typer.Option(help="Put before every topic name.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics, /live and /ready; 0: none.")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep decisions, labels and dead letters as Parquet until SIGTERM or Ctrl-C.

    Each offset once, whatever ends the process and when: it goes on where its files end. Every
    setting of CODIFLUX_* applies; flags win.

    Example: `codiflux archive --output archive`
    """
    if context.invoked_subcommand is not None:
        _pass_on(context, context.invoked_subcommand)
        return
    from stream.archive.run import run_archive
    from stream.cli.output import print_json
    from stream.logs import configure_logs
    from stream.settings import read_settings

    settings = read_settings(
        archive_output=output,
        archive_received=received,
        archive_flush_seconds=flush_seconds,
        kafka_bootstrap_servers=kafka_bootstrap_servers,
        topic_prefix=topic_prefix,
        metrics_port=metrics_port,
    )
    configure_logs(settings.log_level, as_json=settings.log_json)
    totals = run_archive(settings, once=once)
    if as_json:
        counts = {"unreadable": totals.unreadable, "lost": totals.lost, "files": totals.files, "bytes": totals.bytes}
        print_json({"messages": dict(totals.messages), **counts, "seconds": round(totals.seconds, 3)})


def _pass_on(context: typer.Context, command: str) -> None:
    """Give a command the options that were written before its name; those it has no use for are refused."""
    from stream.errors import UsageError

    given = {}
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if source is None or source.name != "COMMANDLINE":
            continue
        if name not in _SHARED:
            raise UsageError(f"archive {command}: has no use for {option.opts[0]}: leave it out")
        given[name] = context.params[name]
    context.default_map = {**(context.default_map or {}), command: given}


def compact(
    context: typer.Context,
    output: Output = None,
    target_bytes: Annotated[int, typer.Option(min=1, help="Size of the files to make.")] = 64 << 20,
    as_json: AsJson = False,
) -> None:
    """Merge small files into large ones, while the archive is written and read.

    Run it daily. A crash in the middle loses and doubles nothing; the next run tidies up.

    Example: `codiflux archive compact --output archive`
    """
    from stream.archive.compaction import compact as run
    from stream.cli.output import output as printed
    from stream.cli.output import print_json

    with _opened(context, output, "Merges") as (store, progress):
        done = run(store, target_bytes=target_bytes, progress=progress)
    if as_json:
        print_json({"files_before": done.before, "files_after": done.after, "leftovers_removed": done.leftovers})
        return
    printed.print(f"{done.before:,} files are now {done.after:,}; {done.leftovers:,} leftovers removed")


def verify(
    context: typer.Context,
    content: Annotated[
        bool, typer.Option("--content", help="Read all columns too, and hold them to checksums.")
    ] = False,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Prove that every offset of the archive is there exactly once, or say why it has no row.

    Reads names, notes, offsets and timestamps of all files, or all there is. Exit code 0 only without a fault.

    Examples: `codiflux archive verify --output archive`, `codiflux archive verify --content --output archive`
    """
    from stream.archive.verification import verify as run
    from stream.cli.output import print_json
    from stream.errors import ArchiveDamaged

    with _opened(context, output, "Files") as (store, progress):
        proofs = run(store, content=content, progress=progress)
    faults = [fault for proof in proofs for fault in proof.faults]
    if as_json:
        print_json({"whole": not faults, "partitions": [_fields(proof) for proof in proofs]})
    else:
        _show(proofs)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ArchiveDamaged(f"{store.name}: {faults[0]}{more}")


def expire(
    context: typer.Context,
    older_than: Annotated[str, typer.Option(help="Age in days, e.g. 400d: rows of event dates before are removed.")],
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Remove the rows older than so many days; their offsets stay accounted for.

    Example: `codiflux archive expire --older-than 400d --output archive`
    """
    from datetime import timedelta

    from stream.archive.rewriting import expire as run
    from stream.bootstrap import utc_now

    before = utc_now().date() - timedelta(days=_days(older_than))
    with _opened(context, output, "Files") as (store, progress):
        taken = run(store, before, progress=progress)
    _tell(taken, f"older than {before.isoformat()}", as_json=as_json)


def forget(
    context: typer.Context,
    formality_id: Annotated[
        str, typer.Argument(metavar="ID", help="Of a filing, or of a formality with all its filings.")
    ],
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Remove every row of a filing: decisions, labels, dead letters and received messages.

    The offsets stay accounted for, without personal data. Can be run again: 0 rows is the proof.
    The Kafka topics and a bucket's earlier versions keep theirs until their retention removes them.

    Example: `codiflux archive forget J00123456789 --output archive`
    """
    from stream.archive.rewriting import forget as run

    with _opened(context, output, "Files") as (store, progress):
        taken = run(store, formality_id, progress=progress)
    _tell(taken, "of that filing", as_json=as_json)


@contextmanager
def _opened(
    context: typer.Context, output: str | None, what: str
) -> Iterator[tuple[Store, Callable[[int, int], None]]]:
    """The archive, and what draws progress."""
    from stream.archive.home import open_archive
    from stream.cli.output import progress_bar
    from stream.errors import UsageError
    from stream.settings import read_settings

    before = context.lookup_default("output")
    if before not in (None, output):
        raise UsageError(f"--output {before} and --output {output}: give one archive")
    store = open_archive(read_settings(archive_output=output).archive_output)
    with progress_bar(what) as bar:
        yield store, lambda done, total: bar.update(bar.task_ids[0], completed=done, total=total)


def _days(age: str) -> int:
    from stream.errors import UsageError

    number = age.strip().removesuffix("d")
    if not (number.isascii() and number.isdigit() and 0 < int(number) < 100_000):
        raise UsageError(f"--older-than {age}: give days, such as 400d")
    return int(number)


def _tell(taken: Taken, which: str, *, as_json: bool) -> None:
    from stream.cli.output import output, print_json

    if as_json:
        print_json({"rows": taken.rows, "files_read": taken.looked_at, "files_rewritten": taken.changed})
        return
    output.print(f"{taken.rows:,} rows {which} removed from {taken.changed:,} of {taken.looked_at:,} files")


def _fields(proof: Proof) -> dict[str, Any]:
    topic, partition = proof.place
    return {
        "topic": topic,
        "partition": partition,
        "start": proof.start,
        "end": proof.end,
        "rows": proof.rows,
        "files": proof.files,
        "absent": dict(proof.absent),
        "leftovers": proof.leftovers,
        "faults": proof.faults,
    }


def _show(proofs: list[Proof]) -> None:
    from rich.table import Table

    from stream.cli.output import output

    table = Table("topic and partition", "offsets", "rows", "without a row", "files")
    for proof in proofs:
        absent = ", ".join(f"{count:,} {why}" for why, count in sorted(proof.absent.items())) or "0"
        place = f"{proof.place[0]} {proof.place[1]}"
        table.add_row(place, f"{proof.start:,} to {proof.end - 1:,}", f"{proof.rows:,}", absent, str(proof.files))
    output.print(table)
    leftovers = sum(proof.leftovers for proof in proofs)
    if leftovers:
        output.print(f"{leftovers:,} files that do not count: `codiflux archive compact` removes what is left over")
    for fault in (fault for proof in proofs for fault in proof.faults):
        output.print(fault, style="red", markup=False, highlight=False)
