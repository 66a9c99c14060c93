"""The Faust app: one agent that takes batches, decides them and posts the outcome.

No exception may leave the agent: Faust would acknowledge the batch and drop what it prefetched.
What is wrong with a message is a dead letter by the time it gets here; anything else is wrong with
the world, and `fatal` ends the process without commit.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Callable
from typing import Any, NoReturn, cast

import faust
from faust.types.auth import AuthProtocol
from yarl import URL

from schemas import topics
from stream.settings import SecurityProtocol, Settings
from stream.worker.batching import BatchConsumer, BatchTransport
from stream.worker.outbox import Outbox
from stream.worker.pipeline import Pipeline

App = faust.App
BUFFERED_BATCHES = 2
Fatal = Callable[[BaseException], NoReturn]


def create_app(settings: Settings, *, pipeline: Pipeline, outbox: Outbox, fatal: Fatal) -> faust.App:
    """Wire a Faust app that codes filings; nothing connects before it is started.

    Parameters
    ----------
    fatal
        Ends the process without commit; called with what went wrong.
    """
    app = faust.App(
        settings.group,
        broker=[URL(f"kafka://{server.strip()}") for server in settings.kafka_bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        broker_commit_interval=settings.commit_interval_seconds,
        broker_max_poll_records=settings.batch_size,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=min(3.0, settings.session_timeout_seconds / 3),
        broker_request_timeout=max(90.0, settings.session_timeout_seconds * 2),
        consumer_auto_offset_reset="earliest",
        datadir=tempfile.gettempdir(),
        store="memory://",
        stream_buffer_maxsize=BUFFERED_BATCHES,
        stream_wait_empty=True,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    transport = BatchTransport(app.conf.broker_consumer, app, loop=app.loop)
    transport.embedded_broker = settings.embedded_broker
    app.transport = transport
    received = app.topic(settings.topic(topics.RECEIVED), value_type=bytes, key_type=bytes)

    async def code_filings(stream: Any) -> None:
        settling = asyncio.create_task(_guarded(outbox.settle_forever(), fatal))
        try:
            async for event in stream.noack().events():
                await _guarded(_code(event, pipeline, outbox), fatal)
        finally:
            settling.cancel()

    app.agent(received, name="code_filings", concurrency=1)(code_filings)
    return app


async def _code(event: Any, pipeline: Pipeline, outbox: Outbox) -> None:
    outcomes = await pipeline.process(event.value)
    await outbox.post(outcomes, event.ack)


async def _guarded(work: Any, fatal: Fatal) -> None:
    try:
        await work
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        fatal(error)


def consumer_of(app: faust.App) -> BatchConsumer:
    """The app's consumer, for health and lag."""
    consumer: Any = app.consumer
    return cast(BatchConsumer, consumer)


def _credentials(settings: Settings) -> Any:
    """The same security options as librdkafka gets, in Faust's words."""
    protocol = settings.kafka_security_protocol
    if protocol is SecurityProtocol.PLAINTEXT:
        return None
    context = _tls(settings) if "SSL" in protocol.value.split("_") else None
    if protocol is SecurityProtocol.SSL:
        return faust.SSLCredentials(context=context)
    credentials = faust.SASLCredentials(
        username=settings.kafka_sasl_username,
        password=settings.kafka_sasl_password.get_secret_value(),
        ssl_context=context,
        mechanism=settings.kafka_sasl_mechanism,
    )
    credentials.protocol = AuthProtocol(protocol.value)
    return credentials


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.kafka_ssl_ca_file)
    if settings.kafka_ssl_certificate_file is not None:
        context.load_cert_chain(settings.kafka_ssl_certificate_file, settings.kafka_ssl_key_file)
    return context
