"""The house from outside: what lies at the top, what the locks hold, what is nowhere."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ROOT / "infra" / "requirements"
TOP = {
    *("stream", "models", "schemas", "monitoring", "infra", "tests", "docs"),
    *("pyproject.toml", "docker-compose.yml", "README.md", "Makefile", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
}
MADE_HERE = {"codiflux.egg-info", "build", "dist", "model"}
"""What commands leave at the top and .gitignore names."""
NOT_OURS = re.compile(r"\.git|\.venv.*|.*_cache|\.cache|\.hypothesis|__pycache__|.*\.egg-info|build|dist|model|target")
FORBIDDEN_NAMES = re.compile(
    r"uv\.lock|poetry\.lock|pdm\.lock|Pipfile.*|requirements.*\.txt|package-lock\.json|.*\.(pkl|pickle|orig|rej|pem|key)"
)
# Written in pieces, for this file to be no finding itself.
FORBIDDEN_TEXTS = [
    "".join(pieces)
    for pieces in (
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("repo1.", "maven"),
        ("repo.maven", ".apache"),
        ("registry.", "npmjs"),
        ("proxy.go", "lang"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
    )
]
LOCKED = re.compile(r"^(?P<name>[a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==(?P<version>[0-9][\w.!]*)(?: ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


def files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not NOT_OURS.fullmatch(name)]
        # In a worktree `.git` is a file.
        yield from (Path(folder, name) for name in names if name != ".git")


def locked(name: str) -> dict[str, str]:
    lines = (LOCKS / f"{name}.lock").read_text().splitlines()
    return {match["name"]: match["version"] for match in map(LOCKED.match, lines) if match}


def asked() -> dict[str, list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    development = [*runtime, *project["project"]["optional-dependencies"]["development"]]
    return {
        "runtime": [Requirement(line) for line in runtime],
        "development": [Requirement(line) for line in development],
    }


def test_the_top_level_is_what_was_agreed() -> None:
    """The customer's names, the usual files beside them, and nothing else but dot-files."""
    there = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert there - MADE_HERE == TOP


def test_no_file_that_another_tool_would_leave_is_in_the_house() -> None:
    """No second lock, no pickle, no key, no leftover of a merge."""
    assert [str(path.relative_to(ROOT)) for path in files() if FORBIDDEN_NAMES.fullmatch(path.name)] == []


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    """Where packages come from is the business of the machine, and paths are relative."""
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in files()
        for content in [path.read_bytes()]
        for text in FORBIDDEN_TEXTS
        if text.encode() in content
    ]
    assert found == []


@pytest.mark.parametrize("name", ["runtime", "development", "bench", "s3"])
def test_a_lock_holds_names_versions_and_hashes_and_nothing_else(name: str) -> None:
    """No index, no path, no comment; each version with at least one hash."""
    lines = (LOCKS / f"{name}.lock").read_text().splitlines()
    assert [line for line in lines if not LOCKED.match(line) and not HASH.match(line)] == []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert HASH.match(line) or HASH.match(following), f"no hash: {line}"


@pytest.mark.parametrize("name", ["runtime", "development"])
def test_a_lock_gives_everything_that_pyproject_asks_for(name: str) -> None:
    """Otherwise: `make lock`."""
    versions = locked(name)
    for requirement in asked()[name]:
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement} is not in {name}.lock"
        assert requirement.specifier.contains(version), f"{name}.lock has {version}, pyproject asks for {requirement}"


def test_tests_run_on_the_very_versions_that_are_shipped() -> None:
    """The development lock is the runtime lock and more."""
    assert locked("runtime").items() <= locked("development").items()


def test_the_compared_libraries_run_on_our_versions_where_both_use_one() -> None:
    """A comparison of frameworks, not of two versions of fastText or numpy."""
    ours, theirs = locked("runtime"), locked("bench")
    for name in ("fasttext-numpy2", "numpy", "pyarrow", "pystemmer", "scipy", "unidecode"):
        assert theirs[name] == ours[name]


def test_scripts_can_be_run() -> None:
    """A file that starts with `#!` may be executed."""
    scripts = [path for folder in (ROOT / "infra", ROOT / ".ci") for path in folder.rglob("*") if path.is_file()]
    beginning = [path for path in scripts if path.read_bytes()[:2] == b"#!"]
    assert beginning
    assert [path.name for path in beginning if not os.access(path, os.X_OK)] == []
