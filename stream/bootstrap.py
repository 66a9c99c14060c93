"""The one composition root: from settings to things that are wired, here and nowhere else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from models import policy as policies
from models.artefact import Manifest, open_model
from models.coding import CodingModel
from models.policy import Policy
from monitoring import catalogue
from monitoring.instruments import Instruments
from stream.errors import UsageError
from stream.kafka.configuration import producer_configuration
from stream.kafka.producer import AwaitableProducer
from stream.redis_store import RedisStore
from stream.settings import Settings

if TYPE_CHECKING:
    from stream.monitor.engine import Engine
    from stream.monitor.join import Join

REDIS_PREFIX = "codiflux:"
DAY_HOURS = 24


@dataclass(frozen=True)
class Deciding:
    """What decides: an open artefact and the policy in force."""

    manifest: Manifest
    model: CodingModel
    policy: Policy


def open_deciding(settings: Settings) -> Deciding:
    """Open the model and make the policy of the settings.

    Raises
    ------
    ArtefactError, PolicyError, UsageError
        Naming the file or the variable.
    """
    manifest, model = open_model(settings.model, cache_entries=settings.cache_entries)
    return Deciding(manifest, model, make_policy(settings, manifest))


def make_policy(settings: Settings, manifest: Manifest) -> Policy:
    """The policy file's, or one from threshold and audit share; the model's threshold by default."""
    if settings.policy is not None:
        if settings.threshold is not None:
            raise UsageError(
                "CODIFLUX_POLICY and CODIFLUX_THRESHOLD exclude each other: the policy file has thresholds"
            )
        try:
            return policies.parse(settings.policy.read_bytes())
        except OSError as error:
            raise UsageError(f"CODIFLUX_POLICY: {settings.policy}: {error.strerror}") from error
    threshold = manifest.default_threshold if settings.threshold is None else settings.threshold
    return Policy(threshold=threshold, audit_share=settings.audit_share)


def worker_instruments(deciding: Deciding) -> Instruments:
    """The worker's metrics, with what runs in them."""
    instruments = Instruments(catalogue.WORKER_METRICS)
    instruments.set(
        catalogue.MODEL_INFO,
        1,
        model_version=deciding.model.version,
        policy_version=deciding.policy.version,
        nomenclature=deciding.model.nomenclature.name,
    )
    instruments.set(catalogue.POLICY_THRESHOLD, deciding.policy.threshold)
    instruments.set(catalogue.POLICY_AUDIT_SHARE, deciding.policy.audit_share)
    instruments.set(catalogue.WORKER_INFO, 1, version=version("codiflux"))
    return instruments


def archive_instruments(topics: Iterable[str]) -> Instruments:
    """The archive's metrics, with nothing lost of any topic: an alert sees a counter grow only from a value it had."""
    instruments = Instruments(catalogue.ARCHIVE_METRICS)
    for name in topics:
        instruments.add(catalogue.ARCHIVE_LOST, 0, topic=name)
    return instruments


def make_producer(settings: Settings) -> AwaitableProducer:
    """The producer of decisions; it connects when it first sends."""
    return AwaitableProducer(producer_configuration(settings))


def make_redis(settings: Settings, instruments: Instruments) -> RedisStore | None:
    """The Redis of the settings, or `None` when there is none."""
    if not settings.redis_url:
        return None
    return RedisStore(
        settings.redis_url,
        prefix=f"{REDIS_PREFIX}{settings.topic_prefix}",
        timeout_seconds=settings.redis_timeout_seconds,
        ttl_seconds=settings.redis_ttl_seconds,
        failed=lambda operation: instruments.add(catalogue.REDIS_ERRORS, operation=operation),
        clock=time.monotonic,
    )


def make_monitor(settings: Settings, *, join: Join | None = None) -> Engine:
    """The drift monitor of the settings, with its state as it was left.

    Parameters
    ----------
    join
        One that is open already.

    Raises
    ------
    ArtefactError, UsageError
        Naming the file or the variable.
    """
    # Here, and not above: workers need neither scipy nor River.
    from monitoring.accuracy import AccuracyWindows
    from monitoring.drift import DriftMonitor
    from monitoring.drift_settings import DriftSettings
    from monitoring.mix import Mix
    from stream.monitor.copies import Copies
    from stream.monitor.engine import Engine, Spans
    from stream.monitor.join import Join
    from stream.monitor.reading import WATCHED, Reader
    from stream.monitor.text_measures import CachedTextMeasurer
    from stream.monitor.watched import WatchedModels

    more = [Path(place) for place in settings.monitor_models.split(os.pathsep) if place]
    models = WatchedModels(settings.model, more)
    spans = (settings.monitor_short_window_seconds, settings.monitor_long_window_seconds)
    measurer = CachedTextMeasurer(models.by_version)
    drift = DriftMonitor(
        models.references,
        DriftSettings(
            windows=(settings.monitor_short_window_filings, settings.monitor_long_window_filings),
            spans_seconds=spans,
            baseline_filings=settings.monitor_baseline_filings,
        ),
        measurer=measurer,
        branches=models.branches,
    )
    hours = (DAY_HOURS, settings.monitor_accuracy_days * DAY_HOURS)
    copies = Copies()
    return Engine(
        drift=drift,
        mix=Mix(spans, drift.categories),
        accuracy=AccuracyWindows(max(hours)),
        join=join or Join(settings.monitor_state, models.path_of),
        models=models,
        reader=Reader({settings.topic(name): name for name in WATCHED}, copies, models.path_of, measurer.measure),
        copies=copies,
        spans=Spans(hours, settings.monitor_join_days * DAY_HOURS),
    )


def monitor_instruments() -> Instruments:
    """The monitor's metrics, without values."""
    return Instruments(catalogue.MONITOR_METRICS, tables=catalogue.MONITOR_TABLES)


def utc_now() -> datetime:
    """The clock of decisions."""
    return datetime.now(UTC)
