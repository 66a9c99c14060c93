"""Why this code: contributions are the model's own arithmetic, said in the declarant's words."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import spearmanr

from models import features, tokens
from models.classifier import LABEL_PREFIX, FastTextClassifier, train
from models.contributions import Contributions, fasttext_of
from models.errors import ModelError, NomenclatureError
from models.evaluation import Example
from models.explanation import Explainer, Kind, explain
from models.neighbours import nearest
from models.telling_words import codes_under, telling_words
from models.training import TrainingSettings
from schemas.formality import Formality
from tests.unit.models.conftest import OpenedModel

LINES = 600
Filing = Callable[..., Formality]


def _line(formality: Formality) -> str:
    return features.input_line(features.text_of(formality), formality)


def _odd_lines(examples: list[Example]) -> list[str]:
    """Seen lines, shuffled ones, words nobody has seen, and very short and long ones."""
    draw = random.Random(4)
    seen = [_line(example.formality) for example in draw.sample(examples, LINES // 2)]
    words = sorted({word for line in seen for word in line.split()})
    mixed = [" ".join(draw.choices([*words, "zzyzx", "q"], k=draw.randint(1, 30))) for _ in range(LINES // 2 - 2)]
    return [*seen, *mixed, words[0], " ".join(words[:300])]


@pytest.fixture(scope="module", params=[("softmax", 3, False), ("ova", 2, False), ("softmax", 2, True)])
def classifier(
    request: pytest.FixtureRequest,
    small_examples: list[Example],
    small_settings: TrainingSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> FastTextClassifier:
    """Both losses, word n-grams of two and three, full and quantised, at a temperature."""
    loss, ngrams, quantised = request.param
    folder = tmp_path_factory.mktemp(f"{loss}-{ngrams}-{quantised}")
    path = folder / "training.txt"
    lines = (f"{LABEL_PREFIX}{example.code} {_line(example.formality)}\n" for example in small_examples)
    path.write_text("".join(lines), encoding="utf-8")
    chosen = {"loss": loss, "wordNgrams": ngrams, "dim": 8, "bucket": 50_000, "epoch": 10}
    destination = folder / "model.ftz" if quantised else None
    train(path, quantised_to=destination, seed=3, **{**small_settings.hyperparameters, **chosen})
    return FastTextClassifier(destination or folder / "model.bin", temperature=1.3)


def test_contributions_add_up_to_the_difference_of_two_scores(
    classifier: FastTextClassifier, small_examples: list[Example]
) -> None:
    """Hundreds of lines: every word, sub-word and n-gram is counted, once."""
    lines = _odd_lines(small_examples)
    codes = [[code for code, _ in pairs] for pairs in classifier.top(lines, 2)]
    scores = classifier.hidden(lines) @ classifier.output_vectors().T
    parts = Contributions(classifier).of([line.split() for line in lines], codes)

    for line, asked, part, row in zip(lines, codes, parts, scores, strict=True):
        assert part.shape == (len(line.split()) + 1, 2)
        first, second = (row[classifier.codes.index(code)] for code in asked)
        assert abs((part[:, 0] - part[:, 1]).sum() - (first - second)) < 1e-4


def test_contributions_have_the_same_bits_in_any_batch_and_after_forgetting(
    classifier: FastTextClassifier, small_examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone or with others, with room for every token or for few."""
    lines = [line.split() for line in _odd_lines(small_examples)[: LINES // 2]]
    codes = [classifier.codes[:2]] * len(lines)
    together = Contributions(classifier).of(lines, codes)
    monkeypatch.setattr(tokens, "KNOWN_TOKENS", 80)
    forgetful = Contributions(classifier)

    for line, asked, parts in zip(lines, codes, together, strict=True):
        assert np.array_equal(forgetful.of([line], [asked])[0], parts)


def test_the_account_of_a_candidate_adds_up_to_its_probability(
    opened_model: OpenedModel, small_examples: list[Example]
) -> None:
    """Base and weights are the score; scores apart are logarithms of probabilities apart."""
    explainer = Explainer(opened_model.model)
    for example in small_examples[:300:7]:
        explanation = explainer.explain(example.formality)
        assert len(explanation.accounts) == 2
        for account, candidate in zip(explanation.accounts, explanation.coding.candidates, strict=False):
            assert account.candidate == candidate
            assert account.base + sum(reason.weight for reason in account.reasons) == pytest.approx(account.score)
            assert list(account.reasons) == sorted(account.reasons, key=lambda reason: -reason.weight)
        first, second = explanation.accounts
        if second.candidate.probability > 1e-3:
            apart = np.log(first.candidate.probability / second.candidate.probability)
            assert first.score - second.score == pytest.approx(apart, abs=2e-3)


def test_what_weighs_most_is_what_would_be_missed_most(
    opened_model: OpenedModel, small_examples: list[Example]
) -> None:
    """Leaving words out one by one ranks them as their weights do: for a score, and for one code against the other."""
    classifier = fasttext_of(opened_model.model)
    output = classifier.output_vectors() - classifier.output_vectors().mean(axis=0)
    explainer = Explainer(opened_model.model)
    for_one, for_first_against_second = [], []
    for example in small_examples[::5]:
        words = features.text_of(example.formality).split()
        bare = example.formality.model_copy(update=dict.fromkeys(("nature", "type_form", "event", "surface", "cj")))
        if not 3 <= len(words) <= 6:
            continue
        accounts = explainer.explain(bare).accounts
        hidden = classifier.hidden([_line(bare).replace(f"{word} ", "", 1) for word in words])
        missed = [-(hidden @ output[classifier.codes.index(account.candidate.code)]) for account in accounts]
        by_token = [{reason.token: reason.weight for reason in account.reasons} for account in accounts]
        weights = [np.array([column[word] for word in words]) for column in by_token]
        for_one.append(spearmanr(weights[0], missed[0]).statistic)
        for_first_against_second.append(spearmanr(weights[0] - weights[1], missed[0] - missed[1]).statistic)

    assert len(for_one) > 50
    # Not 1: the average is over what is left, so that leaving out a word of many sub-words lifts the others.
    assert np.mean(for_one) > 0.7
    assert np.mean(for_first_against_second) > 0.85


def test_reasons_are_said_in_the_words_of_the_filing(opened_model: OpenedModel, filing: Filing) -> None:
    """As written, accents and capitals too, from any of the three texts; variables by name and value."""
    written = filing(
        "Travaux de PLOMBERIE, plomberies", other_nature_activity="l'Élagage", nature="14", type_form="M", surface="1"
    )
    (account, _) = explain(written, model=opened_model.model).accounts
    said = {(reason.kind, reason.said) for reason in account.reasons if not reason.said.endswith("missing")}

    assert said == {
        (Kind.WORD, "Travaux"),
        (Kind.WORD, "PLOMBERIE"),
        (Kind.WORD, "Élagage"),
        (Kind.VARIABLE, "nature=14"),
        (Kind.VARIABLE, "type_form=M"),
        (Kind.VARIABLE, "surface=1"),
    }


def test_a_word_that_counts_twice_is_one_reason(opened_model: OpenedModel, filing: Filing) -> None:
    """Whatever the model's line repeats, a word of the text has one row, with all its weight."""
    text = "maconnerie plomberie chauffage carrelage peinture menuiserie couverture isolation electricite vitrerie"
    for account in explain(filing(text), model=opened_model.model).accounts:
        words = [reason.said for reason in account.reasons if reason.kind is Kind.WORD]
        assert sorted(words) == sorted(text.split())
        assert account.base + sum(reason.weight for reason in account.reasons) == pytest.approx(account.score)


@pytest.mark.parametrize("text", ["idem", "4322A", "néant"])
def test_what_the_model_was_not_asked_has_no_account(opened_model: OpenedModel, filing: Filing, text: str) -> None:
    """Rejection and rules have their reason in themselves."""
    assert explain(filing(text), model=opened_model.model).accounts == ()


def test_the_strongest_of_many_are_those_of_each(opened_model: OpenedModel, small_examples: list[Example]) -> None:
    """The worker's short list is the head of the whole account: at most three, there, and for the code."""
    explainer = Explainer(opened_model.model)
    filings = [example.formality for example in small_examples[:200:3]]
    explanations = [explainer.explain(formality) for formality in filings]
    codes = [[account.candidate.code for account in explanation.accounts] for explanation in explanations]
    lists = explainer.strongest(filings, codes, most=3)

    for explanation, by_code in zip(explanations, lists, strict=True):
        for account, strongest in zip(explanation.accounts, by_code, strict=True):
            there = [r for r in account.reasons if r.weight > 0 and not r.said.endswith("missing")]
            assert [said for said, _ in strongest] == [reason.said for reason in there[:3]]
            assert [weight for _, weight in strongest] == [reason.weight for reason in there[:3]]


def test_only_fasttext_can_be_explained(opened_model: OpenedModel, filing: Filing) -> None:
    """A classifier of another kind is refused in one line."""
    other = type("Other", (), {"top": lambda self, lines, count: []})()
    model = type(opened_model.model)(**{**vars(opened_model.model), "classifier": other})
    with pytest.raises(ModelError, match="only a fastText model"):
        explain(filing(), model=model)


def test_the_nearest_declaration_is_the_one_with_the_same_words(
    opened_model: OpenedModel, small_examples: list[Example]
) -> None:
    """Similarity 1 first, whatever the variables; then falling; each text and code once."""
    asked = small_examples[11].formality.model_copy(update={"nature": "17"})
    done: list[int] = []
    found = nearest(asked, [*small_examples, *small_examples], model=opened_model.model, count=9, progress=done.append)

    assert features.text_of(asked.model_copy(update={"description_activity": found[0].text})) == features.text_of(asked)
    assert found[0].similarity == pytest.approx(1.0, abs=1e-5)
    assert [n.similarity for n in found] == sorted((n.similarity for n in found), reverse=True)
    assert len({(n.text, n.code) for n in found}) == len(found) == 9
    assert sum(done) <= len(small_examples)


def test_a_class_and_its_section_have_their_telling_words(opened_model: OpenedModel) -> None:
    """A word that only one class uses leads it, and no variable is taken for a word."""
    model = opened_model.model
    code = model.classifier.codes[0]  # type: ignore[attr-defined]
    of_code = telling_words(code, model=model, count=10)
    section = model.nomenclature.section(code)
    assert section is not None

    assert of_code
    assert [word.log_odds for word in of_code] == sorted((w.log_odds for w in of_code), reverse=True)
    assert all(word.times >= 3 and word.word.isascii() and word.word.isalpha() for word in of_code)
    (pairs,) = fasttext_of(model).top([of_code[0].word], 1)
    assert pairs[0][0] == code
    assert code in codes_under(section, model.nomenclature)
    assert telling_words(section, model=model, count=3)


def test_a_branch_that_is_not_there_is_refused_by_name(opened_model: OpenedModel) -> None:
    """Neither code nor branch."""
    with pytest.raises(NomenclatureError, match="QQ"):
        telling_words("QQ", model=opened_model.model, count=3)
