"""Memory from malloc that begins as zeros, for a library that leaves some of it unfilled."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from models.errors import TrainingError

M_PERTURB = -6
"""glibc's name for "fill what malloc gives with the complement of this byte" (mallopt(3))."""
ZEROS = 0xFF
UNFILLED = 0

_lock = Lock()
_users = 0


@contextmanager
def zeroed_memory() -> Iterator[None]:
    """While any thread is inside, malloc gives zeros to the whole process, but for blocks of under a kilobyte.

    Another allocator that is loaded before the C library's is not reached, and not told apart.

    Raises
    ------
    TrainingError
        The C library is not glibc.
    """
    _count(1)
    try:
        yield
    finally:
        _count(-1)


def _count(change: int) -> None:
    global _users
    with _lock:
        before, _users = _users, _users + change
        if bool(before) != bool(_users) and not _fill_with(ZEROS if _users else UNFILLED):
            _users = before
            raise TrainingError("optimiser sgd needs the GNU C library to be reproducible: train with adagrad here")


def _fill_with(byte: int) -> bool:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(M_PERTURB, byte) == 1
