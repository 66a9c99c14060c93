"""Measures of a filing's text with the words of the model that decided; repeated texts are measured once."""

from __future__ import annotations

from collections.abc import Mapping

from models.lru import BoundedCache
from models.text import join_fields, normalise
from monitoring.observations import Texts
from schemas.measures import TextMeasures, measure_text
from stream.monitor.watched import WatchedModel

CACHE_ENTRIES = 20_000
"""Measures remembered; about 0.7 kB each."""


class CachedTextMeasurer:
    """The drift monitor's `TextMeasurer`.

    Parameters
    ----------
    models
        By version; may grow.
    """

    def __init__(self, models: Mapping[str, WatchedModel], *, entries: int = CACHE_ENTRIES) -> None:
        self._models = models
        self._cache: BoundedCache[tuple[Texts, str], TextMeasures] = BoundedCache(entries)

    def __call__(self, texts: Texts, model_version: str) -> TextMeasures:
        """Measures of the three fields joined; `unknown_share` is `None` for a model that is not known."""
        key = (texts, model_version)
        measured = self._cache.get(key)
        if measured is None:
            measured = self._measure(texts, model_version)
            self._cache.put(key, measured)
        return measured

    def _measure(self, texts: Texts, model_version: str) -> TextMeasures:
        written = join_fields(texts)
        model = self._models.get(model_version)
        if model is None:
            return measure_text(written, normalise(written), lambda word: True)._replace(unknown_share=None)
        return measure_text(written, normalise(written), model.words.__contains__)
