"""`codiflux archive` and its commands: options before a command's name are that command's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stream.archive.stores import Store
from stream.cli import app
from stream.errors import UsageError
from tests.unit.archive.fields import archived, messages, new_store
from tests.unit.archive.test_writing import offsets

COMMANDS = [["forget", "J000003"], ["expire", "--older-than", "1d"], ["compact"], ["verify"]]


@pytest.fixture
def meant(tmp_path: Path) -> Store:
    """The archive that the tests name on the command line."""
    return ten_rows(tmp_path / "meant")


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The archive that the environment names."""
    store = ten_rows(tmp_path / "other")
    monkeypatch.setenv("CODIFLUX_ARCHIVE_OUTPUT", store.name)
    return store


def ten_rows(folder: Path) -> Store:
    store = new_store(folder)
    archived(store, messages(range(5)), messages(range(5, 10)))
    return store


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["archive", *arguments])


@pytest.mark.parametrize("place", ["before", "after"])
def test_the_archive_that_is_named_is_the_one_that_forgets(meant: Store, other: Store, place: str) -> None:
    """Wherever `--output` stands, and whatever the environment names."""
    output, forget = ["--output", meant.name], ["forget", "J000003"]
    done = command(*([*output, *forget] if place == "before" else [*forget, *output]))
    assert done.exit_code == 0, done.output
    assert offsets(meant) == [0, 1, 2, *range(4, 10)]
    assert offsets(other) == list(range(10))


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_every_command_takes_the_archive_and_json_from_before_its_name(
    meant: Store, other: Store, arguments: list[str]
) -> None:
    """Nothing of the other archive is written or read: it may be no archive at all."""
    for stored in list(other.files()):
        other.delete(stored.path)
    done = command("--output", meant.name, "--json", *arguments)
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads(done.stdout.splitlines()[-1])
    assert list(other.files()) == []


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_two_archives_for_one_command_are_refused(meant: Store, other: Store, arguments: list[str]) -> None:
    """What is erased cannot be had back: no guess which of the two was meant."""
    done = command("--output", other.name, *arguments, "--output", meant.name)
    assert isinstance(done.exception, UsageError)
    assert "give one archive" in str(done.exception)
    assert offsets(other) == offsets(meant) == list(range(10))


@pytest.mark.parametrize(
    "option", [["--once"], ["--received"], ["--topic-prefix", "x."], ["--flush-seconds", "1"]], ids=lambda o: o[0]
)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_an_option_that_a_command_has_no_use_for_is_refused(
    meant: Store, option: list[str], arguments: list[str]
) -> None:
    """Whoever gives one expects it to do something."""
    done = command("--output", meant.name, *option, *arguments)
    assert isinstance(done.exception, UsageError)
    assert str(done.exception) == f"archive {arguments[0]}: has no use for {option[0]}: leave it out"
    assert offsets(meant) == list(range(10))
