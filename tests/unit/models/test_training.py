"""What training gives fastText, and what it measures by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models import training
from models.artefact import open_model
from models.classifier import FastTextClassifier
from models.decide import decide
from models.evaluation import Example
from models.nomenclature import Nomenclature
from models.policy import Policy
from models.starter import recipe
from models.starter.declarations import declarations
from models.training import TrainingSettings, train
from schemas.formality import Formality


@pytest.fixture(scope="module")
def corpus() -> list:
    """The starter corpus, read once."""
    return declarations()


def test_every_example_s_own_line_is_among_the_lines_it_trains(
    filing: Callable[..., Formality],
) -> None:
    """Copies come beside the original, never in its place."""
    examples = [
        Example(filing(f"fleuriste boutique {word}", nature="10"), "4776Z") for word in ("rose", "lilas", "iris")
    ]
    lines = training._training_lines(examples, TrainingSettings(lines=30))

    own = {line for line, _ in training._training_lines(examples, TrainingSettings(lines=0))}
    assert own <= {line for line, _ in lines}
    assert len(lines) == 30


def test_without_copies_the_lines_are_the_examples_alone(filing: Callable[..., Formality]) -> None:
    """Users' filings are not varied unless asked for: on a real index of activities it cost accuracy."""
    examples = [Example(filing("fleuriste"), "4776Z"), Example(filing("taxi"), "4932Z")]

    assert Counter(e.code for _, e in training._training_lines(examples, TrainingSettings())) == {
        "4776Z": 1,
        "4932Z": 1,
    }


def test_the_trial_leaves_nothing_in_the_artefact(
    small_examples: list[Example], small_settings: TrainingSettings, naf: Nomenclature, tmp_path: Path
) -> None:
    """The files of the model that ships, and of no other."""
    weights = dict.fromkeys({e.code for e in small_examples}, 1.0) | {"4932Z": 50.0}
    settings = replace(small_settings, class_weights=weights, target_errors=(0.2,))
    manifest = train(small_examples[:600], nomenclature=naf, destination=tmp_path / "m", settings=settings)

    assert {path.name for path in (tmp_path / "m").iterdir()} == {*manifest.files, "manifest.json"}
    assert "trial" not in manifest.files


@pytest.mark.parametrize("nomenclature", ["naf-rev2", "naf-2025"])
def test_every_code_of_the_corpus_has_a_frequency(nomenclature: str, corpus: list) -> None:
    """Those of NAF 2025 come from the classes of NAF rev. 2 they continue, and add up to the same."""
    weights = recipe.class_weights(nomenclature, corpus)
    column = ("naf-rev2", "naf-2025").index(nomenclature)

    assert set(weights) == {line.codes[column] for line in corpus}
    assert min(weights.values()) > 0
    assert sum(weights.values()) == pytest.approx(sum(recipe.class_weights("naf-rev2", corpus).values()))


def test_phrases_say_nothing_that_codes() -> None:
    """They stand before, between and after activities of any kind."""
    phrases = recipe.phrases()

    assert all(phrases.before)
    assert all(phrases.after)
    assert all(phrase.strip() for phrase in phrases.between)


def test_a_model_of_texts_that_are_not_french_takes_words_as_they_are(
    small_settings: TrainingSettings, filing: Callable[..., Formality], tmp_path: Path
) -> None:
    """Trained and served alike: the language travels with the artefact."""
    sold = {"A": "bread", "B": "fish", "C": "shoes"}
    table = Nomenclature("own", ("code",), dict.fromkeys(sold, "x"), {code: (code,) for code in sold})
    examples = [
        Example(filing(f"{way} of {what} and {place}"), code)
        for code, what in sold.items()
        for way in ("Sale", "Making", "Repairing", "Packing")
        for place in ("goods", "services", "baskets")
    ]
    manifest = train(examples, nomenclature=table, destination=tmp_path / "m", settings=small_settings)
    _, model = open_model(tmp_path / "m")

    assert (manifest.hyperparameters["language"], model.language) == ("other", "other")
    assert isinstance(model.classifier, FastTextClassifier)
    assert model.classifier.knows("repairing")
    assert decide(examples[0].formality, model=model, policy=Policy(threshold=0.0)).code == "A"


def test_own_data_is_learnt_by_members_of_equal_size_and_the_starter_by_one() -> None:
    """Each member keeps the 100 dimensions that its figures were measured with (docs/adr/0005)."""
    own = TrainingSettings().hyperparameters
    _, starter = recipe.starter("naf-rev2")

    assert (own["members"], own["dim"]) == (4, 400)
    assert (starter.hyperparameters["members"], starter.hyperparameters["dim"]) == (1, 100)
