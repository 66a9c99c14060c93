"""The words of a fastText file, read without its matrices.

A monitor needs to know which words a model knows, not the hundreds of megabytes it computes with.

References
----------
fastText's own `dictionary.cc` and `args.cc`: magic, version, twelve 32-bit settings and a double, then
sizes and one entry a word: zero-terminated text, 64-bit count, one byte for word (0) or label (1).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO

from models.errors import ArtefactError

MAGIC = 793_712_314
_HEADER = struct.Struct("<ii12id")
_SIZES = struct.Struct("<iiiqq")
_ENTRY = struct.Struct("<qb")
WORD = 0
BLOCK = 1 << 20


def read_words(path: Path) -> frozenset[str]:
    """The words with a vector of their own, labels left out.

    Raises
    ------
    ArtefactError
        The file is no fastText model, or ends too early.
    """
    try:
        with path.open("rb") as file:
            return frozenset(_words(file))
    except (OSError, struct.error, ValueError) as error:
        raise ArtefactError(f"{path}: not a fastText model ({error})") from error


def _words(file: BinaryIO) -> list[str]:
    if _HEADER.unpack(file.read(_HEADER.size))[0] != MAGIC:
        raise ValueError("wrong magic number")
    entries = _SIZES.unpack(file.read(_SIZES.size))[0]
    words: list[str] = []
    data, place = b"", 0
    for _ in range(entries):
        while (end := data.find(b"\0", place)) < 0 or end + 1 + _ENTRY.size > len(data):
            more = file.read(BLOCK)
            if not more:
                raise ValueError("it ends within its words")
            data, place = data[place:] + more, 0
        _, kind = _ENTRY.unpack_from(data, end + 1)
        if kind == WORD:
            words.append(data[place:end].decode("utf-8", "replace"))
        place = end + 1 + _ENTRY.size
    return words
