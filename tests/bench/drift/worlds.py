"""The pools of every case, decided once by the starter model and kept for the next run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models import nomenclature, training
from models.artefact import open_model
from models.policy import Policy
from models.starter import recipe
from monitoring.categories import Categories
from monitoring.observations import Observations
from schemas.signals import SECTION
from tests.bench.drift import pools as p

SHIFTED_SECTION = "I"
FILINGS = 30_000
SMALL = {"dim": 16, "bucket": 524_288, "epoch": 3}


@dataclass(frozen=True)
class World:
    """Everything that streams are drawn from."""

    categories: Categories
    usual: Observations
    pools: dict[str, p.Pool]
    other_model: Observations


def build(model: Path, other: Path, *, count: int = FILINGS) -> World:
    """Simulate, change and decide; a minute or two."""
    manifest, coding = open_model(model)
    categories = Categories()
    decider = p.Decider(coding, Policy(threshold=manifest.default_threshold), categories)
    formalities = p.simulated(count, seed=5)
    usual = decider.observations(formalities)
    pools = {
        change.__name__: p.pool(formalities, usual, decider, change, seed=1)
        for change in (p.new_trade, p.english, p.renumbered, p.dropped)
    }
    section = categories.cell(SECTION.name, SHIFTED_SECTION)
    pools["class_mix"] = p.of_section(usual, section, seed=1)
    loud = p.pool(formalities, usual, decider, p.capitals, seed=2)
    written = [p.capitals(f, c) or f for c in [p.random.Random("pool:2")] for f in formalities]
    pools["lower_case"] = p.pool(written, loud.after, decider, p.lower_case, seed=3)
    return World(categories, usual, pools, _swapped(formalities, other, categories))


def _swapped(formalities: list[p.Formality], other: Path, categories: Categories) -> Observations:
    manifest, coding = open_model(other)
    return p.Decider(coding, Policy(threshold=manifest.default_threshold), categories).observations(formalities)


def other_model(folder: Path) -> Path:
    """A smaller model of the same corpus, for the swap."""
    if not folder.exists():
        examples, settings = recipe.starter("naf-rev2", seed=2)
        settings.hyperparameters.update(SMALL)
        table = nomenclature.load("naf-rev2")
        chosen = training.TrainingSettings(hyperparameters=settings.hyperparameters, seed=2)
        training.train(examples, nomenclature=table, destination=folder, settings=chosen)
    return folder
