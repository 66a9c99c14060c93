"""`codiflux dead-letters list`, `show` and `redrive`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.reasons import DeadLetterReason

if TYPE_CHECKING:
    from stream.dead_letters import Letter, Selection, Summary
    from stream.redrive import Report

ERROR_WIDTH = 60
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Reason = Annotated[DeadLetterReason | None, typer.Option(help="Only those with this reason code.")]
Since = Annotated[
    str | None,
    typer.Option(
        metavar="T", help="Dead-lettered at T or later: ISO 8601 (UTC without offset), or an age: 90m, 2h, 3d."
    ),
]
Until = Annotated[str | None, typer.Option(metavar="T", help="Dead-lettered before T; as --since.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="dead-letters",
        help="Look at messages that could not be coded, and send them back.\n\n"
        "Example: `codiflux dead-letters list --since 24h`",
        no_args_is_help=True,
    )
    group.command("list")(list_letters)
    group.command("show")(show)
    group.command("redrive")(redrive)
    app.add_typer(group)


def list_letters(
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    newest: Annotated[int, typer.Option(min=0, help="Rows of the table; the counts are of all. 0: all rows.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Count dead letters by reason and list the newest.

    Example: `codiflux dead-letters list --reason missing_field --since 24h`
    """
    from stream.cli.output import output, print_json
    from stream.dead_letters import letters, summary_of
    from stream.settings import read_settings

    selection = _selection(reason, since, until)
    chosen = (letter for letter in letters(read_settings()) if selection.holds(letter))
    summary = summary_of(chosen, most=newest or None)
    if as_json:
        print_json(
            {"total": summary.total, "by_reason": summary.by_reason, "letters": [_fields(x) for x in summary.newest]}
        )
        return
    for code, number in summary.by_reason.items():
        output.print(f"{number:>8}  {code}", highlight=False)
    output.print(f"{summary.total:>8}  in all", highlight=False)
    if summary.newest:
        output.print(_table(summary, datetime.now(UTC)))


def show(
    position: Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="As `list` prints it, e.g. 3:17.")],
    payload: Annotated[bool, typer.Option("--payload", help="Print the message's bytes too: personal data.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: where it comes from, what was wrong, its headers.

    Example: `codiflux dead-letters show 3:17 --payload`
    """
    from stream.cli.output import print_json
    from stream.dead_letters import letter_at
    from stream.errors import UsageError
    from stream.settings import read_settings

    partition, colon, offset = position.partition(":")
    if not (colon and partition.isdecimal() and offset.isdecimal()):
        raise UsageError(f"{position} is not PARTITION:OFFSET, e.g. 3:17")
    letter = letter_at(read_settings(), int(partition), int(offset))
    fields = _fields(letter) | {
        "key": _printable(letter.record.key),
        "headers": [[name, _printable(value)] for name, value in letter.record.headers],
        "bytes": len(letter.record.value or b""),
    }
    if payload:
        fields["payload"] = _printable(letter.record.value)
    if as_json:
        print_json(fields)
        return
    for name, value in fields.items():
        if name == "headers":
            typer.echo("headers")
            for header, content in value:
                typer.echo(f"    {header}: {content}")
        else:
            typer.echo(f"{name}: {value}")


def redrive(
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Send at most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. Needed where there is no terminal.")] = False,
    resend_doubtful: Annotated[
        bool, typer.Option("--resend-doubtful", help="Also those an interrupted run of long ago may have sent.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters back to the topic they come from, each once.

    What was sent back before, by this or an interrupted run, is not sent again. A letter that fails
    anew becomes a new dead letter with the next attempt number.

    Example: `codiflux dead-letters redrive --reason prediction_failed --dry-run`
    """
    from stream.cli.output import progress_bar
    from stream.errors import StreamError, UsageError
    from stream.redrive import plan
    from stream.redrive import redrive as send_back
    from stream.settings import read_settings

    settings, selection = read_settings(), _selection(reason, since, until)
    if dry_run or not yes:
        report = plan(settings, selection, limit=limit, again=resend_doubtful)
        if dry_run or not report.sent:
            _report(report, "would be sent", as_json=as_json)
            return
        _print_report(report, "to send", error=True)
        if not sys.stdin.isatty():
            raise UsageError("nothing was sent: without a terminal to ask on, --yes is needed")
        typer.confirm("Send them back?", abort=True, err=True)
    with progress_bar("sending back") as progress:
        report = send_back(
            settings,
            selection,
            limit=limit,
            again=resend_doubtful,
            progress=lambda sent: progress.update(progress.task_ids[0], completed=sent),
        )
    _report(report, "sent", as_json=as_json)
    if report.failed:
        raise StreamError(f"{report.failed.total()} dead letters were not sent back: too large for their topic")


def _selection(reason: DeadLetterReason | None, since: str | None, until: str | None) -> Selection:
    from stream.dead_letters import Selection

    now = datetime.now(UTC)
    return Selection(reason, _instant(since, now), _instant(until, now))


def _instant(text: str | None, now: datetime) -> datetime | None:
    """A point in time from ISO 8601, or so long before `now`."""
    from stream.errors import UsageError

    if text is None:
        return None
    if text[:-1].isdecimal() and text[-1:] in UNITS:
        return now - timedelta(**{UNITS[text[-1]]: int(text[:-1])})
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text} is no time: give 2026-11-21, 2026-11-21T08:30:00+01:00 or 90m, 2h, 3d") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _fields(letter: Letter) -> dict[str, Any]:
    found = letter.provenance
    return {
        "position": f"{letter.record.partition}:{letter.record.offset}",
        "at": letter.record.timestamp.isoformat(),
        "reason": letter.reason,
        "error": _printable(found.error.encode()) if found else None,
        "attempt": found.attempt if found else None,
        "topic": found.topic if found else None,
        "partition": found.partition if found else None,
        "offset": found.offset if found else None,
        "worker_version": found.worker_version if found else None,
    }


def _printable(value: bytes | None) -> str | None:
    """Bytes as text for a terminal: what is no UTF-8 or would steer the terminal is escaped."""
    if value is None:
        return None
    text = value.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _table(summary: Summary, now: datetime) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=f"Newest {len(summary.newest)}", title_justify="left")
    for column in ("position", "age", "reason", "attempt"):
        table.add_column(column, no_wrap=True)
    table.add_column("error")
    for letter in summary.newest:
        found = _fields(letter)
        error = found["error"] or ""
        table.add_row(
            found["position"],
            _age(now - letter.record.timestamp),
            letter.reason,
            str(found["attempt"] or ""),
            escape(error if len(error) <= ERROR_WIDTH else error[: ERROR_WIDTH - 1] + "…"),
        )
    return table


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _report(report: Report, verb: str, *, as_json: bool) -> None:
    from stream.cli.output import print_json

    if not as_json:
        _print_report(report, verb)
        return
    print_json(
        {
            "dry_run": verb != "sent",
            "sent": report.sent.total(),
            "by_reason": dict(report.sent.most_common()),
            "skipped": report.already + report.foreign + report.doubtful,
            "already_sent": report.already,
            "foreign": report.foreign,
            "doubtful": report.doubtful,
            "failed": report.failed.total(),
        }
    )


def _print_report(report: Report, verb: str, *, error: bool = False) -> None:
    lines = [f"{report.sent.total()} {verb}"]
    lines += [f"    {number} {reason}" for reason, number in report.sent.most_common()]
    lines.append(f"{report.already} skipped: sent back before")
    if report.foreign:
        lines.append(f"{report.foreign} skipped: no provenance, or their topic is not there")
    if report.doubtful:
        lines.append(f"{report.doubtful} skipped: an interrupted run may have sent them; --resend-doubtful sends them")
    lines += [f"{number} failed: {why}" for why, number in report.failed.items()]
    typer.echo("\n".join(lines), err=error)
