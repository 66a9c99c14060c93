"""Normalisation and input lines, held by golden files: a change of these is a new version."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models import features, text
from models.evaluation import Example
from models.training import TrainingSettings, train
from schemas.formality import Formality

GOLDEN = Path(__file__).parents[1] / "golden"
NORMALISATION = json.loads((GOLDEN / "normalisation.v1.json").read_text(encoding="utf-8"))
INPUT_LINES = json.loads((GOLDEN / "input_lines.v2.json").read_text(encoding="utf-8"))


def test_the_golden_files_are_of_the_version_in_force() -> None:
    """Whoever raises a version writes new golden files beside the old ones."""
    assert (text.VERSION, features.VERSION) == (1, 2)


@pytest.mark.parametrize(("written", "expected"), NORMALISATION)
def test_a_text_is_normalised_as_it_was_when_models_were_trained(written: str, expected: str) -> None:
    """Every case of the golden file, word for word."""
    assert text.normalise(written) == expected


@pytest.mark.parametrize("case", INPUT_LINES, ids=[case["says"] for case in INPUT_LINES])
def test_an_input_line_is_as_it_was_when_models_were_trained(case: dict, filing: Callable[..., Formality]) -> None:
    """Words and tokens, the tokens as their code points."""
    formality = filing(**{"text": case["fields"].pop("description_activity"), **case["fields"]})
    line = features.input_line(features.text_of(formality), formality)

    assert [word for word in line.split(" ") if word.isascii()] == case["words"]
    assert [f"{ord(word):04X}" for word in line.split(" ") if not word.isascii()] == case["tokens"]


def test_an_accented_stop_word_is_dropped() -> None:
    """Insee's published step compared stop words before transliteration and kept these."""
    assert text.normalise("été à même être") == text.normalise("etre")


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Travaux de plomberie et de chauffage", "VENTE EN LIGNE"], "french"),
        (["Letting of own property", "Bakery for the retail trade"], "other"),
        (["Herstellung von Backwaren", "Einzelhandel mit Fisch"], "other"),
        (["I sell handmade jewellery online and on a market stall", "As a consultant on tax, a sole trader"], "other"),
        (["venta de ropa en la tienda de mi barrio, para mujeres", "reparación de coches en el taller"], "other"),
        (["plombier chauffagiste pour particuliers", "MENUISERIE", "coiffure et barbier"], "french"),
        ([], "other"),
    ],
)
def test_texts_show_their_language_by_its_function_words(texts: list[str], language: str) -> None:
    """Other than French: words are taken as they are."""
    assert text.language_of(texts) == language


def test_the_words_of_another_language_are_taken_as_they_are() -> None:
    """The French reading of an English text drops "on" and cuts words at the wrong place."""
    written = "Retailing on the markets, la Cité; x 12"

    assert text.normalise(written, text.OTHER) == "retailing on the markets la cite"
    assert text.normalise(written) == text.normalise(written, text.FRENCH) == "retailing the market cit"


def test_idem_in_one_field_does_not_swallow_the_next(filing: Callable[..., Formality]) -> None:
    """The fields are joined so that a phrase ends with its field."""
    formality = filing("idem", other_nature_activity="Plomberie")

    assert features.text_of(formality) == "plomber"


def test_a_missing_field_and_an_absent_one_are_the_same(filing: Callable[..., Formality]) -> None:
    """No word "nan" reaches the model."""
    assert features.text_of(filing("Plomberie", other_nature_activity="nan", precision_act_sec_agricole="NaN")) == (
        features.text_of(filing("Plomberie"))
    )


@pytest.mark.parametrize("field", ["other_nature_activity", "precision_act_sec_agricole"])
def test_further_text_fields_are_read_like_the_first(field: str, filing: Callable[..., Formality]) -> None:
    """The same words from any of the three fields."""
    assert features.text_of(filing("vignes", **{field: "maraîchage"})) == features.text_of(filing("vignes maraîchage"))


def test_training_and_serving_read_the_same_lines(
    small_examples: list[Example],
    small_settings: TrainingSettings,
    naf: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the trainer writes for fastText is what the cascade gives it, with further fields too."""
    from models import training

    extra = {"other_nature_activity": "Été ; pose", "precision_act_sec_agricole": "idem, voir kbis"}
    examples = [Example(e.formality.model_copy(update=extra), e.code) for e in small_examples[:400]]
    trained_on: list[str] = []
    real_fit = training._fit
    monkeypatch.setattr(
        training,
        "_fit",
        lambda lines, *rest: (trained_on.extend(line for line, _ in lines), real_fit(lines, *rest))[1],
    )
    train(examples, nomenclature=naf, destination=tmp_path / "m", settings=small_settings)  # type: ignore[arg-type]
    served: list[str] = []

    class Listening:
        def top(self, lines: list[str], count: int) -> list[list[tuple[str, float]]]:
            served.extend(lines)
            return [[("4322A", 1.0)]] * len(lines)

    from models.coding import CodingModel
    from models.lru import BoundedCache
    from models.rules import RuleTable

    model = CodingModel("listening", naf, RuleTable(), Listening(), BoundedCache(0))  # type: ignore[arg-type]
    model.code([example.formality for example in examples])

    assert served
    assert set(served) <= set(trained_on)
