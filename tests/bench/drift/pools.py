"""Filings that were really decided, before and after something in the world changed.

A pool holds simulated filings twice: as they were, and as they are when everything has changed. Both
were decided by the real model. Streams are drawn from their rows, which is fast; nothing is forged in
the signals themselves.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np

from models.coding import CodingModel
from models.decide import decide_batch
from models.policy import Policy
from models.starter.declarations import declarations
from models.text import join_fields, normalise
from monitoring.categories import Categories
from monitoring.observations import ObservationReader, Observations
from schemas.codec import decode_formalities
from schemas.formality import Formality
from schemas.measures import TextMeasures, measure_text
from stream.simulation.filings import Shares, filings
from tests.bench.drift import words

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 2_000


@dataclass(frozen=True)
class Pool:
    """Rows before and after a change.

    Parameters
    ----------
    before, after
        The same filings; they differ where `eligible`.
    eligible
        Filings that the change can reach.
    """

    before: Observations
    after: Observations
    eligible: np.ndarray

    @property
    def reach(self) -> float:
        """Share of the filings that the change can reach."""
        return float(self.eligible.mean())


Change = Callable[[Formality, random.Random], Formality | None]
"""The filing as it is after the change; `None` where the change does not reach it."""


def simulated(count: int, *, seed: int) -> list[Formality]:
    """Filings as `codiflux simulate` sends them, the unreadable ones left out."""
    shares = Shares(malformed=0.0, insee_body=0.0, one_stop_counter=0.0)
    stream = islice(filings(seed, shares, declarations(), clock=lambda _: MOMENT), count)
    return [decode_formalities(m.value, key=m.key, timestamp=MOMENT)[0] for m in stream]


class Decider:
    """Decides filings with a model and turns the decisions into observations."""

    def __init__(self, model: CodingModel, policy: Policy, categories: Categories) -> None:
        self.model = model
        self.policy = policy
        self._reader = ObservationReader(categories, measurer=self._measured, branches=self._branches)
        self._known: dict[tuple[str | None, ...], TextMeasures] = {}

    def _measured(self, texts: tuple[str | None, ...], version: str) -> TextMeasures:
        found = self._known.get(texts)
        if found is None:
            written = join_fields(texts)
            found = self._known[texts] = measure_text(written, normalise(written), self.model.classifier.knows)
        return found

    def _branches(self, code: str) -> tuple[str | None, str | None]:
        path = self.model.nomenclature.paths.get(code)
        return (path[0], path[1]) if path else (None, None)

    def observations(self, formalities: Sequence[Formality]) -> Observations:
        """As the monitor would read the decisions from the topics."""
        parts = []
        for start in range(0, len(formalities), CHUNK):
            decisions = decide_batch(formalities[start : start + CHUNK], model=self.model, policy=self.policy)
            parts.append(self._reader.read_messages(decisions))
        return joined(parts)


def joined(parts: Sequence[Observations]) -> Observations:
    """Observations of one and the same version, one after the other."""
    return Observations(
        np.concatenate([p.cells for p in parts]),
        np.concatenate([p.values for p in parts]),
        np.concatenate([p.times for p in parts]),
        np.concatenate([p.version_of for p in parts]),
        parts[0].versions,
    )


def pool(before: Sequence[Formality], observed: Observations, decider: Decider, change: Change, *, seed: int) -> Pool:
    """The pool of a change: what it reaches is decided again."""
    chance = random.Random(f"pool:{seed}")
    changed = [change(formality, chance) for formality in before]
    eligible = np.array([formality is not None for formality in changed])
    again = decider.observations([formality for formality in changed if formality is not None])
    cells, values = observed.cells.copy(), observed.values.copy()
    cells[eligible], values[eligible] = again.cells, again.values
    return Pool(observed, replace(observed, cells=cells, values=values), eligible)


def _with(formality: Formality, **fields: Any) -> Formality:
    return Formality.model_validate({**formality.model_dump(), **fields})


def new_trade(formality: Formality, chance: random.Random) -> Formality:
    """A trade that no model has met: one of forty made-up activities in new words."""
    return _with(formality, description_activity=chance.choice(words.NEW_TRADES))


def english(formality: Formality, chance: random.Random) -> Formality:
    """A source that sends English."""
    return _with(formality, description_activity=chance.choice(words.ENGLISH))


def renumbered(formality: Formality, chance: random.Random) -> Formality | None:
    """The nature codes of trade are renumbered: 09, 10, 16 and 17 become 51 to 54."""
    new = {"09": "51", "10": "52", "16": "53", "17": "54"}.get(formality.nature or "")
    return _with(formality, nature=new) if new else None


def dropped(formality: Formality, chance: random.Random) -> Formality | None:
    """A new form no longer asks for the nature."""
    return _with(formality, nature=None) if formality.nature else None


def capitals(formality: Formality, chance: random.Random) -> Formality:
    """A source that writes in capitals without accents: the world as it was before `lower_case`."""
    from unidecode import unidecode

    return _with(formality, description_activity=unidecode(formality.description_activity).upper())


def lower_case(formality: Formality, chance: random.Random) -> Formality | None:
    """Texts in capitals without accents become lower case."""
    text = formality.description_activity
    return _with(formality, description_activity=text.lower()) if re.search(r"[A-Z]", text) else None
