"""The harder evaluation set: what is measured on it, and its section of the report's page."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.artefact import open_model
from models.coding import Coding
from models.evaluation import Example, code_examples, evaluate, expected_calibration_error, scored
from models.intervals import wilson
from models.policy import Policy
from tests.quality.markdown import Figures, between, both, percent, table
from tests.quality.measure import HARD, evaluation_set, first, not_in_corpus, rounded, share_right

Coded = Sequence[tuple[Example, Coding]]


def measured(folder: Path, nomenclature: str) -> dict[str, Any]:
    """Figures of the model in a folder on the harder set."""
    manifest, model = open_model(folder, cache_entries=0)
    examples = evaluation_set(nomenclature, HARD)
    codings = code_examples(examples, model)
    with HARD.open(encoding="utf-8", newline="") as file:
        notes = list(csv.DictReader(file))
    threshold = manifest.default_threshold
    kinds: dict[str, list[tuple[Example, Coding]]] = defaultdict(list)
    for pair, note in zip(zip(examples, codings, strict=True), notes, strict=True):
        kinds[note["difficulty"]].append(pair)
    figures = {
        "metrics": evaluate(examples, codings, nomenclature=model.nomenclature, policy=Policy(threshold=threshold)),
        "ece": expected_calibration_error(scored(examples, codings)),
        "by_difficulty": [
            {"difficulty": kind, **share_right(*zip(*pairs, strict=True)), **_auto_lane(pairs, threshold)}
            for kind, pairs in sorted(kinds.items(), key=lambda entry: (-len(entry[1]), entry[0]))
        ],
        "not_in_corpus": not_in_corpus(examples, codings),
    }
    if nomenclature == "naf-rev2":
        figures["second"] = _second_accepted(examples, codings, [note["second"] for note in notes])
    return rounded(figures)  # type: ignore[no-any-return]


def _second_accepted(examples: Sequence[Example], codings: Sequence[Coding], seconds: Sequence[str]) -> dict[str, Any]:
    """Accuracy when the other code that the writer could defend is right too."""
    rows = len(examples)
    right = sum(
        first(coding) in {example.code, second or example.code}
        for example, coding, second in zip(examples, codings, seconds, strict=True)
    )
    return {"noted": sum(map(bool, seconds)), "accuracy": right / rows, "interval": wilson(right, rows)}


def _auto_lane(pairs: Coded, threshold: float) -> dict[str, Any]:
    """How much passes without a human at a threshold, and how much of that is wrong."""
    passed = [
        first(coding) == example.code
        for example, coding in pairs
        if coding.settled is None and coding.confidence_index >= threshold
    ]
    wrong = len(passed) - sum(passed)
    return {"automation": len(passed) / len(pairs), "auto_error": wrong / len(passed) if passed else 0.0}


def section(figures: Figures) -> str:
    """The page's section."""
    found = [model["hard"] for model in both(figures)]
    rev2, metrics = found[0], [model["metrics"] for model in found]
    rows = [
        *((f"right at level {level}", "accuracy", f"level_{level}") for level in range(1, 6)),
        *((f"code among the first {k}", "top_k", str(k)) for k in (2, 3, 5)),
    ]
    shares = [
        [said, *(f"{percent(m[key][name])} ({between(m[key + '_intervals'][name])})" for m in metrics)]
        for said, key, name in rows
    ]
    lane = [
        [said, *(f"{percent(m[key])} ({between(m[key + '_interval'])})" for m in metrics)]
        for said, key in (("automatic at the default threshold", "automation"), ("of these wrong", "auto_error"))
    ]
    second, unread = rev2["second"], rev2["not_in_corpus"]
    return f"""## The harder set

{metrics[0]["rows"]:,} further declarations, written apart from all else and messier on purpose
([their data card](../models/starter/evaluation/README.md#a-harder-set-hardcsv)): jargon, trades that no
nomenclature names, misspellings, vague words, rare classes. Real filings lie between this set and the
one above, nobody here knows where.

{table(["", "NAF rev. 2", "NAF 2025"], [*shares, *lane])}

For {second["noted"]} rows the writer noted a second code that could be defended: with it accepted,
{percent(second["accuracy"])} ({between(second["interval"])}) are right in NAF rev. 2. {unread["shared"]}
of the texts, bare names mostly, stand in the training corpus too, sometimes under another code; without
them {percent(unread["accuracy"])} ({between(unread["interval"])}) are right and {percent(unread["top_5"])}
have their code among the first five. Expected calibration error: {found[0]["ece"]:.3f} and
{found[1]["ece"]:.3f}. Macro F1: {metrics[0]["macro_f1"]:.3f} and {metrics[1]["macro_f1"]:.3f}.

{
        table(
            ["difficulty", "filings", "sub-class right", "interval", "in first five", "automatic", "of these wrong"],
            [
                [
                    row["difficulty"],
                    str(row["rows"]),
                    percent(row["accuracy"]),
                    between(row["interval"]),
                    percent(row["top_5"]),
                    percent(row["automation"]),
                    percent(row["auto_error"]),
                ]
                for row in rev2["by_difficulty"]
            ],
        )
    }

By kind of difficulty, NAF rev. 2, at the default threshold. Shares of the kinds are the writer's, so
compare models within a kind; an auto lane fed with nothing but difficult filings is more often wrong than
the same lane fed with all filings."""
