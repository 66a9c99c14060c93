"""Without Kafka: raw `predict`, or parse + predict + build. Arguments: raw|decisions, model folder, file of messages.

Prints one JSON object with messages and seconds. The messages are read before the clock starts.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from same_work import Work

from models import features
from schemas.formality import Formality


def main(what: str, model: str, messages: str) -> None:
    """Measure once."""
    work = Work(Path(model))
    values = Path(messages).read_bytes().splitlines()
    warm_up = values[:500]
    if what == "raw":
        predict = work.model.classifier._predict  # type: ignore[attr-defined]
        lines = [_input_line(value) for value in values]
        for line in lines[:500]:
            predict(line, k=5)
        started, cpu = time.perf_counter(), time.process_time()
        for line in lines:
            predict(line, k=5)
    else:
        for value in warm_up:
            _decide(work, value)
        started, cpu = time.perf_counter(), time.process_time()
        for value in values:
            _decide(work, value)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
    print(json.dumps({"messages": len(values), "seconds": seconds, "cpu_seconds": cpu_seconds}))


def _input_line(value: bytes) -> str:
    formality = Formality.model_validate_json(value)
    return features.input_line(features.text_of(formality), formality)


def _decide(work: Work, value: bytes) -> None:
    work.decide(value, key=None, topic="in-memory", partition=0, offset=0, timestamp_milliseconds=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
