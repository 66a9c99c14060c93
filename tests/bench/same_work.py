"""What the rivals' workers do with one message, by the same code as ours where it is not the engine.

Decoding, rejection, rules, normalisation, the model's input line, policy, encoding and headers are
Codiflux's own functions. Prediction is `fasttext.predict(line, k=5)` message by message, as users of
the library call it, and nothing is remembered between messages.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the rivals' environment has no codiflux installed

import fasttext  # noqa: E402

from models.artefact import Manifest, open_model  # noqa: E402
from models.coding import CodingModel  # noqa: E402
from models.decide import decide  # noqa: E402
from models.policy import Policy  # noqa: E402
from schemas import headers as h  # noqa: E402
from schemas.codec import decode_formalities, encode  # noqa: E402
from schemas.decision import Decision, Source  # noqa: E402
from schemas.topics import TOPIC_OF_ROUTE  # noqa: E402

LABEL = len("__label__")
WORKER = "/codiflux/worker"


class PredictOneByOne:
    """The classifier as most programs use fastText; what ours replaces by a product for the batch."""

    def __init__(self, model: Any) -> None:
        self._predict = model.predict

    def top(self, lines: Sequence[str], count: int) -> list[list[tuple[str, float]]]:
        """Answer line by line; probabilities as fastText states them, which may exceed 1 by a little."""
        found = []
        for line in lines:
            labels, probabilities = self._predict(line, k=count)
            found.append(
                [(label[LABEL:], round(min(1.0, float(p)), 6)) for label, p in zip(labels, probabilities, strict=True)]
            )
        return found


@dataclass(frozen=True, slots=True)
class Written:
    """A decision ready to be produced; `topic` is without prefix."""

    topic: str
    key: bytes
    value: bytes
    headers: h.Headers


class Work:
    """From one message's bytes to the decision's, for loops that take messages one by one."""

    def __init__(self, folder: Path) -> None:
        manifest, model = open_model(folder, cache_entries=0)
        self.manifest: Manifest = manifest
        classifier = PredictOneByOne(fasttext.load_model(str(folder / manifest.model_file)))
        self.model: CodingModel = replace(model, classifier=classifier)
        self.policy = Policy(threshold=manifest.default_threshold)

    def decide(
        self,
        value: bytes,
        *,
        key: bytes | None,
        topic: str,
        partition: int,
        offset: int,
        timestamp_milliseconds: int,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> Written:
        """The decision on one message, encoded, with the headers ours writes."""
        timestamp = datetime.fromtimestamp(timestamp_milliseconds / 1000, UTC)
        (formality,) = decode_formalities(value, key=key, timestamp=timestamp)
        decision = decide(
            formality,
            model=self.model,
            policy=self.policy,
            source=Source(topic, partition, offset, timestamp),
            decided_at=datetime.now(UTC),
        )
        destination = TOPIC_OF_ROUTE[decision.route]
        return Written(
            destination,
            decision.formality_id.encode(),
            encode(decision),
            [*h.passed_through(headers), *cloud_event(decision, destination)],
        )


def cloud_event(decision: Decision, topic: str) -> h.Headers:
    """The headers of stream.worker.pipeline, whose imports the rivals' environment lacks; a test compares them."""
    return [
        (h.CE_SPECVERSION, b"1.0"),
        (h.CE_ID, decision.decision_id.encode()),
        (h.CE_SOURCE, WORKER.encode()),
        (h.CE_TYPE, h.EVENT_TYPES[topic].encode()),
        (h.CE_SUBJECT, decision.formality_id.encode()),
        (h.CE_TIME, decision.decided_at.isoformat().encode()),
        (h.CONTENT_TYPE, b"application/json"),
    ]
