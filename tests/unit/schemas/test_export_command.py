"""`codiflux schemas export`."""

from __future__ import annotations

from pathlib import Path

import yaml
from typer.testing import CliRunner

from schemas import export
from schemas.yaml_text import to_yaml
from stream.cli.commands import app
from stream.errors import UsageError


def test_export_writes_what_check_then_finds_current(tmp_path: Path) -> None:
    """Written, checked, edited, refused by name."""
    run = CliRunner().invoke
    assert run(app, ["schemas", "export", "--output", str(tmp_path)]).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == export.documents().keys()
    assert run(app, ["schemas", "export", "--output", str(tmp_path), "--check"]).exit_code == 0
    (tmp_path / export.ASYNCAPI).write_text("asyncapi: 2", encoding="utf-8")
    refused = run(app, ["schemas", "export", "--output", str(tmp_path), "--check"])
    assert isinstance(refused.exception, UsageError)
    assert "stale: asyncapi.yaml" in str(refused.exception)


def test_our_yaml_is_read_as_it_was_meant() -> None:
    """Words, numbers and texts that YAML would take for something else keep their type."""
    value = {
        "no": ["yes", "null", "1.0", "1e3", "- a", "a: b", "é", "", " x", "#", "a #b", "~", "2026-01-01", "0x1", "_1"],
        "n": [1, -1, 1.5, True, None, {}, [], {"a": [{"b": [1]}, "c"]}, ["d", ["e"]]],
        "a.b": {"$ref": "#/x", "x": "line\nline"},
    }
    assert yaml.safe_load(to_yaml(value)) == value
