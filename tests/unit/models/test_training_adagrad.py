"""Our own learning of a fastText model: the library's own rows, better figures, the same bits."""

from __future__ import annotations

from pathlib import Path

import fasttext
import numpy as np
import pytest
from scipy import sparse

from models.adagrad import InputRows, branches, learn
from models.classifier import FastTextClassifier, train
from models.errors import TrainingError

LINES = ["plomber chauffag", "tax \ue00b \ue642", "boulanger patisser boulanger", "été 東京 🍞", "", "inconnu"]
HYPERPARAMETERS = {
    "dim": 42,
    "lr": 0.3,
    "epoch": 5,
    "minn": 3,
    "maxn": 5,
    "minCount": 1,
    "bucket": 200_000,
    "loss": "softmax",
    "thread": 1,
    "seed": 5,
}


def _training_file(folder: Path) -> Path:
    path = folder / "training.txt"
    lines = [f"__label__{'AB'[row % 2]} {line}\n" for row, line in enumerate(LINES[:4] * 10)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("word_ngrams", [1, 2, 3])
def test_a_line_s_rows_are_those_that_the_library_averages(word_ngrams: int, tmp_path: Path) -> None:
    """Words, sub-words, word pairs and the end of the line, known and unknown words, any alphabet."""
    model = fasttext.train_supervised(
        str(_training_file(tmp_path)), dim=8, epoch=0, minn=2, maxn=4, bucket=5_000, wordNgrams=word_ngrams, verbose=0
    )
    matrix = np.random.default_rng(1).random(model.get_input_matrix().shape, dtype=np.float32)
    model.set_matrices(matrix, np.zeros((2, 8), dtype=np.float32))
    rows = InputRows(model)

    averages = rows.matrix(LINES) @ matrix

    for line, average in zip(LINES, averages, strict=True):
        assert average == pytest.approx(model.get_sentence_vector(line), abs=1e-6), line


@pytest.mark.parametrize("word_ngrams", [1, 2])
def test_a_learnt_model_is_an_ordinary_one_and_knows_its_lines(word_ngrams: int, tmp_path: Path) -> None:
    """Written, read by the library and right on what it was trained on."""
    model = train(_training_file(tmp_path), optimiser="adagrad", dropout=0.1, wordNgrams=word_ngrams, **HYPERPARAMETERS)

    assert [pairs[0][0] for pairs in model.top(LINES[:4], 1)] == ["A", "B", "A", "B"]


def test_the_same_seed_learns_the_same_bits(tmp_path: Path) -> None:
    """Artefacts are named by their content."""
    files = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        train(_training_file(folder), optimiser="adagrad", dropout=0.3, wordNgrams=2, **HYPERPARAMETERS)
        files.append((folder / "model.bin").read_bytes())

    assert files[0] == files[1]


def test_members_side_by_side_add_up_their_scores(tmp_path: Path) -> None:
    """One ordinary model, of the dimensions asked for; each member is what it would be alone."""
    together = train(_training_file(tmp_path), optimiser="adagrad", members=2, **{**HYPERPARAMETERS, "dim": 84})
    apart = []
    for seed in (5, 6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        apart.append(train(_training_file(folder), optimiser="adagrad", **{**HYPERPARAMETERS, "seed": seed}))

    def scores(model: FastTextClassifier) -> np.ndarray:
        return model.hidden(LINES) @ model.output_vectors().T

    assert together.dimension == 84
    assert scores(together) == pytest.approx(sum(scores(model) for model in apart), abs=1e-4)


def test_another_loss_than_softmax_is_refused_in_words(tmp_path: Path) -> None:
    """Independent yes-or-no answers stay the library's to learn."""
    with pytest.raises(TrainingError, match="softmax"):
        train(_training_file(tmp_path), optimiser="adagrad", **{**HYPERPARAMETERS, "loss": "ova"})


def test_dropout_leaves_the_inputs_as_they_were() -> None:
    """Each pass leaves out others: what one pass dropped must be there in the next."""
    inputs = sparse.csr_matrix(np.eye(6, dtype=np.float32))
    learn(
        inputs,
        [0, 1] * 3,
        nodes=sparse.identity(2, dtype=np.float32, format="csr"),
        dim=4,
        epoch=3,
        lr=0.1,
        dropout=0.5,
        seed=1,
    )

    assert (inputs.toarray() == np.eye(6)).all()


def test_codes_that_begin_alike_lend_each_other_what_is_learnt() -> None:
    """Of two codes without a line, the kin of the code that was seen is the likelier for its words."""
    codes = ["4711", "4719", "8610"]
    inputs = sparse.csr_matrix(np.eye(2, dtype=np.float32))
    words, vectors = learn(inputs, [0, 0], nodes=branches(codes), dim=32, epoch=5, lr=0.1, dropout=0.0, seed=1)

    scores = words[0] @ vectors.T

    assert vectors.shape == (3, 32)
    assert scores[0] > scores[1] > scores[2]


def test_a_model_of_kin_codes_is_an_ordinary_one(tmp_path: Path) -> None:
    """The library reads it, and it has one output vector a code."""
    model = train(_training_file(tmp_path), optimiser="adagrad", kinship=True, **HYPERPARAMETERS)

    assert model.output_vectors().shape == (2, 42)
    assert [pairs[0][0] for pairs in model.top(LINES[:4], 1)] == ["A", "B", "A", "B"]
