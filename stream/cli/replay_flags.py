"""The flags of `codiflux replay`, each with its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FromKafka = Annotated[bool, typer.Option("--from-kafka", help="Read the topic of received filings.")]
FromArchive = Annotated[str | None, typer.Option(metavar="URI", help="Read an archive: folder or s3://.")]
FromFile = Annotated[Path | None, typer.Option(help="Read a table: .csv, .jsonl or .parquet.")]
Topic = Annotated[str | None, typer.Option(help="Another topic than formality.received, as on the broker.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="T",
        help="Begin here: a date with dashes (2026-10-01, 2026-10-01T08:00Z), an offset (1200) or offsets by"
        " partition (0=1200,1=1180).",
    ),
]
Until = Annotated[str | None, typer.Option("--to", metavar="T", help="End before this.")]
Models = Annotated[list[Path] | None, typer.Option(help="Model directory; again for each further one.")]
Thresholds = Annotated[
    list[float] | None, typer.Option(help="Confidence index needed for auto; again for each further policy.")
]
Policies = Annotated[list[Path] | None, typer.Option(help="Policy file with segments; may be given again.")]
Output = Annotated[Path | None, typer.Option(help="Folder to make: decisions, summary.json, report.html.")]
Processes = Annotated[int, typer.Option(min=1, help="Processes that decide at once.")]
ShardOf = Annotated[str | None, typer.Option(metavar="K/N", help="Only this of N parts; see `replay merge`.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with what an interrupted replay left.")]
AllIds = Annotated[bool, typer.Option("--all-ids", help="Decision ids under every policy, not the first alone.")]
LabelSource = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Labels to judge by: a table, an archive, or `kafka` for the topic of labels."),
]
LabelDelay = Annotated[
    str | None, typer.Option(metavar="14d", help="Labels are known this long after; their own times otherwise.")
]
AuditShare = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="Share of auto that was audited, where labels come from audits."),
]
Retrain = Annotated[
    str | None,
    typer.Option(metavar="monthly", help="Also retrain on the way: weekly, monthly, quarterly, 14d; several by comma."),
]
RetrainWith = Annotated[
    list[Path] | None,
    typer.Option(help="Labelled filings that retrained models learn as well; may be given again."),
]
ReviewMinutes = Annotated[float, typer.Option(help="What a review is taken to cost, in minutes.")]
ErrorMinutes = Annotated[float, typer.Option(help="What a wrong automatic code is taken to cost.")]
Examples = Annotated[int, typer.Option(min=0, help="Filings shown with their texts in the report; 0: none.")]
Drift = Annotated[bool, typer.Option("--drift/--no-drift", help="Run the drift monitor over the history.")]
Emit = Annotated[str | None, typer.Option(metavar="TOPIC", help="Write the messages to this topic instead.")]
Speed = Annotated[str | None, typer.Option(metavar="10x", help="With --emit: times as fast as they came.")]
Rate = Annotated[float | None, typer.Option(min=0.001, help="With --emit: messages a second.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the counts as one JSON object.")]

_EMITTING = frozenset(
    ("from_kafka", "from_archive", "from_file", "topic", "since", "until", "emit", "speed", "rate", "as_json")
)
"""Parameters that `--emit` has a use for."""


def refuse_beside_emit(context: typer.Context) -> None:
    """Refuse flags that were given and that `--emit` has no use for: whoever gives one expects it to do something."""
    from stream.errors import UsageError

    unused = []
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name not in _EMITTING and source is not None and source.name == "COMMANDLINE":
            negated = option.secondary_opts and not context.params[option.name or ""]
            unused.append((option.secondary_opts if negated else option.opts)[0])
    if unused:
        raise UsageError(f"--emit writes the messages and decides none: it goes without {', '.join(unused)}")
