"""What a variant of a model costs: size, memory of its files, processor time a filing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fasttext

from models import artefact, features
from models.artefact import open_model
from models.decide import decide_batch
from models.evaluation import Example, code_examples
from models.policy import Policy
from tests.quality.measure import rounded, share_right

BATCH = 256
ROUNDS = 5
CANDIDATES = 5


def quantised(folder: Path, destination: Path) -> Path:
    """The same artefact with its vectors cut into codes, as `codiflux train --quantise` does."""
    manifest = artefact.verify(folder)
    shutil.copytree(folder, destination)
    if manifest.model_file.endswith(".ftz"):
        return destination
    model = fasttext.load_model(str(folder / manifest.model_file))
    model.quantize(retrain=False, qnorm=True)
    (destination / manifest.model_file).unlink()
    model.save_model(str(destination / "model.ftz"))
    artefact.seal(destination, manifest.model_copy(update={"model_file": "model.ftz"}))
    return destination


def costs(folder: Path, examples: Sequence[Example]) -> dict[str, Any]:
    """Accuracy and cost of one variant; times are processor seconds of one thread, best of five."""
    manifest, model = open_model(folder, cache_entries=0)
    filings = [example.formality for example in examples]
    policy = Policy(threshold=manifest.default_threshold)

    def ours() -> None:
        for start in range(0, len(filings), BATCH):
            decide_batch(filings[start : start + BATCH], model=model, policy=policy)

    raw_model = fasttext.load_model(str(folder / manifest.model_file))
    lines = [features.input_line(features.text_of(filing), filing) for filing in filings]

    def raw() -> None:
        for line in lines:
            raw_model.predict(line, k=CANDIDATES)

    def prepared_raw() -> None:
        for filing in filings:
            raw_model.predict(features.input_line(features.text_of(filing), filing), k=CANDIDATES)

    decided, predicted, prepared = _best(ours), _best(raw), _best(prepared_raw)
    size = sum(path.stat().st_size for path in folder.iterdir())
    right = share_right(examples, code_examples(examples, model))
    return rounded(  # type: ignore[no-any-return]
        {
            "megabytes": round(size / 1e6, 1),
            "accuracy": right["accuracy"],
            "top_5": right["top_5"],
            "decisions_a_second": round(len(filings) / decided, -1),
            "raw_predictions_a_second": round(len(filings) / predicted, -1),
            "prepared_predictions_a_second": round(len(filings) / prepared, -1),
        }
    )


def _best(work: Callable[[], None]) -> float:
    """Processor time, so that the neighbours on the machine are not counted."""
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)
