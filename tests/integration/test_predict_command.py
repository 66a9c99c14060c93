"""predict, as a user runs it. No service is needed."""

from __future__ import annotations

import csv
import json
import os
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
from models.policy import Policy
from schemas.formality import Formality
from tests.integration.command_line import codiflux, last_object, refusal


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
