"""One at a time: compaction, forgetting and expiry rewrite files, and never two of them at once.

The archiving process needs no turn: it only adds files behind the last complete batch, and the
others leave alone what is there.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stream.archive.stores import Store
from stream.errors import StorageFailed, StreamError

NAME = "_codiflux-turn.json"
STALE_SECONDS = 900.0
"""A claim in a bucket that was not renewed for so long is a dead process's."""
RENEW_SECONDS = 60.0
SETTLE_SECONDS = 1.0
"""Two who claim at once both see, after this, which claim stands."""
Renew = Callable[[], None]


@contextmanager
def turn(store: Store) -> Iterator[Renew]:
    """Be the only one that rewrites files; yields what is to be called between steps.

    In a folder the kernel holds the lock and frees it whatever ends the process. A bucket has no
    locks: there a small object is the claim, read again after a second, renewed every minute and
    taken over after a quarter of an hour.

    Raises
    ------
    StreamError
        Another one is at work, or has taken over.
    """
    with _folder(store) if store.local else _bucket(store) as renew:
        yield renew


@contextmanager
def _folder(store: Store) -> Iterator[Renew]:
    path = Path(store.root) / NAME
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StorageFailed(f"{store.name}: cannot write {NAME}: {os.strerror(error.errno or 0)}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise _busy(store) from error
        yield lambda: None
    finally:
        os.close(handle)


@contextmanager
def _bucket(store: Store) -> Iterator[Renew]:
    ours = uuid.uuid4().hex
    claim = _claim(store)
    if claim is not None and time.time() - claim[1] < STALE_SECONDS:
        raise _busy(store)
    _put(store, ours)
    time.sleep(SETTLE_SECONDS)
    renewed = time.monotonic()

    def renew() -> None:
        nonlocal renewed
        if time.monotonic() - renewed > RENEW_SECONDS:
            check()
            _put(store, ours)
            renewed = time.monotonic()

    def check() -> None:
        found = _claim(store)
        if found is None or found[0] != ours:
            raise _busy(store)

    check()
    try:
        yield renew
    finally:
        with suppress(StreamError):
            check()
            store.delete(NAME)


def _claim(store: Store) -> tuple[str, float] | None:
    if not store.exists(NAME):
        return None
    try:
        found = json.loads(store.read(NAME))
        return str(found["claim"]), float(found["at"])
    except (ValueError, KeyError, TypeError, FileNotFoundError):
        return None


def _put(store: Store, claim: str) -> None:
    store.put(NAME, json.dumps({"claim": claim, "at": time.time()}).encode())


def _busy(store: Store) -> StreamError:
    return StreamError(f"{store.name}: another compact, expire or forget is at work: wait until it has ended")
