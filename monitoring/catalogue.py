"""Every metric, in one place: name, kind, labels and meaning.

Base units; labels have a bounded number of values (a version, a route, a reason, a partition), so
never an id, a text, or a code by version by bucket. Dashboards, rules and docs are checked against
these tables: `worker_metrics`, `archive_metrics`, `monitor_metrics`. This module has all their names.
"""

from __future__ import annotations

from monitoring import archive_metrics, monitor_metrics, worker_metrics
from monitoring.archive_metrics import *  # noqa: F403
from monitoring.metric_spec import Kind, MetricSpec
from monitoring.monitor_metrics import *  # noqa: F403
from monitoring.worker_metrics import *  # noqa: F403

__all__ = ["CATALOGUE", "Kind", "MetricSpec"]
__all__ += archive_metrics.__all__
__all__ += monitor_metrics.__all__
__all__ += worker_metrics.__all__

CATALOGUE = tuple(
    dict.fromkeys((*worker_metrics.WORKER_METRICS, *monitor_metrics.MONITOR_METRICS, *archive_metrics.ARCHIVE_METRICS))
)
