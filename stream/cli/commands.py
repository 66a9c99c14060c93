"""All commands, put together; their expected errors as one line and an exit code.

Heavy libraries are imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import sys

import typer

from models.errors import ModelError
from monitoring.errors import MonitoringError
from schemas.errors import SchemaError
from stream.cli import (
    archive,
    choose_threshold,
    dead_letters,
    demo,
    evaluate,
    explain,
    monitor,
    predict,
    replay,
    schemas,
    simulate,
    topics,
    train,
    watch,
    worker,
)
from stream.errors import StreamError, refused_by_the_system

app = typer.Typer(
    name="codiflux",
    help="Codes business filings into the French activity nomenclature while they stream by.\n\n"
    "Example: `codiflux demo`",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
demo.register(app)
worker.register(app)
archive.register(app)
monitor.register(app)
watch.register(app)
train.register(app)
evaluate.register(app)
choose_threshold.register(app)
predict.register(app)
explain.register(app)
topics.register(app)
dead_letters.register(app)
simulate.register(app)
replay.register(app)
schemas.register(app)


def run() -> None:
    """Run the command line; every expected error is one line on standard error."""
    try:
        app(standalone_mode=True)
    except (ModelError, SchemaError, MonitoringError) as error:
        _fail(error, 1)
    except StreamError as error:
        _fail(error, error.exit_code)
    except OSError as error:
        refused = refused_by_the_system(error)
        if refused is None:
            raise
        _fail(refused, refused.exit_code)


def _fail(error: Exception, code: int) -> None:
    print(f"codiflux: error: {error}", file=sys.stderr)
    sys.exit(code)
