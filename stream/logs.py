"""Structured logs on standard error: ids and counts, never a filing's text, never a secret."""

from __future__ import annotations

import logging
import sys

import structlog

QUIET = ("aiokafka", "faust", "mode", "asyncio")
"""Libraries whose INFO is noise for an operator; their warnings pass."""


def configure_logs(level: str, *, as_json: bool) -> None:
    """Send our logs and the libraries' to standard error in one format.

    Parameters
    ----------
    level
        DEBUG, INFO, WARNING or ERROR, for our own logs; libraries say WARNING and above, unless
        DEBUG is asked for.
    as_json
        One JSON object a line, for log collectors.
    """
    numeric = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(numeric)
    for name in QUIET:
        logging.getLogger(name).setLevel(numeric if numeric <= logging.DEBUG else logging.WARNING)
