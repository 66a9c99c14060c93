"""`codiflux monitor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("monitor")(monitor)


def monitor(
    model: Annotated[Path | None, typer.Option(help="Model directory; CODIFLUX_MODEL otherwise.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="File of windows and waiting labels; CODIFLUX_MONITOR_STATE otherwise.")
    ] = None,
    kafka_bootstrap_servers: Annotated[str | None, typer.Option(help="Kafka brokers, host:port.")] = None,
    topic_prefix: Annotated[str | None, typer.Option(help="Put before every topic name.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Port of /metrics, /live and /ready; 0: none.")] = None,
) -> None:
    """Watch decisions and labels for drift until SIGTERM or Ctrl-C.

    Reads formality.auto-coded, formality.review, formality.returned and formality.labelled; writes
    detections and all-clears to drift.detected, and exposes distances, accuracy and its own progress
    at /metrics. Every setting of CODIFLUX_* applies; flags win.

    Example: `CODIFLUX_MODEL=model codiflux monitor --state monitor.sqlite --metrics-port 9200`
    """
    import structlog

    from stream.kafka.admin import ping
    from stream.logs import configure_logs
    from stream.monitor.run import run_monitor
    from stream.settings import read_settings
    from stream.topics import require_topics

    settings = read_settings(
        model=model,
        monitor_state=state,
        kafka_bootstrap_servers=kafka_bootstrap_servers,
        topic_prefix=topic_prefix,
        metrics_port=metrics_port,
    )
    configure_logs(settings.log_level, as_json=settings.log_json)
    ping(settings)
    for warning in require_topics(settings, embedded=settings.embedded_broker):
        structlog.get_logger(__name__).warning("topic_differs", problem=warning)
    run_monitor(settings)
