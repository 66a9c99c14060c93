"""Documents that cannot rot: every setting, metric, exit code and command is in them, and links resolve."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from monitoring.catalogue import CATALOGUE
from stream import errors
from stream.cli import INTERRUPTED
from stream.cli.commands import app
from stream.settings import PREFIX, Settings
from stream.worker.run import UNEXPECTED

ROOT = Path(__file__).parents[2]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "infra").rglob("*.md")])

PACKAGES = ("schemas", "models", "monitoring", "stream")


def test_every_setting_is_in_the_operations_page_as_the_code_describes_it() -> None:
    """An operator finds each CODIFLUX_* variable with its default and its effect."""
    for name, field in Settings.model_fields.items():
        default = field.default
        default = default.get_secret_value() if hasattr(default, "get_secret_value") else default
        shown = "none" if default in (None, "") else f"`{getattr(default, 'value', default)}`"
        assert f"| `{PREFIX}{name.upper()}` | {shown} | {field.description} |" in OPERATIONS


def test_every_metric_is_in_the_operations_page_as_the_catalogue_describes_it() -> None:
    """An SRE finds each metric with its kind, labels and meaning."""
    for spec in CATALOGUE:
        row = f"| `{spec.name}` | {spec.kind.value} | {', '.join(spec.labels)} | {spec.help} |"
        assert row in OPERATIONS


def test_every_exit_code_is_in_the_operations_page() -> None:
    """A script that looks at exit codes finds what they mean."""
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.StreamError)
    }
    for code in {0, UNEXPECTED, INTERRUPTED, *codes}:
        assert f"| {code} |" in OPERATIONS


def test_every_command_is_named_in_the_readme_or_the_docs() -> None:
    """No command is a secret."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    for name in group.commands:
        assert f"codiflux {name}" in text, name


def test_every_command_that_code_or_docs_speak_of_is_there() -> None:
    """Nobody is sent to a command that does not exist."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    named = {
        (name, str(path.relative_to(ROOT)))
        for path in [*PAGES, *sources]
        for name in re.findall(r"`codiflux ([a-z][a-z-]*)", path.read_text(encoding="utf-8"))
    }
    assert [found for found in sorted(named) if found[0] not in group.commands] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_our_pages_resolve(page: Path) -> None:
    """A link to another file of the project leads somewhere."""
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def helps(command: Any, name: str = "codiflux") -> Iterator[tuple[str, str]]:
    """The help of a command and of all below it, groups too, by the words one types."""
    yield name, command.help or ""
    for word, below in getattr(command, "commands", {}).items():
        yield from helps(below, f"{name} {word}")


@pytest.mark.parametrize(("command", "text"), [pytest.param(*h, id=h[0]) for h in helps(typer.main.get_command(app))])
def test_every_command_and_every_group_has_an_example_of_itself_in_its_help(command: str, text: str) -> None:
    """Help without an example is half a help."""
    assert re.search(rf"Examples?: `(CODIFLUX_\S+ )*{command}[ `]", text)
