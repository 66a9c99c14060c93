"""Labels joined to the filings of a run, each from the moment it arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.backtest.columns import NO_CODE, UNCODABLE, Bools, Floats, Ints, Truth
from models.backtest.evaluated import LabelFigures
from stream.errors import UsageError
from stream.replay.judged import DAY_MICROS
from stream.replay.labels import NO_TIME, UNKNOWN, Labels, Micros, Origin


@dataclass(frozen=True)
class JoinedLabels:
    """Labels of a run's filings, sorted by filing and arrival; shape (labels,).

    Parameters
    ----------
    filing
        Position in the run.
    code
        Position in the nomenclature's codes, or `UNCODABLE`.
    arrival
        Microseconds since 1970 (UTC).
    sampling
        Weight of the filing by this label: 1, one over the audit share, or 0 for a claim.
    filings, first_day
        Of the run.
    """

    filing: Ints
    code: Ints
    arrival: Micros
    sampling: Floats
    filings: int
    first_day: int

    def last(self, before: int | None = None) -> Truth:
        """The last label of each filing, of those that arrived before an instant, if one is given."""
        return self._one_each(self._known(before), first=False)

    def first(self) -> Truth:
        """The first label of each filing that is part of a sample."""
        return self._one_each(self.sampling > 0.0, first=True)

    def _known(self, before: int | None) -> Bools:
        if before is None:
            return np.ones(len(self.filing), dtype=np.bool_)
        known: Bools = self.arrival < before
        return known

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
    formality_ids: pa.Array,
    received_at: Micros,
    *,
    first_day: int,
    delay_seconds: float | None,
    audit_share: float | None,
) -> tuple[JoinedLabels, LabelFigures]:
    """Join labels to filings by formality id; a filing that is there twice gets them once.

    Parameters
    ----------
    received_at
        Event time of each filing, microseconds since 1970 (UTC).
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
    found = pc.fill_null(pc.index_in(labels.formality_ids, value_set=formality_ids), -1).to_numpy()
    known = labels.code != UNKNOWN
    kept = (found >= 0) & known
    if not kept.any():
        raise UsageError("no label is for a filing of this range: are labels and filings of one source?")
    filing, origin = found[kept].astype(np.int32), labels.origin[kept]
    arrival = _arrival(labels.labelled_at[kept], received_at[filing], delay_seconds)
    order = np.lexsort((origin, arrival, filing))
    joined = JoinedLabels(
        filing=filing[order],
        code=labels.code[kept][order],
        arrival=arrival[order],
        sampling=_sampling(origin, audit_share)[order],
        filings=len(formality_ids),
        first_day=first_day,
    )
    truth = joined.last()
    kinds, counts = np.unique(origin, return_counts=True)
    names = {Origin(kind).name.lower(): count for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True)}
    own_times = bool((labels.labelled_at[kept] != NO_TIME).any())
    figures = LabelFigures(
        labels=len(labels) + labels.unreadable,
        unreadable=labels.unreadable,
        unknown_codes=int((~known).sum()),
        unmatched=int((known & (found < 0)).sum()),
        joined=int(kept.sum()),
        filings=int((truth.code != NO_CODE).sum()),
        uncodable=int((truth.code == UNCODABLE).sum()),
        sampled=int(truth.counts.sum()),
        origins=dict(sorted(names.items())),
        arrival="delay" if delay_seconds is not None else "labelled_at" if own_times else "at once",
        delay_seconds=(
            delay_seconds if delay_seconds is not None else float(np.median(arrival - received_at[filing])) / 1e6
        ),
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
