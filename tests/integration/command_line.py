"""Running commands as a user does, and reading what they print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def write_csv(path: Path, text: str) -> Path:
    """A file of a test's own."""
    path.write_text(text, encoding="utf-8")
    return path
