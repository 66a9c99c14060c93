"""Asking processes for their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit
from urllib.request import urlopen

from monitoring.scraped import Sample, parse
from stream.errors import UsageError

TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one address said; `problem` is why it said nothing."""

    address: str
    samples: Sequence[Sample] = ()
    problem: str | None = None


def url_of(address: str) -> str:
    """Where an address's metrics are.

    >>> url_of("127.0.0.1:9100"), url_of("https://worker.example/metrics")
    ('http://127.0.0.1:9100/metrics', 'https://worker.example/metrics')
    """
    url = address if "://" in address else f"http://{address}"
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise UsageError(f"{address}: no address; give host:port or a http(s) URL")
    return url if parts.path.strip("/") else f"{url.rstrip('/')}/metrics"


def ask(address: str) -> Answer:
    """The metrics of one address; an address that does not answer is an answer too."""
    try:
        with urlopen(url_of(address), timeout=TIMEOUT_SECONDS) as response:
            return Answer(address, parse(response.read().decode()))
    except (OSError, HTTPException) as error:
        return Answer(address, problem=str(getattr(error, "reason", error)) or type(error).__name__)
    except ValueError:
        return Answer(address, problem="no Prometheus exposition")
