"""Whose archive a folder is: a file at its root says so, and a folder without it is left alone."""

from __future__ import annotations

import json

from stream.archive.layout import MARKER
from stream.archive.stores import Store, open_store
from stream.errors import UsageError

FORMAT = 1


def open_archive(uri: str) -> Store:
    """An archive that is there already.

    Raises
    ------
    UsageError
        There is none, or one of a later format.
    StorageFailed
        The folder or bucket cannot be read.
    """
    store = open_store(uri)
    if _marker(store) is None:
        raise UsageError(f"{store.name}: no archive there ({MARKER} is missing)")
    return store


def claim(store: Store, *, topic_prefix: str, cluster: str) -> None:
    """Make the folder our archive, or see that it is the archive of these topics.

    Parameters
    ----------
    cluster
        Kafka's own name of itself: offsets of another cluster are other offsets.

    Raises
    ------
    UsageError
        The folder has other things in it, or the archive of other topics.
    """
    ours = {"format": FORMAT, "topic_prefix": topic_prefix, "cluster": cluster}
    marker = _marker(store)
    if marker is None:
        stranger = next(iter(store.files()), None)
        if stranger is not None:
            raise UsageError(
                f"{store.name}: has other files in it ({stranger.path}) and is no archive: give an empty folder"
            )
        store.put(MARKER, (json.dumps(ours) + "\n").encode())
        return
    for name, said in (("topic_prefix", "topic prefix"), ("cluster", "Kafka cluster")):
        if marker.get(name) != ours[name]:
            raise UsageError(
                f"{store.name}: is the archive of {said} {marker.get(name)!r}, not {ours[name]!r}:"
                " give another folder, offsets of the two do not continue each other"
            )


def _marker(store: Store) -> dict[str, object] | None:
    if not store.exists(MARKER):
        return None
    try:
        found = json.loads(store.read(MARKER))
        number = int(found["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{store.name}: {MARKER} is not one of ours") from error
    if number > FORMAT:
        raise UsageError(f"{store.name}: an archive of format {number}, this version reads up to {FORMAT}")
    return dict(found)
