"""Labels joined to the filings of a run, each from the moment it arrived."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models.backtest.columns import NO_CODE, UNCODABLE, Bools, Floats, Ints, Truth
from models.backtest.evaluated import LabelFigures
from stream.errors import UsageError
from stream.replay.judged import DAY_MICROS, Micros
from stream.replay.label_ids import ABSENT, Positions, find
from stream.replay.labels import NO_TIME, UNKNOWN, Labels, Origin


@dataclass(frozen=True)
class JoinedLabels:
    """Labels of filings that follow each other, sorted by filing and arrival; shape (labels,).

    Parameters
    ----------
    filing
        Position among the filings.
    code
        Position in the nomenclature's codes, or `UNCODABLE`.
    arrival
        Microseconds since 1970 (UTC).
    sampling
        Weight of the filing by this label: 1, one over the audit share, or 0 for a claim.
    filings
        How many there are, labelled or not.
    first_day
        Of the run.
    """

    filing: Positions
    code: Ints
    arrival: Micros
    sampling: Floats
    filings: int
    first_day: int

    def between(self, start: int, end: int) -> JoinedLabels:
        """The labels of the filings from `start` up to, and without, `end`."""
        first, last = np.searchsorted(self.filing, [start, end])
        own = slice(int(first), int(last))
        return JoinedLabels(
            self.filing[own] - start,
            self.code[own],
            self.arrival[own],
            self.sampling[own],
            filings=end - start,
            first_day=self.first_day,
        )

    def latest(self, before: int | None = None) -> tuple[Positions, Ints]:
        """Filings with a label, and the last one's code, of those that arrived before an instant."""
        kept = np.ones(len(self.filing), dtype=np.bool_) if before is None else self.arrival < before
        filing, code = self.filing[kept], self.code[kept]
        last = np.flatnonzero(np.append(filing[1:] != filing[:-1], True)) if len(filing) else slice(0)
        return filing[last], code[last]

    def last(self) -> Truth:
        """The last label of each filing."""
        return self._one_each(np.ones(len(self.filing), dtype=np.bool_), first=False)

    def first(self) -> Truth:
        """The first label of each filing that is part of a sample."""
        return self._one_each(self.sampling > 0.0, first=True)

    def _one_each(self, kept: Bools, *, first: bool) -> Truth:
        filing, code, arrival = self.filing[kept], self.code[kept], self.arrival[kept]
        weight = np.zeros(self.filings)
        sampled = self.sampling[kept] > 0.0
        # A review speaks for itself; of an audit and a review the smaller weight is the filing's.
        np.maximum.at(weight, filing[sampled], 1.0 / self.sampling[kept][sampled])
        np.divide(1.0, weight, out=weight, where=weight > 0.0)
        if first:
            # Assigned in turn, the last one stays: so turned round for the first.
            filing, code, arrival = filing[::-1], code[::-1], arrival[::-1]
        codes = np.full(self.filings, NO_CODE, dtype=np.int32)
        days = np.full(self.filings, -1, dtype=np.int32)
        codes[filing] = code
        days[filing] = (arrival // DAY_MICROS - self.first_day).astype(np.int32)
        return Truth(codes, weight, days)


def join(
    labels: Labels,
    filings: Iterable[tuple[pa.Array, Micros]],
    *,
    count: int,
    first_day: int,
    delay_seconds: float | None,
    audit_share: float | None,
) -> tuple[JoinedLabels, LabelFigures]:
    """Join labels to filings by formality id; a filing that is there twice gets them once.

    Parameters
    ----------
    filings
        Id and event time (microseconds since 1970, UTC) of each filing, part by part; read once.
    count, first_day
        Of the run.
    delay_seconds
        Every label arrives so long after its filing; `None` takes the labels' own times and, where
        they have none, lets them arrive at once.
    audit_share
        Of the policy that chose the audited filings.

    Raises
    ------
    UsageError
        Labels of audits without a share to weigh them by; or no label for any filing.
    """
    found, received_at = find(labels.formality_ids, filings)
    known = labels.code != UNKNOWN
    kept = (found != ABSENT) & known
    if not kept.any():
        raise UsageError("no label is for a filing of this range: are labels and filings of one source?")
    filing, received_at, origin = found[kept], received_at[kept], labels.origin[kept]
    arrival = _arrival(labels.labelled_at[kept], received_at, delay_seconds)
    order = np.lexsort((origin, arrival, filing))
    joined = JoinedLabels(
        filing=filing[order],
        code=labels.code[kept][order],
        arrival=arrival[order],
        sampling=_sampling(origin, audit_share)[order],
        filings=count,
        first_day=first_day,
    )
    labelled, last = joined.latest()
    kinds, counts = np.unique(origin, return_counts=True)
    names = {Origin(kind).name.lower(): count for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)}
    own_times = bool((labels.labelled_at[kept] != NO_TIME).any())
    figures = LabelFigures(
        labels=len(labels) + labels.unreadable,
        unreadable=labels.unreadable,
        unknown_codes=int((~known).sum()),
        unmatched=int((known & (found == ABSENT)).sum()),
        joined=int(kept.sum()),
        filings=len(labelled),
        uncodable=int((last == UNCODABLE).sum()),
        sampled=len(np.unique(joined.filing[joined.sampling > 0.0])),
        origins=dict(sorted(names.items())),
        arrival="delay" if delay_seconds is not None else "labelled_at" if own_times else "at once",
        delay_seconds=(delay_seconds if delay_seconds is not None else float(np.median(arrival - received_at)) / 1e6),
        audit_share=audit_share if Origin.AUDIT in origin else None,
    )
    return joined, figures


def _arrival(labelled_at: Micros, received_at: Micros, delay_seconds: float | None) -> Micros:
    if delay_seconds is not None:
        return received_at + round(delay_seconds * 1_000_000)
    return np.where(labelled_at == NO_TIME, received_at, labelled_at)


def _sampling(origin: Ints, audit_share: float | None) -> Floats:
    if (origin == Origin.AUDIT).any() and not audit_share:
        raise UsageError("there are labels of audits; say with --audit-share which share of auto was audited")
    weight = np.ones(len(origin))
    weight[origin == Origin.CLAIM] = 0.0
    weight[origin == Origin.AUDIT] = 1.0 / (audit_share or 1.0)
    return weight
