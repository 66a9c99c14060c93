"""train, evaluate, choose-threshold and predict, as a user runs them. No service is needed."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.artefact import open_model
from models.decide import decide
from models.policy import Policy, parse
from models.starter import declarations
from schemas.formality import CODING_FIELDS, Formality

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
DEADLINE_SECONDS = 240


def codiflux(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of this process's settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CODIFLUX_")}
    return subprocess.run(
        [sys.executable, "-m", "stream.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
        env={**clean, "COLUMNS": "120", **environment},
    )


def last_object(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON object that ends standard output, of a command that succeeded."""
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def refusal(done: subprocess.CompletedProcess[str], code: int) -> str:
    """The one line of a command that was refused."""
    assert done.returncode == code, (done.returncode, done.stderr)
    assert "Traceback" not in done.stderr
    line = done.stderr.strip().splitlines()[-1]
    assert line.startswith("codiflux: error: ")
    return line


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Path:
    """Starter filings of the small model's codes, other lines than most it was trained on."""
    codes = open_model(small_model)[1].classifier.codes  # type: ignore[attr-defined]
    lines = [line for line in declarations.declarations() if line.codes[0] in codes]
    path = tmp_path_factory.mktemp("data") / "labelled.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*CODING_FIELDS, "code"])
        for example in declarations.examples(lines[:1_500], nomenclature="naf-rev2", seed=1):
            writer.writerow([*(getattr(example.formality, name) for name in CODING_FIELDS), example.code])
    return path


def write_csv(path: Path, text: str) -> Path:
    """A file of a test's own."""
    path.write_text(text, encoding="utf-8")
    return path


def test_another_nomenclature_is_trained_and_measured_through_the_commands(tmp_path: Path) -> None:
    """The UK SIC 2007 index: its own codes, no levels invented, far above chance on a fifth held out."""
    source = SHARED_DATA / "uk_sic_index_train.csv"
    if not source.is_file():
        pytest.skip("reference data not here: ../shared/data/uk_sic_index_train.csv")
    with source.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["code"]) for row in csv.DictReader(file)]
    random.Random(1).shuffle(rows)
    held_out, kept = rows[: len(rows) // 5], rows[len(rows) // 5 :]
    codes = sorted({code for _, code in rows})
    table = tmp_path / "uk-sic.csv"
    table.write_text("code,label\n" + "".join(f"{code},UK SIC {code}\n" for code in codes), encoding="utf-8")
    for name, part in (("train.csv", kept), ("held_out.csv", held_out)):
        with (tmp_path / name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("description_activity", "code"), *part])

    model = tmp_path / "model"
    trained = last_object(
        codiflux("train", "--data", tmp_path / "train.csv", "--nomenclature", table, "--output", model, "--json")
    )
    figures = last_object(codiflux("evaluate", "--model", model, "--data", tmp_path / "held_out.csv", "--json"))

    assert (trained["nomenclature"], trained["rows"]) == ("uk-sic", len(kept))
    assert figures["rows"] == len(held_out)
    assert set(figures["accuracy"]) == {"level_1"}
    # Measured: 0.465, where the most frequent code is 1 % and plain fastText on the same words, without
    # the six tokens of variables that are all missing here, has 0.508. A floor, not a target.
    assert figures["accuracy"]["level_1"] == figures["top_k"]["1"] > 0.4
    assert figures["top_k"]["5"] > 0.6


def test_evaluate_has_the_keys_others_script_against(small_model: Path, labelled: Path) -> None:
    """Names of the contract, shares between 0 and 1, and the model's own threshold by default."""
    figures = last_object(codiflux("evaluate", "--model", small_model, "--data", labelled, "--json"))
    contract = {
        "rows",
        "accuracy",
        "top_k",
        "macro_f1",
        "ece",
        "brier",
        "threshold",
        "automation",
        "auto_error",
        "accuracy_intervals",
        "top_k_intervals",
        "automation_interval",
        "auto_error_interval",
    }

    assert contract <= set(figures)
    assert list(figures["accuracy"]) == [f"level_{level}" for level in range(1, 6)]
    assert list(figures["top_k"]) == list("12345")
    shares = list(figures["accuracy"].values())
    assert shares == sorted(shares, reverse=True)
    assert figures["threshold"] == json.loads((small_model / "manifest.json").read_bytes())["default_threshold"]


def test_evaluate_prints_tables_for_people(small_model: Path, labelled: Path) -> None:
    """The same figures, readable; a threshold of the user's own."""
    done = codiflux("evaluate", "--model", small_model, "--data", labelled, "--threshold", "0.25")

    assert done.returncode == 0, done.stderr
    assert "right at level 5" in done.stdout
    assert "At threshold 0.25" in done.stdout


def test_choose_threshold_keeps_its_target_and_writes_a_policy(
    small_model: Path, labelled: Path, tmp_path: Path
) -> None:
    """The figures are those of evaluate with that policy; a segment keeps its target or the global threshold."""
    policy_file = tmp_path / "policy.json"
    chosen = last_object(
        codiflux(
            *("choose-threshold", "--model", small_model, "--data", labelled, "--max-error", 0.3),
            *("--by", "section", "--policy-output", policy_file, "--json"),
        )
    )
    policy = parse(policy_file.read_bytes())
    figures = last_object(
        codiflux("evaluate", "--model", small_model, "--data", labelled, "--policy", policy_file, "--json")
    )

    assert chosen["auto_error"] <= chosen["auto_error_upper"] <= 0.3
    assert {"threshold", "automation", "auto_error", "auto_error_upper"} == set(chosen["curve"][0])
    assert policy.threshold == chosen["threshold"]
    assert policy.version == chosen["policy_version"] == figures["policy_version"]
    assert figures["automation"] == pytest.approx(chosen["combined"]["automation"])
    assert figures["auto_error"] == pytest.approx(chosen["combined"]["auto_error"])
    for segment in chosen["segments"]:
        if segment["own_threshold"]:
            assert segment["auto_error_upper"] <= 0.3
        else:
            assert segment["threshold"] == policy.threshold


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_predict_decides_as_the_stream_does_and_loses_no_row(kind: str, small_model: Path, tmp_path: Path) -> None:
    """The same rows in three kinds of file, in and out: the same decisions, unreadable rows in their place."""
    rows: list[dict[str, Any]] = [
        {"formality_id": "a", "description_activity": "boulangerie artisanale", "nature": "10", "cj": "5710"},
        {"formality_id": "b", "description_activity": "idem", "nature": None, "cj": None},
        {"formality_id": "c", "description_activity": "plomberie", "nature": "1O", "cj": None},
        {"formality_id": None, "description_activity": None, "nature": None, "cj": None},
        {"formality_id": "e", "description_activity": 'Pose, de\n"carrelage" ; sols', "nature": "4.0", "cj": "5710.0"},
    ]
    source, output = tmp_path / f"in.{kind}", tmp_path / f"out.{kind}"
    _write(source, rows)
    tally = last_object(codiflux("predict", source, "--model", small_model, "--output", output, "--json"))
    found = _read(output)

    assert tally["rows"] == len(found) == 5
    assert tally["unreadable"] == {"invalid_field": 1, "missing_field": 1}
    assert [row["formality_id"] for row in found] == ["a", "b", "c", "in-4", "e"]
    assert [row["reason"] for row in found][1:4] == ["refers_elsewhere", "invalid_field", "missing_field"]
    assert [bool(row["error"]) for row in found] == [False, False, True, True, False]
    assert "1O" not in found[2]["error"]
    manifest, model = open_model(small_model)
    formality = Formality(
        formality_id="e",
        received_at=datetime(2026, 1, 1, tzinfo=UTC),
        description_activity='Pose, de\n"carrelage" ; sols',
        nature="04",
        cj="5710",
    )
    decision = decide(formality, model=model, policy=Policy(threshold=manifest.default_threshold))
    last = found[4]
    assert (last["decision_id"], last["code"], last["route"]) == (
        decision.decision_id,
        decision.code,
        decision.route.value,
    )
    assert float(last["probability_5"]) == decision.candidates[4].probability
    assert last["model_version"] == manifest.version
    assert sorted(tmp_path.iterdir()) == sorted([source, output])


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)


def _read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return found
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_predict_gives_the_same_bytes_again_and_replaces_only_when_told(
    small_model: Path, labelled: Path, tmp_path: Path
) -> None:
    """A second run is refused, one with --force gives the same file, also when the input was touched."""
    output = tmp_path / "out.csv"
    command = ("predict", labelled, "--model", small_model, "--output", output)
    assert codiflux(*command).returncode == 0
    first = output.read_bytes()

    assert "--force" in refusal(codiflux(*command), 2)
    os.utime(labelled, (1_000_000_000, 1_000_000_000))
    assert codiflux(*command, "--force").returncode == 0
    assert output.read_bytes() == first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("texte,code\npain,4711B\n", "no column description_activity; found texte, code"),
        ("", "the file is empty"),
        ("description_activity,description_activity\na,b\n", "there twice"),
        ('description_activity,nature\n"pain,10\nvin,17\n', "line 2: not CSV"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused_in_one_line(
    content: str, said: str, small_model: Path, tmp_path: Path
) -> None:
    """Naming the file and what is wrong; nothing is written."""
    source = write_csv(tmp_path / "in.csv", content)
    line = refusal(codiflux("predict", source, "--model", small_model, "--output", tmp_path / "out.csv"), 2)

    assert said in line
    assert str(source) in line
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("plomberie,4322A\npain,9999X\n", "line 3: code 9999X is not in naf-rev2"),
        ("plomberie,4322A\n,4322A\n", "line 3: missing_field"),
        ("plomberie,\n", "line 2: no code"),
        ("", "no rows under the header"),
    ],
)
def test_a_labelled_row_that_is_none_is_named_by_its_line(
    rows: str, said: str, small_model: Path, tmp_path: Path
) -> None:
    """For evaluate and train alike, since a label that is left out flatters."""
    source = write_csv(tmp_path / "in.csv", f"description_activity,code\n{rows}")

    for command in (("evaluate", "--model", small_model), ("train", "--output", tmp_path / "model")):
        assert said in refusal(codiflux(*command, "--data", source), 2)
    assert list(tmp_path.iterdir()) == [source]


def test_a_damaged_parquet_file_is_refused(small_model: Path, tmp_path: Path) -> None:
    """Cut short, as an interrupted copy leaves it."""
    source = tmp_path / "in.parquet"
    pq.write_table(pa.table({"description_activity": ["pain"] * 1_000}), source)
    source.write_bytes(source.read_bytes()[:-20])

    line = refusal(codiflux("predict", source, "--model", small_model, "--output", tmp_path / "out.csv"), 2)
    assert "in.parquet: not a Parquet file, or cut short" in line


def test_a_model_that_is_missing_or_tampered_with_is_refused(small_model: Path, labelled: Path, tmp_path: Path) -> None:
    """Naming the folder or the file, exit code 1."""
    import shutil

    copy = Path(shutil.copytree(small_model, tmp_path / "copy"))
    (copy / "nomenclature.csv").write_text("code,label\nA,a\nB,b\n")

    assert "codiflux train --starter" in refusal(
        codiflux("evaluate", "--model", tmp_path / "no", "--data", labelled), 1
    )
    assert "nomenclature.csv: altered" in refusal(codiflux("evaluate", "--model", copy, "--data", labelled), 1)


def test_codes_are_read_as_people_write_them_and_several_files_as_one(small_model: Path, tmp_path: Path) -> None:
    """43.22A and 4322a are 4322A; files may follow one --data or several."""
    one = write_csv(tmp_path / "one.csv", "description_activity,code\nplomberie,43.22A\nchauffagiste,4322a\n")
    two = write_csv(tmp_path / "two.csv", "description_activity;code\nélectricien;43.21A\n")
    command = ("evaluate", "--model", small_model, "--json")

    assert last_object(codiflux(*command, "--data", one, two))["rows"] == 3
    assert last_object(codiflux(*command, "--data", one, "--data", two))["rows"] == 3


@pytest.mark.parametrize("command", ["train", "predict"])
def test_an_interrupt_leaves_nothing_behind(command: str, small_model: Path, tmp_path: Path) -> None:
    """Ctrl-C in the middle: exit code 130, no traceback, no half file or folder, within seconds."""
    source = tmp_path / "in.csv"
    source.write_text("description_activity\n" + "".join(f"pose de {n} portes en bois\n" for n in range(400_000)))
    arguments = {
        "train": ("train", "--starter", "--output", tmp_path / "model"),
        "predict": ("predict", source, "--model", small_model, "--output", tmp_path / "out.csv"),
    }[command]
    process = subprocess.Popen(
        [sys.executable, "-m", "stream.cli", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        # A job that a shell puts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not any(path != source for path in tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert any(path != source for path in tmp_path.iterdir())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert "Traceback" not in errors
    assert list(tmp_path.iterdir()) == [source]


def test_the_starter_is_not_offered_for_a_nomenclature_it_does_not_have(tmp_path: Path) -> None:
    """And --starter and --data exclude each other."""
    table = write_csv(tmp_path / "own.csv", "code,label\nA,a\nB,b\n")

    assert "no codes of own" in refusal(
        codiflux("train", "--starter", "--nomenclature", table, "--output", tmp_path / "m"), 2
    )
    assert "--starter or --data" in refusal(codiflux("train", "--output", tmp_path / "m"), 2)


@pytest.mark.parametrize("command", ["train", "evaluate", "choose-threshold", "predict"])
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    """What --help is for."""
    done = codiflux(command, "--help")

    assert done.returncode == 0
    assert f"codiflux {command}" in done.stdout
    assert "Example" in done.stdout


def test_a_table_of_every_fault_keeps_every_row(small_model: Path, tmp_path: Path) -> None:
    """JSON Lines with broken lines: one row out for each row in, each fault with its reason."""
    source = tmp_path / "in.jsonl"
    lines = [b'{"description_activity": "plomberie"}', b"{", b"[1]", b'{"description_activity": "caf\xe9"}', b"{}"]
    source.write_bytes(b"\n".join([*lines, b'{"description_activity": "' + b"x" * 1_000_001 + b'"}', lines[0]]))
    output = tmp_path / "out.jsonl"
    last_object(codiflux("predict", source, "--model", small_model, "--output", output, "--json"))
    reasons = [row["reason"] for row in _read(output)]

    assert reasons[1:6] == ["not_json", "not_a_formality", "not_utf8", "missing_field", "too_large"]
    assert Counter(row["code"] is None for row in _read(output)) == {True: 5, False: 2}
