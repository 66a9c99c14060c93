"""Rival: Faust as its tutorial has it. Arguments: brokers, topic prefix, group, model folder.

One event after the other; each send is awaited until the broker has it, or a crash would lose it:
Faust acknowledges the event when the loop comes round.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import faust
from same_work import Work


def main(brokers: str, prefix: str, group: str, model: str) -> None:
    """Run until SIGTERM."""
    work = Work(Path(model))
    app = faust.App(
        group,
        broker=f"kafka://{brokers}",
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        value_serializer="raw",
        key_serializer="raw",
        store="memory://",
        datadir=tempfile.mkdtemp(prefix="naive-faust-"),
        topic_disable_leader=True,
        web_enabled=False,
    )
    received = app.topic(f"{prefix}formality.received", value_type=bytes, key_type=bytes)
    outputs: dict[str, Any] = {
        name: app.topic(prefix + name, value_type=bytes, key_type=bytes)
        for name in ("formality.auto-coded", "formality.review", "formality.returned")
    }

    async def code(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            written = work.decide(
                event.value,
                key=event.key,
                topic=message.topic,
                partition=message.partition,
                offset=message.offset,
                timestamp_milliseconds=int(message.timestamp * 1000),
                headers=list((message.headers or {}).items()),
            )
            headers = [(name, value.encode() if isinstance(value, str) else value) for name, value in written.headers]
            sending = await outputs[written.topic].send(key=written.key, value=written.value, headers=headers)
            await sending

    app.agent(received, name="code")(code)
    worker = faust.Worker(app, loglevel="WARN", loop=asyncio.new_event_loop())
    worker.execute_from_commandline()


if __name__ == "__main__":
    main(*sys.argv[1:])
