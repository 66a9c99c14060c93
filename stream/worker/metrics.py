"""What the worker tells Prometheus, from the outcomes of its batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from models.lru import BoundedCache
from monitoring import catalogue as c
from monitoring.instruments import Instruments
from stream.worker.pipeline import Outcome


class WorkerMetrics:
    """Turns outcomes into counts; a batch at a time, so that a filing costs almost nothing."""

    def __init__(self, instruments: Instruments, cache: BoundedCache[object, object]) -> None:
        self._instruments = instruments
        self._cache = cache
        self._hits = 0
        self._misses = 0

    def acknowledged(self, outcomes: Sequence[Outcome], now: datetime) -> None:
        """Count a batch whose messages the broker has."""
        routes = Counter((d.route.value, d.stage.value) for outcome in outcomes for d in outcome.decisions)
        for (route, stage), count in routes.items():
            self._instruments.add(c.FILINGS, count, route=route, stage=stage)
        for reason, count in Counter(o.wrong.reason.value for o in outcomes if o.wrong is not None).items():
            self._instruments.add(c.DEAD_LETTERS, count, reason=reason)
        self._add_if_any(c.AUDITED, sum(d.audit for outcome in outcomes for d in outcome.decisions))
        self._add_if_any(c.SUPPRESSED, sum(outcome.suppressed for outcome in outcomes))
        self._instruments.observe(
            c.LATENCY, [max(0.0, (now - outcome.record.timestamp).total_seconds()) for outcome in outcomes]
        )

    def decided(self, messages: int, seconds: float) -> None:
        """Note the size of a batch and the time its decisions took."""
        self._instruments.observe(c.BATCH_SIZE, [messages])
        self._instruments.observe(c.DECIDE_TIME, [seconds])
        self._add_if_any(c.CACHE_HITS, self._cache.hits - self._hits)
        self._add_if_any(c.CACHE_MISSES, self._cache.misses - self._misses)
        self._hits, self._misses = self._cache.hits, self._cache.misses

    def _add_if_any(self, spec: c.MetricSpec, count: int) -> None:
        if count:
            self._instruments.add(spec, count)
