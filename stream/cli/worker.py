"""`codiflux worker`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("worker")(worker)


def worker(
    processes: Annotated[int, typer.Option(min=1, help="Worker processes; more than one are supervised.")] = 1,
    model: Annotated[Path | None, typer.Option(help="Model directory; CODIFLUX_MODEL otherwise.")] = None,
    threshold: Annotated[float | None, typer.Option(help="Confidence index needed for auto.")] = None,
    kafka_bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port.")] = None,
    topic_prefix: Annotated[str | None, typer.Option(help="Put before every topic name.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics, /live and /ready; 0: none.")] = None,
) -> None:
    """Code filings from Kafka until SIGTERM or Ctrl-C.

    Reads formality.received; writes decisions to formality.auto-coded, formality.review and
    formality.returned, and what cannot be read to formality.dead-letter. Every setting of
    CODIFLUX_* applies; flags win.

    Example: `CODIFLUX_MODEL=model codiflux worker --processes 2`
    """
    import structlog

    from stream.kafka.admin import ping
    from stream.logs import configure_logs
    from stream.settings import read_settings
    from stream.supervisor import supervise
    from stream.topics import require_topics

    settings = read_settings(
        model=model,
        threshold=threshold,
        kafka_bootstrap_servers=kafka_bootstrap_servers,
        topic_prefix=topic_prefix,
        metrics_port=metrics_port,
    )
    configure_logs(settings.log_level, as_json=settings.log_json)
    # First: whoever starts workers is told at once; what happens later is for restarts.
    ping(settings)
    warnings = require_topics(settings, embedded=settings.embedded_broker)
    if processes > 1:
        # Each of them looks again, and gives the warnings.
        supervise(settings, processes)
        return
    # Faust and fastText, which whoever only supervises does not need.
    from stream.worker.run import run_worker

    for warning in warnings:
        structlog.get_logger(__name__).warning("topic_differs", problem=warning)
    run_worker(settings)
