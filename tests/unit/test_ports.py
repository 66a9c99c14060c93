"""Ports of tests: below those of outgoing connections, and nobody's twice."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests import ports

ROOT = Path(__file__).resolve().parents[2]
EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_a_process_is_never_given_a_block_twice() -> None:
    """Nor two that overlap, however many are asked for before one is listened on."""
    given = [ports.free_block() for _ in range(5)]
    assert len(set(given)) == 5
    assert all(port % ports.STEP == 0 for port in given)


def test_a_block_is_given_to_one_process_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another that looks in the same place passes over it, although nobody listens there yet."""
    port = ports.free_block()
    monkeypatch.setattr(ports, "FIRST", port)
    monkeypatch.setattr(ports, "LAST", port + 2 * ports.STEP)
    asked = f"from tests import ports; ports.FIRST, ports.LAST = {port}, {port + ports.STEP}; print(ports.free_block())"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "no free block of ports" in done.stderr
    assert done.stdout == ""


def test_a_block_in_which_somebody_listens_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever of its ports it is."""
    port = ports.free_block()
    monkeypatch.setattr(ports, "_CLAIMS", [])
    monkeypatch.setattr(ports, "FIRST", port)
    monkeypatch.setattr(ports, "LAST", port + ports.STEP)
    monkeypatch.setattr(ports, "_claimed", lambda port: True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + ports.STEP - 1))
        taken.listen()
        with pytest.raises(OSError, match="no free block"):
            ports.free_block()
    assert ports.free_block() == port


def test_blocks_lie_below_the_ports_of_outgoing_connections() -> None:
    """Which may take any of theirs at any moment."""
    if not EPHEMERAL.exists():
        pytest.skip("no /proc: not Linux")
    assert int(EPHEMERAL.read_text().split()[0]) >= ports.LAST


def test_no_test_makes_a_port_of_its_own() -> None:
    """Neither one that the system chooses nor one searched for by hand."""
    by_hand = re.compile(r"\.bind\(|getsockname|\bport=0\b")
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        if by_hand.search(path.read_text(encoding="utf-8"))
    ]
    assert sorted(found) == ["tests/ports.py", "tests/unit/archive/test_stores.py", "tests/unit/test_ports.py"]
