"""Decisions as columns, whoever decoded them: what a batch of messages is read into, without an object a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.layout import Floats, Ints


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of texts, most of which repeat.

    Parameters
    ----------
    places
        Of each row its text in `values`, -1 where it has none, shape (n,).
    values
        Each text once, in the order in which rows first have it.
    """

    places: Ints
    values: Sequence[str]

    def mapped(self, of_value: Sequence[int], missing: int) -> Ints:
        """Another number for each value, shape (n,)."""
        found: Ints = np.append(np.array(of_value, dtype=np.int64), missing)[self.places]
        return found


@dataclass(frozen=True, slots=True)
class DecisionColumns:
    """Some decisions in the order they were read.

    Parameters
    ----------
    texts
        By name: the six variables of a filing as on the wire (`cj` whole), `stage`, `route`, `code`,
        `model_version` and `policy_version`; the last two of every row.
    measures
        Of the text fields, in the order of `TextMeasures`, NaN where there is none, shape (n, 6).
    confidence
        NaN where there is none, shape (n,).
    probabilities
        Of the candidates, zero where there are fewer, shape (n, `MAX_CANDIDATES`).
    with_candidates
        Whether there is a candidate, shape (n,).
    received_at, latency
        Event time, seconds since the epoch; seconds from the filing's message, NaN without one. Shape (n,).
    ids
        The filings' identities, shape (n,).
    """

    texts: Mapping[str, Coded]
    measures: Floats
    confidence: Floats
    probabilities: Floats
    with_candidates: npt.NDArray[np.bool_]
    received_at: Floats
    latency: Floats
    ids: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.received_at)
