"""Whom labels are for: ids of labels found among the filings of one file after the other.

Labels are held once, sorted by a hash of their id; a filing's id is hashed and looked up there, and
compared. So the time is that of the filings and of the labels, not of one times the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stream.replay.judged import Micros

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

ABSENT = -1
"""Position of a filing that is not in the run."""
_PRIME = np.uint64(0x100000001B3)
_BASIS = 0xCBF29CE484222325


def find(ids: pa.Array, filings: Iterable[tuple[pa.Array, Micros]]) -> tuple[Positions, Micros]:
    """Where the filing of each label stands, and when it was received; a filing that is there twice stands first.

    Parameters
    ----------
    ids
        Of the labels; several labels may have one.
    filings
        Ids and event times of filings, part by part.

    Returns
    -------
    Positions, Micros
        One a label: `ABSENT` and 0 where there is no filing.
    """
    hashes, seed = _distinguishing(ids)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    # Labels of one id stand together; what is found is noted at the first of them.
    first = np.searchsorted(ordered, ordered, side="left")
    found, received = np.full(len(ids), ABSENT, dtype=np.int64), np.zeros(len(ids), dtype=np.int64)
    start = 0
    for own, times in filings:
        asked = hashed(own, seed)
        places = np.minimum(np.searchsorted(ordered, asked, side="left"), len(ids) - 1)
        rows = np.flatnonzero(ordered[places] == asked)
        same = pc.equal(own.take(pa.array(rows)), ids.take(pa.array(order[places[rows]])))
        rows = rows[same.to_numpy(zero_copy_only=False)]
        rows = rows[found[places[rows]] == ABSENT]
        # Assigned in turn, the last one stays: so turned round for the first.
        found[places[rows[::-1]]] = start + rows[::-1]
        received[places[rows[::-1]]] = times[rows[::-1]]
        start += len(own)
    back = np.empty_like(order)
    back[order] = first
    return found[back], received[back]


def _distinguishing(ids: pa.Array) -> tuple[Hashes, int]:
    """Hashes that differ where the ids do, and the seed that makes them: nearly always the first."""
    for seed in count():
        hashes = hashed(ids, seed)
        order = np.argsort(hashes, kind="stable")
        (beside,) = np.nonzero(hashes[order[1:]] == hashes[order[:-1]])
        same = pc.equal(ids.take(pa.array(order[beside])), ids.take(pa.array(order[beside + 1])))
        if pc.all(same, min_count=0).as_py():
            return hashes, seed
    raise AssertionError


def hashed(texts: pa.Array, seed: int = 0) -> Hashes:
    """Hash of each text: FNV-1a of 64 bits over its bytes, for all texts at once.

    >>> hashed(pa.array(["a", "b", "a"])).tolist() == hashed(pa.array(["a", "b", "a"])[:3]).tolist()
    True
    """
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"\0", dtype=np.uint8)
    starts, lengths = offsets[:-1].astype(np.int64), np.diff(offsets)
    found = np.full(len(texts), (_BASIS + seed) % 2**64, dtype=np.uint64)
    shortest, longest = (int(lengths.min()), int(lengths.max())) if len(texts) else (0, 0)
    for place in range(shortest):
        found = (found ^ data[starts + place]) * _PRIME
    rows = np.arange(len(texts))
    for place in range(shortest, longest):
        rows = rows[lengths[rows] > place]
        found[rows] = (found[rows] ^ data[starts[rows] + place]) * _PRIME
    return found
