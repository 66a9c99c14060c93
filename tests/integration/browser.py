"""Debian's Chromium without a window: what it makes of a page, and what it complains of."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import missing

DEADLINE_SECONDS = 120


@dataclass(frozen=True)
class Browsed:
    """The page after its script has run, the console's lines, and the file asked for."""

    dom: str
    console: list[str]
    written: bytes


def browse(page: Path, folder: Path, *, fragment: str, write: str) -> Browsed:
    """Open a page in a profile of its own.

    Parameters
    ----------
    write
        `print-to-pdf` or `screenshot`.
    """
    browser = shutil.which("chromium")
    if browser is None:
        missing("chromium is not installed: infra/scripts/install-system")
    written = folder / f"{fragment}{'.pdf' if write == 'print-to-pdf' else '.png'}"
    common = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--window-size=1100,1600",
    ]
    url = f"{page.as_uri()}#{fragment}"
    dom = _run([*common, f"--user-data-dir={folder / f'profile-{fragment}-dom'}", "--dump-dom", url])
    drawn = _run([*common, f"--user-data-dir={folder / f'profile-{fragment}-{write}'}", f"--{write}={written}", url])
    console = [line for line in (dom.stderr + drawn.stderr).splitlines() if re.search(r":CONSOLE[:(]", line)]
    return Browsed(dom.stdout, console, written.read_bytes())


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=True)
