"""Measures of a filing's text with the words of the model that decided; repeated texts are measured once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from models.text import join_fields
from models.word_counts import WordCounter
from monitoring.decision_columns import Coded
from monitoring.layout import Floats
from monitoring.observations import Texts
from schemas.measures import TextMeasures
from schemas.text_counts import measure_texts
from stream.monitor.watched import WatchedModel

CACHE_ENTRIES = 40_000
"""Texts remembered for a model; about half a kilobyte each. Beyond, the memory begins anew."""
MODELS_REMEMBERED = 2


class MeasuresMany(Protocol):
    """Measures the joined text fields of many filings of one model, shape (n, 6)."""

    def __call__(self, written: Sequence[str], model_version: str) -> Floats:
        """NaN where there is none."""
        ...


class CachedTextMeasurer:
    """The drift monitor's `TextMeasurer`, for one filing or for a batch of them.

    Parameters
    ----------
    models
        By version; may grow.
    """

    def __init__(self, models: Mapping[str, WatchedModel], *, entries: int = CACHE_ENTRIES) -> None:
        self._models = models
        self._entries = entries
        self._known: dict[str, _Known] = {}

    def __call__(self, texts: Texts, model_version: str) -> TextMeasures:
        """Measures of the three fields joined; `unknown_share` is `None` for a model that is not known."""
        found = self.measure([join_fields(texts)], model_version)[0]
        values = [None if value != value else value for value in found.tolist()]
        characters, words, *shares = values
        return TextMeasures(int(characters or 0), int(words or 0), *shares)

    def measure(self, written: Sequence[str], model_version: str) -> Floats:
        """The same for many filings of one model, whose fields are joined already.

        Returns
        -------
        Columns in the order of `TextMeasures`, NaN for `None`, shape (n, 6).
        """
        model = self._models.get(model_version)
        known = self._known.get(model_version)
        if known is None or known.model is not model:
            known = self._remember(model_version, model)
        places = [*map(known.places.get, written)]
        if None not in places:
            return known.measures[np.array(places, dtype=np.int64)]
        if len(known.places) + places.count(None) > self._entries:
            known.clear()
            places = [None] * len(written)
        new = list(dict.fromkeys(text for text, place in zip(written, places, strict=True) if place is None))
        measured = known.measured(new)
        if len(new) > self._entries:
            # More at once than are ever remembered.
            places_of = {text: place for place, text in enumerate(new)}
            return measured[[places_of[text] for text in written]]
        known.add(new, measured)
        return known.measures[[*map(known.places.__getitem__, written)]]

    def _remember(self, version: str, model: WatchedModel | None) -> _Known:
        self._known.pop(version, None)
        while len(self._known) >= MODELS_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[version] = known = _Known(model)
        return known


class _Known:
    """What is remembered for one model: text -> row."""

    def __init__(self, model: WatchedModel | None) -> None:
        self.model = model
        self._words = WordCounter(frozenset()) if model is None else WordCounter(model.words, model.language)
        self.places: dict[str, int] = {}
        self.measures: Floats = np.empty((0, len(TextMeasures._fields)))

    def measured(self, texts: Sequence[str]) -> Floats:
        kept, known = self._words.count(texts)
        return measure_texts(texts, kept, None if self.model is None else known)

    def clear(self) -> None:
        self.places.clear()

    def add(self, texts: Sequence[str], measured: Floats) -> None:
        first = len(self.places)
        if first + len(texts) > len(self.measures):
            more = np.empty((2 * (first + len(texts)), measured.shape[1]))
            more[:first] = self.measures[:first]
            self.measures = more
        self.measures[first : first + len(texts)] = measured
        self.places.update(zip(texts, range(first, first + len(texts)), strict=True))


def measures_of(fields: Sequence[Sequence[str | None]], versions: Coded, measure: MeasuresMany) -> Floats:
    """Measures of decisions.

    Parameters
    ----------
    fields
        The text fields, each of all decisions.
    versions
        Of each decision the version of its model.

    Returns
    -------
    Columns in the order of `TextMeasures`, shape (n, 6).
    """
    first, *others = fields
    written: list[str] = [text or "" for text in first]
    for place in sorted({place for other in others for place, text in enumerate(other) if text}):
        written[place] = join_fields([field[place] for field in fields])
    present = np.unique(versions.places).tolist()
    if len(present) == 1:
        return measure(written, versions.values[present[0]])
    measured = np.empty((len(written), len(TextMeasures._fields)))
    for version in present:
        rows = np.flatnonzero(versions.places == version)
        measured[rows] = measure([written[row] for row in rows], versions.values[version])
    return measured
