"""A small model, opened, and what it takes to train others; filings to give them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models import nomenclature as nomenclatures
from models.artefact import Manifest, open_model
from models.coding import CodingModel
from models.evaluation import Example
from models.nomenclature import Nomenclature
from models.starter import declarations
from models.training import TrainingSettings
from schemas.formality import Formality

SHARED_DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
RECEIVED_AT = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
CODES = "0121Z 1071C 4120A 4321A 4322A 4332A 4339Z 4511Z 4520A 4711B 4771Z 4932Z 5610A 6201Z 6820A 8621Z 9602A".split()


@dataclass(frozen=True)
class OpenedModel:
    """An artefact on disk and opened."""

    path: Path
    manifest: Manifest
    model: CodingModel


@pytest.fixture(scope="session")
def opened_model(small_model: Path) -> OpenedModel:
    """The session's small model; not to be changed by tests."""
    manifest, model = open_model(small_model)
    return OpenedModel(small_model, manifest, model)


@pytest.fixture(scope="session")
def reference_data() -> Callable[[str], Path]:
    """File of the reference data by name; skips where the data is absent."""

    def find(name: str) -> Path:
        path = SHARED_DATA / name
        if not path.is_file():
            pytest.skip(f"reference data not here: ../shared/data/{name}")
        return path

    return find


@pytest.fixture(scope="session")
def naf() -> Nomenclature:
    """NAF rev. 2, as shipped."""
    return nomenclatures.load("naf-rev2")


@pytest.fixture(scope="session")
def small_examples() -> list[Example]:
    """Starter filings of a few codes."""
    lines = [line for line in declarations.declarations() if line.codes[0] in CODES]
    return declarations.examples(lines, nomenclature="naf-rev2", seed=7)


@pytest.fixture(scope="session")
def small_settings() -> TrainingSettings:
    """Hyperparameters that train in about a second."""
    hyperparameters: dict[str, Any] = {
        "dim": 24,
        "lr": 0.3,
        "epoch": 20,
        "wordNgrams": 1,
        "minn": 3,
        "maxn": 4,
        "minCount": 1,
        "bucket": 20_000,
        "loss": "softmax",
        "thread": 1,
    }
    return TrainingSettings(hyperparameters=hyperparameters, seed=7)


@pytest.fixture
def filing() -> Callable[..., Formality]:
    """A filing with a text and, by name, whatever else matters to the test."""

    def build(text: str = "boulangerie artisanale", **fields: Any) -> Formality:
        return Formality(
            **{"formality_id": "J00012345", "received_at": RECEIVED_AT, "description_activity": text, **fields}
        )

    return build
