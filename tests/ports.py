"""Ports for whatever tests and benchmarks start: the one place that gives them.

A port that the system chooses (bind to 0) is one of those it gives to outgoing connections: any
process may take it before its server listens. These lie below, and a block is one process's alone
until that process ends: two xdist workers, two sessions of one user or two fixtures never get the
same.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from itertools import count
from pathlib import Path
from typing import IO

FIRST, LAST = 10_000, 32_000
"""Below the ephemeral ports (32,768 and more on Linux), so that no outgoing connection takes one."""
STEP = 10
"""Ports of a block: a broker of infra/kafka takes up to seven from the one for its clients."""
_TURNS = count()
_CLAIMS: list[IO[bytes]] = []
"""Open files, locked: the system lets go of them when this process ends, however it ends."""


def free_block() -> int:
    """First of ten ports in a row that nobody listens on, and that this process alone is given.

    Raises
    ------
    OSError
        Every block is claimed or listened on.
    """
    blocks = (LAST - FIRST) // STEP
    begin = os.getpid() * 97
    for _ in range(blocks):
        port = FIRST + (begin + next(_TURNS)) % blocks * STEP
        if _claimed(port) and all(_is_free(port + offset) for offset in range(STEP)):
            return port
    raise OSError(f"no free block of ports from {FIRST} to {LAST}")


def _claimed(port: int) -> bool:
    """Whether the block is ours from now on; one that is found taken stays claimed, and is not looked at again."""
    folder = Path(tempfile.gettempdir(), f"codiflux-ports-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    file = (folder / str(port)).open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _CLAIMS.append(file)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
