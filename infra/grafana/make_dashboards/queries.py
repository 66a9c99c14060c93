"""PromQL from rows of the catalogue, so that no panel names a metric that no process exposes."""

from __future__ import annotations

from monitoring.catalogue import Kind, MetricSpec

CHOSEN = 'environment=~"$environment", job=~"$job"'
"""Every selector has it: what the viewer chose."""
OF_MODEL = 'model_version=~"$model_version"'
IN_WINDOW = 'window="$window"'
"""Of those that distances are measured in: filings or seconds."""
IN_SPAN = 'window="$span"'
"""Of those that shares are counted in: seconds of event time."""
IN_PERIOD = 'window="$period"'
"""Of those that accuracy is estimated over: hours of event time."""
OF_SECTION = 'section=~"$section"'


def select(spec: MetricSpec | str, *matchers: str, suffix: str = "") -> str:
    """An instant selector of a metric of ours, or of a recorded series or one of Prometheus' own by name."""
    if isinstance(spec, MetricSpec):
        if spec.kind is Kind.HISTOGRAM and not suffix:
            raise ValueError(f"{spec.name}: a histogram is asked for its _bucket, _count or _sum")
        spec = spec.name
    return f"{spec}{suffix}{{{', '.join((CHOSEN, *matchers))}}}"


def rate(spec: MetricSpec | str, *matchers: str, suffix: str = "") -> str:
    """Increase a second over the interval that Grafana finds right for the width of the panel."""
    return f"rate({select(spec, *matchers, suffix=suffix)}[$__rate_interval])"


def total(expression: str, *by: str) -> str:
    """Sum over all processes."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def some(expression: str) -> str:
    """Sum over all processes as a divisor: nothing where there was nothing, and no division by zero."""
    return f"(sum({expression}) > 0)"


def highest(expression: str, *by: str) -> str:
    """Maximum over all processes."""
    return f"max by ({', '.join(by)}) ({expression})" if by else f"max({expression})"


def quantile(share: float, spec: MetricSpec) -> str:
    """Estimated from a classic histogram's buckets; no finer than they are."""
    return f"histogram_quantile({share}, {total(rate(spec, suffix='_bucket'), 'le')})"


def mean(spec: MetricSpec) -> str:
    """Of a histogram's observations."""
    return f"{total(rate(spec, suffix='_sum'))} / {some(rate(spec, suffix='_count'))}"
