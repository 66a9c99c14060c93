"""What the system refuses where nothing looks for it, and what only seems so."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from stream.errors import refused_by_the_system
from stream.replay import member


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(28, "No space left on device", "a/b"), "a/b: No space left on device"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError(18, "Invalid cross-device link", "a", None, "b"), "a: b: Invalid cross-device link"),
        (OSError("a library's own"), None),
        (ConnectionRefusedError(111, "Connection refused"), None),
        (TimeoutError(110, "Connection timed out"), None),
    ],
)
def test_a_disk_is_told_from_a_connection_and_from_a_defect(error: OSError, line: str | None) -> None:
    """The first is one line and exit code 74; the others are for whoever called, or a traceback."""
    refused = refused_by_the_system(error)
    assert (refused and str(refused)) == line
    assert refused is None or refused.exit_code == 74


def refusing(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_a_process_of_a_replay_says_what_its_disk_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """The line and the exit code that one process alone would end with; a defect has its traceback."""
    assert member._ended(refusing(OSError(28, "No space left on device", "a/b"))) == 74
    assert json.loads(capfd.readouterr().out) == {"error": "a/b: No space left on device", "exit_code": 74}
    assert member._ended(refusing(ConnectionResetError(104, "Connection reset"))) == 1
    assert "ConnectionResetError" in capfd.readouterr().err
