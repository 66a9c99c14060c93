"""Measure the starter models and write the quality report: `make quality`.

    python -m tests.quality                                 train both models, measure, render
    python -m tests.quality --model DIR --model-2025 DIR    measure models that are there
    python -m tests.quality --render                        only render figures.json anew

Everything but the processor times is the same at every run on the same corpus.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models import features, text
from models.starter import declarations
from models.starter.channels import further
from tests.quality import corpus, hard, measure, outside, page, pictures, variants

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
ROOT = HERE.parents[1]
PAGE = ROOT / "docs" / "quality.md"
IMAGES = ROOT / "docs" / "images"
NOMENCLATURES = ("naf-rev2", "naf-2025")


def main() -> None:
    """Run what the command line asks for."""
    options = _options()
    if not options.render:
        with tempfile.TemporaryDirectory(prefix="codiflux-quality-") as work:
            figures = _measured(options, Path(work))
        FIGURES.write_text(json.dumps(figures, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    render(read_figures())


def read_figures() -> dict[str, Any]:
    """The figures of the last measurement, with what is filled in by hand: ablations, second reader."""
    figures: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    for name in ("ablations", "second_reader"):
        path = HERE / f"{name}.json"
        figures[name] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    return figures


def rendered(figures: Mapping[str, Any]) -> dict[Path, str]:
    """Every generated file and its text."""
    files = {PAGE: page.page(figures)}
    for name, svg in pictures.all_pictures(figures).items():
        files[IMAGES / name] = svg
    files[corpus.CARD] = corpus.with_counts(corpus.CARD.read_text(encoding="utf-8"))
    return files


def render(figures: Mapping[str, Any]) -> None:
    """Write the generated files."""
    for path, content in rendered(figures).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        _say(f"wrote {path.relative_to(ROOT)}")


def sources() -> dict[str, Any]:
    """What the figures belong to; when it changes they are stale."""
    return {
        "corpus": corpus.digest(),
        "evaluation": corpus.file_digest(measure.EVALUATION),
        "hard": corpus.file_digest(measure.HARD),
        "text_version": text.VERSION,
        "features_version": features.VERSION,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.quality")
    parser.add_argument("--model", type=Path, help="starter model of NAF rev. 2; trained without it")
    parser.add_argument("--model-2025", type=Path, help="starter model of NAF 2025; trained without it")
    parser.add_argument("--skip-uk", action="store_true", help="do not train on the index of UK SIC 2007")
    parser.add_argument("--render", action="store_true", help="only render the figures of the last run")
    return parser.parse_args()


def _measured(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    folders = {"naf-rev2": options.model, "naf-2025": options.model_2025}
    figures: dict[str, Any] = {"sources": sources(), "models": {}}
    for name in NOMENCLATURES:
        folder = folders[name] or work / name
        if folders[name] is None:
            _say(f"training the starter model of {name}")
            _codiflux("train", "--starter", "--nomenclature", name, "--output", str(folder))
        _say(f"measuring {name}")
        figures["models"][name] = measure.measured(folder, measure.evaluation_set(name))
        figures["models"][name]["hard"] = hard.measured(folder, name)
        _check_trained_on_this_corpus(folder, figures["models"][name]["rows_trained"])
        folders[name] = folder
    _say("measuring variants")
    examples = measure.evaluation_set("naf-rev2")
    small = variants.quantised(folders["naf-rev2"], work / "quantised")
    figures["variants"] = {
        "full": variants.costs(folders["naf-rev2"], examples),
        "quantised": variants.costs(small, examples),
    }
    _say("measuring texts from elsewhere")
    figures["reference_texts"] = outside.reference_texts(folders["naf-rev2"])
    figures["real_format"] = outside.real_format_filings(folders["naf-rev2"])
    figures["uk"] = None if options.skip_uk else outside.uk_index(_train_on, work)
    return figures


def _check_trained_on_this_corpus(folder: Path, rows: int) -> None:
    """A model of another corpus would give figures that belong to no shipped data."""
    corpus = declarations.declarations()
    lines = len([*corpus, *further(corpus)])
    if rows != lines:
        raise SystemExit(f"{folder}: trained on {rows} declarations, the corpus has {lines}; train it again")


def _train_on(data: Path, nomenclature: Path, destination: Path) -> None:
    _say(f"training on {data.name}")
    _codiflux("train", "--data", str(data), "--nomenclature", str(nomenclature), "--output", str(destination))


def _codiflux(*arguments: str) -> None:
    """The command as anyone runs it: the report shows what users get."""
    subprocess.run([str(Path(sys.executable).parent / "codiflux"), *arguments], check=True, stdout=subprocess.DEVNULL)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
