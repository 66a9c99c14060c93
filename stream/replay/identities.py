"""Decision ids of many filings: those of `models.decide.decision_id`, without a value a filing.

What is hashed is the JSON array of formality id, content, model and policy version. The content's
part is the same for all filings that say the same, and is written once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pydantic_core import to_json

from models.coding import Content


def heads(formality_ids: Sequence[str]) -> list[bytes]:
    """The beginning of each filing's array."""
    return [b"[" + to_json(identity) for identity in formality_ids]


def written(contents: Sequence[Content]) -> list[bytes]:
    """Each content as it stands within the array."""
    return [b"," + to_json(content)[1:-1] for content in contents]


def end(model_version: str, policy_version: str) -> bytes:
    """What follows the content."""
    return b"," + to_json((model_version, policy_version))[1:]


def digests(written: Sequence[bytes]) -> list[bytes]:
    """16 bytes that stand for a content: a tenth of its room."""
    return [hashlib.blake2b(content, digest_size=16).digest() for content in written]


def decision_ids(heads: Sequence[bytes], content: Sequence[int], written: Sequence[bytes], end: bytes) -> list[str]:
    """The id of each filing's decision.

    Parameters
    ----------
    content
        For each filing the place of its content in `written`.
    """
    sha256 = hashlib.sha256
    return [sha256(head + written[place] + end).hexdigest()[:32] for head, place in zip(heads, content, strict=True)]
