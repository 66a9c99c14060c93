"""What each step of the starter's training bought: train without it, measure, write `ablations.json`.

    python -m tests.quality.ablate          takes about ten minutes on two idle cores

Each row takes one step away from the training of the starter model of NAF rev. 2; the rest stays.
Run it when the training changed, before `make quality`, which shows the rows.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from models import nomenclature, training
from models.artefact import open_model
from models.evaluation import code_examples, evaluate
from models.policy import Policy
from models.starter.recipe import starter
from models.training import TrainingSettings
from schemas.formality import Formality
from tests.quality.measure import VARIABLES, evaluation_set, rounded

NAME = "naf-rev2"
DESTINATION = Path(__file__).with_name("ablations.json")
COLUMNS = {"level_1": "section", "level_5": "sub-class", "top_5": "in first five", "bare": "sub-class, text alone"}


def main() -> None:
    """Train and measure every row."""
    examples, settings = starter(NAME)
    rows = []
    with tempfile.TemporaryDirectory(prefix="codiflux-ablations-") as work:
        for number, (said, changed) in enumerate(_variants(settings)):
            print(said, file=sys.stderr, flush=True)
            folder = Path(work) / str(number)
            training.train(examples, nomenclature=nomenclature.load(NAME), destination=folder, settings=changed)
            rows.append({"settings": said, **_figures(folder)})
    content = {
        "measured_on": "NAF rev. 2, on the same evaluation set. One step is taken away at a time, the others stay.",
        "columns": COLUMNS,
        "rows": rows,
    }
    DESTINATION.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _variants(settings: TrainingSettings) -> Iterator[tuple[str, TrainingSettings]]:
    yield "as shipped", settings
    yield "without real class frequencies", replace(settings, class_weights=None)
    spelt = replace(settings.augmentation, varied=0.0)
    yield "without varied spellings", replace(settings, augmentation=spelt)
    kept = replace(settings.augmentation, bare=0.0, variable_dropped=0.0)
    yield "without dropping variables", replace(settings, augmentation=kept)
    for said, changes in (
        ("without word pairs", {"wordNgrams": 1}),
        ("without sub-words", {"minn": 0, "maxn": 0}),
    ):
        yield said, replace(settings, hyperparameters={**settings.hyperparameters, **changes})


def _figures(folder: Path) -> dict[str, Any]:
    manifest, model = open_model(folder, cache_entries=0)
    policy = Policy(threshold=manifest.default_threshold)
    examples = evaluation_set(NAME)
    text_alone = [replace(example, formality=_bare(example.formality)) for example in examples]
    whole, bare = (
        evaluate(some, code_examples(some, model), nomenclature=model.nomenclature, policy=policy)
        for some in (examples, text_alone)
    )
    return rounded(  # type: ignore[no-any-return]
        {
            "level_1": whole["accuracy"]["level_1"],
            "level_5": whole["accuracy"]["level_5"],
            "top_5": whole["top_k"]["5"],
            "bare": bare["accuracy"]["level_5"],
        }
    )


def _bare(formality: Formality) -> Formality:
    return formality.model_copy(update=dict.fromkeys(VARIABLES))


if __name__ == "__main__":
    main()
