"""Batched inference against fastText's own predict; the same bits in any batch."""

from __future__ import annotations

import random
import resource
from pathlib import Path
from threading import Thread
from typing import Any

import fasttext
import numpy as np
import pytest

from models import features
from models.classifier import LABEL_PREFIX, FastTextClassifier, train
from models.errors import ArtefactError, TrainingError
from models.evaluation import Example
from models.training import TrainingSettings

LINES = 3_000
TOLERANCE = 2e-5
"""Of a probability: float32 sums in another order, and six decimals."""


def _training_lines(examples: list[Example]) -> list[str]:
    return [features.input_line(features.text_of(example.formality), example.formality) for example in examples]


def _unseen_lines(lines: list[str]) -> list[str]:
    """As many lines as `LINES`: seen ones, ones with shuffled and broken words, and odd ones."""
    draw = random.Random(11)
    words = sorted({word for line in lines for word in line.split()})
    odd = ["", " ", "zzzz", "a", *words[-6:], " ".join(words[:400])]
    mixed = [" ".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(LINES)]
    broken = [line[draw.randint(0, len(line) // 2) :] for line in draw.choices(lines, k=LINES)]
    return (odd + [pair for three in zip(lines, mixed, broken, strict=False) for pair in three])[:LINES]


@pytest.fixture(scope="module", params=[("softmax", False), ("softmax", True), ("ova", False), ("ova", True)])
def trained(
    request: pytest.FixtureRequest,
    small_examples: list[Example],
    small_settings: TrainingSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[str]]:
    """A model file of each loss, full and quantised, and lines to ask it."""
    loss, quantised = request.param
    folder = tmp_path_factory.mktemp(f"{loss}-{quantised}")
    lines = _training_lines(small_examples)
    path = folder / "training.txt"
    path.write_text(
        "".join(f"{LABEL_PREFIX}{e.code} {line}\n" for e, line in zip(small_examples, lines, strict=True)),
        encoding="utf-8",
    )
    destination = folder / "model.ftz" if quantised else None
    # Quantising takes time by the dimension.
    size = {"dim": 8} if quantised else {}
    train(path, quantised_to=destination, seed=3, **{**small_settings.hyperparameters, "loss": loss, **size})
    return destination or folder / "model.bin", _unseen_lines(lines)


def _theirs(path: Path, lines: list[str], count: int) -> list[dict[str, float]]:
    """What fastText's predict says: its Python wrapper fails on numpy 2, the binding below it does not."""
    model = fasttext.load_model(str(path))
    return [
        {label.removeprefix(LABEL_PREFIX): p for p, label in model.f.predict(f"{line}\n", count, 0.0, "strict")}
        for line in lines
    ]


def test_batched_inference_is_fasttext_s_own(trained: tuple[Path, list[str]]) -> None:
    """Thousands of lines: the same first code wherever fastText has one, the same five probabilities.

    With softmax within 2e-5. With ova fastText reads the probability from a table: ours is between
    the entries on either side of it.
    """
    path, lines = trained
    classifier = FastTextClassifier(path)
    ours = classifier.top(lines, 5)

    assert len(ours) == len(lines) == LINES
    for pairs, theirs in zip(ours, _theirs(path, lines, len(classifier.codes)), strict=True):
        best, second = sorted(theirs.values(), reverse=True)[:2]
        assert theirs[pairs[0][0]] >= best - TOLERANCE
        if best - second > 2 * TOLERANCE:
            assert pairs[0][0] == max(theirs, key=lambda code: theirs[code])
        for code, probability in pairs:
            if classifier.independent_labels:
                low, high = _table_around(probability)
                assert low - TOLERANCE <= theirs[code] <= high + TOLERANCE
            else:
                assert abs(probability - theirs[code]) <= TOLERANCE


def _table_around(probability: float) -> tuple[float, float]:
    """Entries of fastText's sigmoid table (512 steps from -8 to 8) at scores a hair below and above.

    Below the entry for the score itself by one step at most, since the table rounds down.
    """
    bounded = min(max(probability, 1e-6), 1 - 1e-6)
    score = float(np.log(bounded / (1 - bounded)))
    hair = 1e-4 + 1e-6 / (bounded * (1 - bounded))  # float32 sums; six decimals of a probability
    steps = [np.floor((np.clip(s, -8, 8) + 8) * 32) / 32 - 8 for s in (score - hair, score + hair)]
    low, high = (float(1 / (1 + np.exp(-step))) for step in steps)
    return (0.0 if score - hair < -8 else low), (1.0 if score + hair > 8 else high)


def test_a_line_has_the_same_bits_in_any_batch(trained: tuple[Path, list[str]]) -> None:
    """Alone, by 7, by 32, by 500, and in another order."""
    path, lines = trained
    classifier = FastTextClassifier(path)
    lines = lines[:600]
    together = classifier.top(lines, 5)

    for size in (1, 7, 32, 500):
        apart = [pairs for start in range(0, 600, size) for pairs in classifier.top(lines[start : start + size], 5)]
        assert apart == together
    order = random.Random(5).sample(range(600), 600)
    shuffled = classifier.top([lines[position] for position in order], 5)
    assert [shuffled[order.index(position)] for position in range(600)] == together


def test_raw_probabilities_have_the_same_bits_in_any_batch(trained: tuple[Path, list[str]]) -> None:
    """Before any rounding: the rounding does not hide a difference that another line could show."""
    path, lines = trained
    classifier = FastTextClassifier(path)
    together = np.vstack([block.copy() for _, block in classifier.probabilities(lines[:100])])
    alone = np.vstack([block.copy() for line in lines[:100] for _, block in classifier.probabilities([line])])

    assert np.array_equal(together, alone)


def test_a_model_as_wide_as_a_real_one_has_the_same_bits_in_any_batch(tmp_path: Path) -> None:
    """BLAS takes other kernels for one row than for many once the matrix is large: 180 by 732."""
    path = tmp_path / "training.txt"
    lines = [f"mot{code} texte{code % 40}" for code in range(732)]
    path.write_text("".join(f"{LABEL_PREFIX}{code} {line}\n" for code, line in enumerate(lines)), encoding="utf-8")
    classifier = train(path, dim=180, bucket=50_000, minn=3, maxn=4, minCount=1, epoch=5, lr=0.5, thread=1)
    together = np.vstack([block.copy() for _, block in classifier.probabilities(lines[:200])])

    for size in (1, 7, 33):
        parts = [lines[start : min(start + size, 200)] for start in range(0, 200, size)]
        apart = [block.copy() for part in parts for _, block in classifier.probabilities(part)]
        assert np.array_equal(np.vstack(apart), together)


def test_softmax_sums_to_one_and_ova_need_not(trained: tuple[Path, list[str]]) -> None:
    """With ova each code has its own yes or no."""
    path, lines = trained
    classifier = FastTextClassifier(path)
    sums = np.concatenate([block.sum(axis=1) for _, block in classifier.probabilities(lines[:300])])
    stated = [p for pairs in classifier.top(lines[:300], 5) for _, p in pairs]

    assert all(0.0 <= p <= 1.0 for p in stated)
    if classifier.independent_labels:
        assert np.abs(sums - 1.0).max() > 0.01
    else:
        assert np.abs(sums - 1.0).max() < 1e-4


def test_a_temperature_makes_probabilities_more_modest_and_keeps_their_order(
    trained: tuple[Path, list[str]],
) -> None:
    """Above 1 the first probability falls; the first code stays."""
    path, lines = trained
    sharp, modest = (FastTextClassifier(path, temperature=t).top(lines[:200], 1) for t in (1.0, 2.0))

    clear = [(one[0], two[0]) for one, two in zip(sharp, modest, strict=True) if one[0][1] > 0.6]
    assert clear
    assert all(two[0] == one[0] and two[1] < one[1] for one, two in clear)


def test_there_are_never_more_candidates_than_codes(tmp_path: Path) -> None:
    """A model of two codes gives two."""
    path = tmp_path / "training.txt"
    path.write_text("__label__A pain\n__label__B vin\n" * 20, encoding="utf-8")
    classifier = train(path, dim=100, minCount=1, bucket=84_000, maxn=3, thread=1, epoch=5)

    assert {code for code, _ in classifier.top(["pain"], 5)[0]} == {"A", "B"}
    assert classifier.top([], 5) == []


def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path) -> None:
    """Not a traceback of the library."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"not a model")

    with pytest.raises(ArtefactError, match=r"model\.bin"):
        FastTextClassifier(path)


def test_training_that_diverges_says_so_in_one_line(tmp_path: Path) -> None:
    """The library's NaN is an error of ours that says what to do."""
    path = tmp_path / "training.txt"
    path.write_text("", encoding="utf-8")

    with pytest.raises(TrainingError, match="fastText"):
        train(path, dim=100, minCount=1, bucket=84_000, maxn=3, thread=1)


@pytest.mark.parametrize("size", [{"dim": 24, "bucket": 4_000, "maxn": 4}, {"dim": 24, "bucket": 250_000, "maxn": 4}])
def test_training_does_not_depend_on_what_memory_held(tmp_path: Path, size: dict[str, int]) -> None:
    """Same data and seed, same bytes, where the library gets memory full of not-a-numbers for its matrix."""

    def fill_and_free() -> None:
        np.empty(2**25 - 2**16, dtype=np.uint8)  # from now on the C library keeps freed blocks up to 32 MiB
        leftovers = [np.full(14_000, np.nan) for _ in range(520)]
        del leftovers

    def trained() -> bytes:
        path = tmp_path / "training.txt"
        path.write_text("".join(f"__label__{row % 5} word{row % 5} other{row % 7}\n" for row in range(200)))
        train(path, thread=1, epoch=2, minCount=1, **size)
        return path.with_name("model.bin").read_bytes()

    first = trained()
    thread = Thread(target=fill_and_free)  # the thread that trains takes over what memory this one leaves
    thread.start()
    thread.join()

    assert trained() == first


@pytest.mark.parametrize("short_bytes", [100, 1_000, 50_000])
def test_a_model_that_the_disk_does_not_take_whole_is_refused(tmp_path: Path, short_bytes: int) -> None:
    """The library itself says nothing, and reads what is there of it as a model."""
    path = tmp_path / "training.txt"
    path.write_text("".join(f"__label__{code} {code} text\n" for code in ("A", "B")) * 20)
    size: dict[str, Any] = {"dim": 20, "bucket": 1_000, "minn": 3, "maxn": 4, "minCount": 1, "thread": 1, "epoch": 2}
    train(path, **size)
    whole = (tmp_path / "model.bin").stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (whole - short_bytes, before[1]))
    try:
        with pytest.raises(OSError, match="No space left"):
            train(path, **size)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
