"""Free ports for the brokers that tests and benchmarks start."""

from __future__ import annotations

import os
import socket

STEP = 10
OF_A_BROKER = (0, 3, 6)
"""What infra/kafka takes, counted from the port for clients."""


def free_block(first: int, last: int) -> int:
    """First port of a block that a broker can take; where to begin depends on the process.

    Several sessions at work on one machine look in different places.

    Parameters
    ----------
    first, last
        Where to look, below the ephemeral ports.
    """
    blocks = (last - first) // STEP
    for step in range(blocks):
        port = first + (os.getpid() * 7 + step) % blocks * STEP
        if all(_is_free(port + offset) for offset in OF_A_BROKER):
            return port
    raise OSError(f"no free block of ports from {first} to {last}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
