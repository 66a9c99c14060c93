"""A history of filings for the tests of a replay's evaluation: real texts, two models, labels by day."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from models.evaluation import Example
from schemas.formality import CODING_FIELDS
from stream.replay.options import FinishOptions
from stream.replay.plan import SourceRequest
from stream.replay.run import Order, Told, replay
from stream.replay.summary import Summary
from stream.settings import Settings

START = datetime(2026, 1, 10, 8, tzinfo=UTC)
HOSTILE = '<script>document.title = "taken"</script> <b>plombier & fils</b>'
"""What a declarant might write: it must stay text."""
CODES = "0121Z 1071C 4120A 4321A 4322A 4332A 4339Z 4511Z 4520A 4711B".split()
THRESHOLDS = (0.8, 0.5)
DAYS = 100
FILINGS = 1_200
QUIET = Told(note=lambda line: None, total=lambda offsets: None, done=lambda offsets: None)


@dataclass(frozen=True)
class History:
    """A finished replay of two models under two policies, and what it was made of."""

    output: Path
    filings: Path
    labels: Path
    models: tuple[Path, Path]
    examples: list[Example]

    @property
    def summary(self) -> Summary:
        """As written."""
        return Summary.model_validate_json((self.output / "summary.json").read_bytes())

    @property
    def report(self) -> str:
        """As written."""
        return (self.output / "report.html").read_text(encoding="utf-8")

    def rows(self) -> list[dict[str, Any]]:
        """Decisions of both models, in order."""
        files = sorted((self.output / "decisions").glob("*.parquet"))
        return [row for path in files for row in pq.read_table(path).to_pylist()]

    def codes(self) -> dict[str, str]:
        """Formality id -> code of its label."""
        with self.labels.open(newline="") as file:
            return {row["formality_id"]: row["code"] for row in csv.DictReader(file)}


def write_history(folder: Path, examples: Sequence[Example], *, days: int) -> tuple[Path, Path]:
    """Filings spread evenly over days, and their labels; the first is hostile."""
    filings, labels = folder / "filings.csv", folder / "labels.csv"
    with filings.open("w", newline="") as file, labels.open("w", newline="") as answers:
        rows, codes = csv.writer(file), csv.writer(answers)
        rows.writerow(["formality_id", "received_at", *CODING_FIELDS])
        codes.writerow(["formality_id", "code"])
        for number, example in enumerate(examples):
            received_at = START + timedelta(days=days) * (number / len(examples))
            content = [getattr(example.formality, name) for name in CODING_FIELDS]
            if number == 0:
                content[0] = HOSTILE
            rows.writerow([f"H{number:06d}", received_at.isoformat(), *content])
            codes.writerow([f"H{number:06d}", example.code])
    return filings, labels


def replayed(
    output: Path, filings: Path, models: Sequence[Path], thresholds: Sequence[float], options: FinishOptions
) -> Summary:
    """Replay a table of filings in this process."""
    request = SourceRequest(kind="file", name=str(filings), since=None, until=None)
    order = Order(request=request, models=models, thresholds=thresholds, policies=[], output=output, options=options)
    return replay(order, Settings(model=models[0]), QUIET)
