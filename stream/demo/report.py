"""What the demo reports, to people and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stream.demo.ledger import Ledger, Place, quantile
from stream.demo.watching import MonitorReport


@dataclass(frozen=True, slots=True)
class DemoReport:
    """Figures of one demo; `filings` counts messages sent, the others what came of them."""

    filings: int
    auto: int
    review: int
    returned: int
    dead_letter: int
    audited: int
    lost: int
    duplicates: int
    conflicts: int
    throughput_per_second: float
    latency_p50_seconds: float
    latency_p99_seconds: float
    worker_restarts: int
    model_version: str
    seed: int
    monitor: MonitorReport

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "filings": self.filings,
            "auto": self.auto,
            "review": self.review,
            "returned": self.returned,
            "dead_letter": self.dead_letter,
            "audited": self.audited,
            "lost": self.lost,
            "duplicates": self.duplicates,
            "conflicts": self.conflicts,
            "throughput_per_second": round(self.throughput_per_second, 1),
            "latency_seconds": {"p50": self.latency_p50_seconds, "p99": self.latency_p99_seconds},
            "worker_restarts": self.worker_restarts,
            "model_version": self.model_version,
            "seed": self.seed,
            "monitor": self.monitor.as_json(),
        }


def report_of(
    ledger: Ledger,
    sent: list[Place],
    *,
    paced_latencies: list[float],
    throughput_per_second: float,
    worker_restarts: int,
    model_version: str,
    seed: int,
    monitor: MonitorReport,
) -> DemoReport:
    """Put the recount into figures."""
    routes = ledger.routes
    return DemoReport(
        filings=len(sent),
        auto=routes["auto"],
        review=routes["review"],
        returned=routes["returned"],
        dead_letter=len(ledger.dead),
        audited=ledger.audited,
        lost=len(ledger.missing(sent)),
        duplicates=ledger.copies,
        conflicts=ledger.conflicts,
        throughput_per_second=throughput_per_second,
        latency_p50_seconds=quantile(paced_latencies, 0.50),
        latency_p99_seconds=quantile(paced_latencies, 0.99),
        worker_restarts=worker_restarts,
        model_version=model_version,
        seed=seed,
        monitor=monitor,
    )
