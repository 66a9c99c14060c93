"""What is on the wire: released messages stay readable, documents are current, inputs read as agreed."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from schemas import export, topics
from schemas.asyncapi import OUTSIDE
from schemas.codec import decode, decode_formalities, encode
from schemas.decision import Candidate, Decision, Source
from schemas.documentation import fields_of, members_of
from schemas.drift import Contribution
from schemas.errors import UnreadableMessage
from schemas.reasons import DeadLetterReason, DecisionReason
from schemas.reference import refreshed, tables

GOLDEN = Path(__file__).parent / "golden"
RELEASED = sorted((GOLDEN / "v1").glob("*.json"))
INPUTS = sorted(path for path in (GOLDEN / "inputs").glob("*.json") if not path.stem.endswith(".expected"))
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "messages.md"
NOW = datetime(2026, 3, 2, 7, 15, 30, tzinfo=UTC)
KEY = b"KEY-1"


def named(path: Path) -> str:
    return path.stem


def assert_read(read: Any, written: Any, kind: str) -> None:
    """Every value of the golden that we know is in what was read, instants compared as instants."""
    if isinstance(written, dict):
        for name in written.keys() & read.keys():
            assert_read(read[name], written[name], f"{kind}.{name}")
    elif isinstance(written, list):
        assert len(read) == len(written), kind
        for one, other in zip(read, written, strict=True):
            assert_read(one, other, kind)
    elif kind.endswith(("_at", ".timestamp", ".since")) and written is not None:
        assert datetime.fromisoformat(read) == datetime.fromisoformat(written), kind
    else:
        assert read == written, kind


@pytest.mark.parametrize("path", RELEASED, ids=named)
def test_every_released_message_stays_readable(path: Path) -> None:
    """A message written by any released version is read, with the values it was written with."""
    name = path.name.split(".")[0]
    message = decode(export.MESSAGES[name], path.read_bytes())
    assert_read(message.model_dump(mode="json"), json.loads(path.read_text(encoding="utf-8")), name)
    assert decode(type(message), encode(message)) == message


def test_the_bytes_of_a_decision_are_exactly_these() -> None:
    """Names, their order and the writing of values are part of the promise."""
    golden = (GOLDEN / "v1" / "decision.encoded.bytes").read_bytes()
    assert encode(decode(Decision, golden)) == golden
    assert (
        list(json.loads(golden))
        == (
            "schema_version decision_id formality_id route stage reason code label candidates confidence_index"
            " threshold audit model_version policy_version nomenclature received_at decided_at source formality"
        ).split()
    )
    assert list(json.loads(golden)["source"]) == ["topic", "partition", "offset", "timestamp"]
    assert list(json.loads(golden)["candidates"][0]) == ["code", "label", "probability"]


def test_no_released_golden_was_edited() -> None:
    """A released file may be joined by others, never changed."""
    lines = (GOLDEN / "v1" / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((GOLDEN / "v1" / name).read_bytes()).hexdigest() == digest, name
    listed = {line.split("  ")[1] for line in lines}
    assert {path.name for path in (GOLDEN / "v1").iterdir()} - {"SHA256SUMS"} == listed


@pytest.mark.parametrize("path", INPUTS, ids=named)
def test_an_accepted_input_reads_as_agreed(path: Path) -> None:
    """Input bytes give exactly the filings, or the reason, written beside them."""
    expected = json.loads((path.parent / f"{path.stem}.expected.json").read_text(encoding="utf-8"))
    try:
        read: Any = [f.model_dump(mode="json") for f in decode_formalities(path.read_bytes(), key=KEY, timestamp=NOW)]
    except UnreadableMessage as error:
        read = {"reason": error.reason.value, "detail": error.detail}
    assert read == expected


@pytest.mark.parametrize("path", [path for path in INPUTS if "insee" in path.name or "counter" in path.name], ids=named)
def test_foreign_inputs_we_read_fit_their_json_schema(path: Path) -> None:
    """The schemas of the foreign bodies accept what is read and, but for missing markers, not what is refused."""
    name = "insee-body" if path.name.startswith("insee") else "one-stop-counter"
    schema = json.loads((export.COMMITTED / export.file_name(name)).read_text(encoding="utf-8"))
    body = json.loads(path.read_text(encoding="utf-8"))
    body = json.loads(json.dumps(body).replace('"NaN"', "null").replace('"NA"', "null"))
    # Codes that a spreadsheet turned into numbers are read, but no sender should be told to write them.
    for form in [body, *body.get("forms", [])]:
        form.update({key: None for key in ("nature", "cj") if isinstance(form.get(key), int | float)})
    errors = list(Draft202012Validator(schema).iter_errors(body))
    assert bool(errors) == ("missing-description" in path.name), errors


def schema_of(name: str) -> Draft202012Validator:
    schema = json.loads((export.COMMITTED / export.file_name(name)).read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("path", RELEASED, ids=named)
def test_what_the_codec_writes_fits_its_json_schema(path: Path) -> None:
    """A validator downstream accepts every message we write, and those of earlier versions."""
    name = path.name.split(".")[0]
    validator = schema_of(name)
    message = decode(export.MESSAGES[name], path.read_bytes())
    validator.validate(json.loads(encode(message)))
    validator.validate(json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("route", "elsewhere"),
        ("decision_id", None),
        ("confidence_index", 1.5),
        ("threshold", -0.1),
        ("candidates", [{"code": "5610C", "label": "x"}]),
        ("candidates", [{"code": "5610C", "label": "x", "probability": 0.1}] * 6),
        ("source", {"topic": "t", "partition": -1, "offset": 0}),
        ("formality", {"formality_id": "a"}),
        ("schema_version", 0),
    ],
)
def test_what_the_codec_refuses_does_not_fit_the_json_schema(field: str, value: Any) -> None:
    """Schema and codec agree on what is no decision."""
    broken = {**json.loads((GOLDEN / "v1" / "decision.auto.json").read_text(encoding="utf-8")), field: value}
    with pytest.raises(UnreadableMessage):
        decode(Decision, json.dumps(broken).encode())
    assert not schema_of("decision").is_valid(broken)


def test_committed_documents_are_current() -> None:
    """`codiflux schemas export` would change nothing."""
    assert export.stale(export.COMMITTED) == []


def test_the_message_reference_is_current() -> None:
    """`codiflux schemas export --reference docs/messages.md` would change nothing, and shows every table."""
    page = REFERENCE.read_text(encoding="utf-8")
    assert refreshed(page) == page
    assert set(re.findall(r"<!-- generated: ([a-z-]+) -->", page)) == tables().keys()


def test_a_stale_document_is_told_by_name(tmp_path: Path) -> None:
    """Edited, missing and left-over files are each named."""
    export.write(tmp_path)
    (tmp_path / "label.v1.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / "asyncapi.yaml").unlink()
    (tmp_path / "gone.v0.schema.json").write_text("{}", encoding="utf-8")
    assert export.stale(tmp_path) == ["asyncapi.yaml", "gone.v0.schema.json", "label.v1.schema.json"]


def test_every_field_and_reason_is_documented() -> None:
    """No generated table has an empty meaning."""
    for kind in export.MESSAGES.values():
        said = fields_of(kind)
        assert said.keys() == kind.model_fields.keys()
        assert all(said.values())
    for part in (Candidate, Source):
        assert all(fields_of(part)[name] for name in part.__dataclass_fields__)
    assert fields_of(Contribution).keys() == Contribution.model_fields.keys()
    for reasons in (DecisionReason, DeadLetterReason):
        assert members_of(reasons).keys() == {reason.value for reason in reasons}


def test_the_asyncapi_document_describes_every_topic() -> None:
    """Channels, bindings and operations follow the topic table, and every reference leads somewhere."""
    text = (export.COMMITTED / export.ASYNCAPI).read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == [topic.name for topic in topics.TOPICS]
    for topic in topics.TOPICS:
        binding = document["channels"][topic.name]["bindings"]["kafka"]["topicConfiguration"]
        assert binding["cleanup.policy"] == (["compact"] if topic.compacted else ["delete"])
        people = {*topic.writers.split(", "), *topic.readers.split(", ")} - OUTSIDE
        about = [o for o in document["operations"].values() if o["channel"]["$ref"] == f"#/channels/{topic.name}"]
        assert {o["summary"].removeprefix("The ").split(" reads ")[0].split(" writes ")[0] for o in about} == people
    for reference in re.findall(r'"\$ref": "?([^"\n]+)"?', text):
        if reference.startswith("#/"):
            target = document
            for part in reference[2:].split("/"):
                target = target[part]
        else:
            assert (export.COMMITTED / reference).is_file(), reference
