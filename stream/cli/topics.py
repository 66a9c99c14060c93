"""`codiflux topics create` and `codiflux topics check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from stream.topics import TopicState

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
DAY_MILLISECONDS = 86_400_000
NUMBERS = frozenset({"partitions", "replicas", "largest"})


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        name="topics",
        help="Make Kafka's topics, or see that they are right.\n\nExample: `codiflux topics create`",
        no_args_is_help=True,
    )
    group.command("create")(create)
    group.command("check")(check)
    app.add_typer(group)


def create(
    partitions: Annotated[
        int | None,
        typer.Option(min=1, help="Of the topics with filings: the most workers at work at once. Default 12."),
    ] = None,
    replication: Annotated[
        int | None, typer.Option(min=1, help="Copies of each partition. Default 3, or the number of brokers.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the topics that are not there; those that are stay as they are.

    Can be run again at any time. A topic that is there and differs is shown, never changed, and the
    exit code is not 0.

    Example: `codiflux topics create --partitions 12 --replication 3`
    """
    from stream.settings import read_settings
    from stream.topics import create_topics

    _report(create_topics(read_settings(), partitions=partitions, replication=replication), as_json=as_json)


def check(as_json: AsJson = False) -> None:
    """Compare the broker's topics with what they should be.

    Longer retention and larger messages than needed are fine. Exit code 0 only when all match.

    Example: `CODIFLUX_TOPIC_PREFIX=acceptance. codiflux topics check`
    """
    from stream.settings import read_settings
    from stream.topics import check_topics

    _report(check_topics(read_settings()), as_json=as_json)


def _report(states: list[TopicState], *, as_json: bool) -> None:
    from stream.cli.output import output, print_json
    from stream.errors import BrokerUnavailable
    from stream.topics import refusal_of

    refusal = refusal_of(states)
    if as_json:
        print_json({"match": refusal is None, "topics": [_fields(state) for state in states]})
    else:
        output.print(_table(states))
        for state in states:
            for problem in state.problems:
                output.print(f"{state.name}: {problem}", markup=False, highlight=False)
    if refusal is not None:
        raise BrokerUnavailable(refusal)


def _fields(state: TopicState) -> dict[str, Any]:
    return {
        "topic": state.name,
        "made": state.made,
        "partitions": state.shape.partitions if state.shape else None,
        "replicas": state.shape.replicas if state.shape else None,
        "problems": list(state.problems),
    }


def _table(states: list[TopicState]) -> Table:
    from rich.table import Table

    table = Table(title="Topics", title_justify="left")
    for column in ("topic", "partitions", "replicas", "cleanup", "keeps", "largest", "state"):
        table.add_column(column, no_wrap=True, justify="right" if column in NUMBERS else "left")
    for state in states:
        table.add_row(
            state.name,
            str(state.shape.partitions) if state.shape else "",
            str(state.shape.replicas) if state.shape else "",
            *_kept(state),
            _verdict(state),
        )
    return table


def _verdict(state: TopicState) -> str:
    if state.shape is None:
        return "missing"
    if state.problems:
        return "differs"
    return "made" if state.made else "right"


def _kept(state: TopicState) -> tuple[str, str, str]:
    if not state.configuration:
        return "", "", ""
    retention = int(state.configuration["retention.ms"])
    return (
        state.configuration["cleanup.policy"],
        "for ever" if retention < 0 else f"{retention / DAY_MILLISECONDS:g} days",
        f"{int(state.configuration['max.message.bytes']) / 1024:,.0f} KiB",
    )
