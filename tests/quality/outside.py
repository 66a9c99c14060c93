"""Texts from other places than our writing: reference texts, real-format filings, another country's index.

All read from the reference data beside the project; what is not there is left out, and said.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.artefact import open_model
from models.decide import decide_batch
from models.evaluation import Example, code_examples
from models.policy import Policy
from schemas.formality import Formality, missing_to_none
from tests.quality.measure import rounded, share_right

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RECEIVED_AT = datetime(2026, 11, 21, tzinfo=UTC)
ASIDE = 0.2
"""Share of the UK index kept aside, by hash of the text."""


def _formality(number: int, text: str, **fields: str | None) -> Formality:
    return Formality(
        formality_id=f"outside-{number}", received_at=RECEIVED_AT, source="file", description_activity=text, **fields
    )


def reference_texts(folder: Path) -> dict[str, Any] | None:
    """Accuracy on the nomenclature's own texts, by where they come from."""
    path = DATA / "reference_corpus.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    _, model = open_model(folder, cache_entries=0)
    known = [row for row in rows if row["code"] in model.nomenclature.labels]
    examples = [Example(_formality(number, row["text"]), row["code"]) for number, row in enumerate(known)]
    codings = code_examples(examples, model)
    groups: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(known):
        groups[row["source"]].append(position)
    by_source = [
        {"source": source, **share_right([examples[i] for i in places], [codings[i] for i in places])}
        for source, places in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    return rounded({"all": share_right(examples, codings), "by_source": by_source})  # type: ignore[no-any-return]


def real_format_filings(folder: Path) -> dict[str, Any] | None:
    """Where the filings of Insee's ARC test files would go; they have no codes to be right about."""
    path = DATA / "arc_test_filings.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    contents = {
        (
            row["E71_activite_principale"] or row["U21_activite_entreprise"],
            missing_to_none(row["C05_type"]),
            missing_to_none(row["E75_1_nature"]),
            missing_to_none(row["forme_juridique_M21_1"]),
        )
        for row in rows
    }
    manifest, model = open_model(folder, cache_entries=0)
    filings = [
        _formality(number, text, type_form=form, nature=nature, cj=legal)
        for number, (text, form, nature, legal) in enumerate(sorted(contents, key=str))
    ]
    decisions = decide_batch(filings, model=model, policy=Policy(threshold=manifest.default_threshold))
    routes = Counter(decision.route.value for decision in decisions)
    return {"rows": len(rows), "distinct": len(filings), "routes": dict(sorted(routes.items()))}


def uk_index(train: Callable[[Path, Path, Path], None], work: Path) -> dict[str, Any] | None:
    """The same training, with nothing tuned for it, on the index of UK SIC 2007.

    Parameters
    ----------
    train
        Trains on (filings, nomenclature) into a folder.
    """
    path = DATA / "uk_sic_index_train.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["code"]) for row in csv.DictReader(file)]
    kept = [row for row in rows if not _is_aside(row[0])]
    trained_codes = {code for _, code in kept}
    _write(work / "uk.csv", ("description_activity", "code"), kept)
    _write(work / "uk-sic.csv", ("code", "label"), [(code, code) for code in sorted({code for _, code in rows})])
    train(work / "uk.csv", work / "uk-sic.csv", work / "uk")
    _, model = open_model(work / "uk", cache_entries=0)
    aside = [(text, code) for text, code in rows if _is_aside(text)]
    examples = [Example(_formality(number, text), code) for number, (text, code) in enumerate(aside)]
    figures = share_right(examples, code_examples(examples, model))
    figures |= {"trained": len(kept), "unseen_codes": sum(code not in trained_codes for _, code in aside)}
    return rounded(figures)  # type: ignore[no-any-return]


def _is_aside(text: str) -> bool:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") < ASIDE * 2**64


def _write(path: Path, header: tuple[str, ...], rows: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
