"""What can be wrong with what is watched.

MonitoringError
├── EmptyDistribution    counts that sum to nothing
└── UnreadableReference  a reference or checkpoint that is not of the form this version reads
"""

from __future__ import annotations


class MonitoringError(Exception):
    """Of this package; its text is one line that says what to do."""


class EmptyDistribution(MonitoringError):
    """A distribution without observations."""


class UnreadableReference(MonitoringError):
    """A reference, baseline or checkpoint that is not of the form this version reads."""
