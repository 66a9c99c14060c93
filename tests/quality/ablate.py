"""What each step of the starter's training bought: train without it, measure, write `ablations.json`.

    python -m tests.quality.ablate          takes minutes; a row costs what one training costs

Each row takes one step away from the training of the starter model of NAF rev. 2, or adds one that
was not kept; the rest stays.
Run it when the training changed, before `make quality`, which shows the rows.

Three sets judge. The evaluation set was written apart from the corpus, and is easy: most rows lie
within its interval; the harder set is less so. And every row is trained without a tenth of the corpus
and measured on that tenth at real class frequencies: whole groups of near-duplicates, never a random
tenth of paraphrases.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.progress import track

from models import features, nomenclature, training
from models.balance import as_filed
from models.coding import CodingModel
from models.evaluation import Example, code_examples
from models.lru import BoundedCache
from models.rules import RuleTable
from models.starter.recipe import starter
from models.training import TrainingSettings
from schemas.formality import Formality
from tests.quality.likeness import near_repeats
from tests.quality.measure import HARD, VARIABLES, evaluation_set, rounded, share_right

NAME = "naf-rev2"
DESTINATION = Path(__file__).with_name("ablations.json")
COLUMNS = {
    "aside": "tenth of the corpus kept aside: sub-class",
    "aside_top_5": "in first five",
    "accuracy": "evaluation set: sub-class",
    "top_5": "in first five",
    "bare": "text alone",
    "hard": "harder set: sub-class",
}
ALIKE = 0.5
"""Likeness from which two lines of a class are kept on the same side."""
ASIDE = 0.1


def main() -> None:
    """Train and measure every row."""
    examples, settings = starter(NAME)
    kept, aside = apart(examples)
    weighed = as_filed(aside, [e.code for e in aside], settings.class_weights, seed=settings.seed)
    judges = (weighed, evaluation_set(NAME), evaluation_set(NAME, HARD))
    content = {
        "measured_on": (
            "One step is taken away, or one not kept added; the others stay."
            f" Trained on {len(kept):,} lines of the corpus;"
            f" {len(aside):,} lines, whole groups of near-duplicates, were kept aside and are weighed by how"
            f" often their codes are filed (worth {len(weighed):,}); the evaluation set is the one above."
        ),
        "columns": COLUMNS,
    }
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="codiflux-ablations-") as work:
        for said, changed in track(list(_variants(settings)), description="ablations"):
            rows.append({"settings": said, **_figures(kept, changed, Path(work), judges)})
            # After each row: what was measured stays when the rest is interrupted.
            text = json.dumps({**content, "rows": rows}, ensure_ascii=False, indent=1)
            DESTINATION.write_text(text + "\n", encoding="utf-8")


def apart(examples: Sequence[Example], share: float = ASIDE) -> tuple[list[Example], list[Example]]:
    """What to train on and what to keep aside: like lines of a class, and equal words of any, go together."""
    leader = list(range(len(examples)))

    def find(line: int) -> int:
        while leader[line] != line:
            line = leader[line]
        return line

    classes: dict[str, list[int]] = defaultdict(list)
    words: dict[str, int] = {}
    for line, example in enumerate(examples):
        classes[example.code].append(line)
        leader[line] = find(words.setdefault(features.text_of(example.formality), line))
    for lines in classes.values():
        for later, earlier in near_repeats([examples[line].formality.description_activity for line in lines], ALIKE):
            first, second = sorted((find(lines[later]), find(lines[earlier])))
            leader[second] = first
    out = [_out(examples[find(line)].formality.description_activity, share) for line in range(len(examples))]
    sides: tuple[list[Example], list[Example]] = ([], [])
    for example, is_out in zip(examples, out, strict=True):
        sides[is_out].append(example)
    return sides


def _out(text: str, share: float) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") < share * 2**64


def _variants(settings: TrainingSettings) -> Iterator[tuple[str, TrainingSettings]]:
    yield "as shipped", settings
    yield "without copies and without real class frequencies", replace(settings, class_weights=None, lines=0)
    yield "without real class frequencies", replace(settings, class_weights=None)
    yield "without varied spellings, joined activities and phrases", _augmented(settings, varied=0.0)
    yield "without dropping variables", _augmented(settings, bare=0.0, variable_dropped=0.0)
    yield "without word pairs", _learnt(settings, wordNgrams=1)
    yield "without sub-words", _learnt(settings, minn=0, maxn=0)
    yield "without dropout", _learnt(settings, dropout=0.0)
    ours = ("optimiser", "dropout", "members", "kinship")
    plain = {name: value for name, value in settings.hyperparameters.items() if name not in ours}
    yield "fastText's own optimiser instead of Adagrad", replace(settings, hyperparameters={**plain, "lr": 0.5})
    yield "codes that begin alike share what is learnt", _learnt(settings, kinship=True)
    yield "quantised", replace(settings, quantised=True)


def _augmented(settings: TrainingSettings, **changes: Any) -> TrainingSettings:
    return replace(settings, augmentation=replace(settings.augmentation, **changes))


def _learnt(settings: TrainingSettings, **changes: float) -> TrainingSettings:
    return replace(settings, hyperparameters={**settings.hyperparameters, **changes})


def _figures(
    kept: Sequence[Example], settings: TrainingSettings, work: Path, judges: tuple[list[Example], ...]
) -> dict[str, Any]:
    classifier = training._fit(training._training_lines(kept, settings), work / "model", settings)
    model = CodingModel("ablation", nomenclature.load(NAME), RuleTable(), classifier, BoundedCache(0))
    aside, written_apart, harder = judges
    text_alone = [replace(example, formality=_bare(example.formality)) for example in written_apart]
    judged = (aside, written_apart, text_alone, harder)
    far, near, bare, hard = (share_right(some, code_examples(some, model)) for some in judged)
    return rounded(  # type: ignore[no-any-return]
        {
            "aside": far["accuracy"],
            "aside_top_5": far["top_5"],
            "accuracy": near["accuracy"],
            "top_5": near["top_5"],
            "bare": bare["accuracy"],
            "hard": hard["accuracy"],
        }
    )


def _bare(formality: Formality) -> Formality:
    return formality.model_copy(update=dict.fromkeys(VARIABLES))


if __name__ == "__main__":
    main()
