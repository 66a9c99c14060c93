"""Is it still right? Accuracy over rolling windows of label time, in hours, in constant memory.

The window of a label is when it was given, not when its decision was made: labels come weeks late,
and a window of decisions would be empty when it matters. All that is kept are whole counts by hour,
so that the order of arrival changes nothing and a restart gives the same figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from monitoring.audit import Estimate, Stratum, estimate
from monitoring.expected_accuracy import expected_accuracy
from monitoring.judged import LANES, Judged, Made, MadeCount, hour_of

BOTH = "both"
AUTO, REVIEW = LANES


class Cell(NamedTuple):
    """Labels that count alike, apart from how right they found the model."""

    lane: str
    stage: str
    section: str
    model_version: str
    policy_version: str


@dataclass(frozen=True, slots=True)
class AccuracyReading:
    """One estimate and what it is of.

    Parameters
    ----------
    lane
        auto, review or both.
    level
        1 the section, up to the code itself; agreement down to there counts as right.
    stage, section
        Empty: all of them.
    """

    lane: str
    level: int
    model_version: str
    stage: str
    section: str
    estimate: Estimate


class AccuracyWindows:
    """Counts of decisions made and judged, and the estimates made of them.

    Parameters
    ----------
    hours
        Length of the longest window, hours; what is older is forgotten.
    """

    def __init__(self, hours: int) -> None:
        self._hours = hours
        self._judged: dict[int, Counter[tuple[Cell, int, int]]] = defaultdict(Counter)
        self._made: dict[Made, MadeCount] = {}

    def made(self, key: Made, count: MadeCount) -> None:
        """Note decisions that were made."""
        self._made.setdefault(key, MadeCount()).add(count)

    def judged(self, found: Judged, sign: int = 1) -> None:
        """Note a judged decision; `sign` -1 takes back what a later label replaces."""
        cell = Cell(found.lane, found.stage, found.section, found.model_version, found.policy_version)
        key = (cell, found.levels_right, found.levels)
        counts = self._judged[hour_of(found.labelled_at)]
        counts[key] += sign
        if not counts[key]:
            del counts[key]

    def forget(self, now: float) -> None:
        """Drop what is older than the longest window."""
        first = hour_of(now) - self._hours
        for hour in [hour for hour in self._judged if hour < first]:
            del self._judged[hour]
        for key in [key for key in self._made if key.hour < first]:
            del self._made[key]

    def readings(self, now: float, hours: int, levels: Iterable[int]) -> Iterator[AccuracyReading]:
        """Accuracy of the last `hours` and the running one: by lane, then by stage and section.

        Parameters
        ----------
        now
            Event time, seconds since the epoch.
        levels
            Which levels stages and sections are given at; lanes are given at every level.
        """
        cells = self._cells(now, hours)
        made = self._made_within(now, hours)
        levels = tuple(levels)
        for version in sorted({cell.model_version for cell, _, _ in cells}):
            of_version = Counter({key: n for key, n in cells.items() if key[0].model_version == version})
            weights = self._weights(of_version, made, version)
            depth = max(deep for _, _, deep in of_version)
            for level in range(1, depth + 1):
                for lane, chosen in ((AUTO, (AUTO,)), (REVIEW, (REVIEW,)), (BOTH, LANES)):
                    found = _estimated(of_version, weights, level, lanes=chosen)
                    if found is not None:
                        yield AccuracyReading(lane, level, version, "", "", found)
            for level in (level for level in levels if level <= depth):
                for stage in sorted({cell.stage for cell, _, _ in of_version}):
                    found = _estimated(of_version, weights, level, stage=stage)
                    if found is not None:
                        yield AccuracyReading(BOTH, level, version, stage, "", found)
                for section in sorted({cell.section for cell, _, _ in of_version if cell.section}):
                    found = _estimated(of_version, weights, level, section=section)
                    if found is not None:
                        yield AccuracyReading(BOTH, level, version, "", section, found)

    def expected(self, now: float, hours: int) -> dict[tuple[str, str], float]:
        """(lane, model version) -> accuracy expected without labels, decisions of the last `hours`."""
        groups: dict[tuple[str, str], list[MadeCount]] = defaultdict(list)
        for key, count in self._made_within(now, hours).items():
            for lane in (key.lane, BOTH):
                groups[lane, key.model_version].append(count)
        found = {group: expected_accuracy(counts) for group, counts in groups.items()}
        return {group: share for group, share in found.items() if share is not None}

    def audit_share(self, now: float, hours: int) -> float | None:
        """Share of auto decisions of the last `hours` that were copied to the audit; `None` without any."""
        autos = [count for key, count in self._made_within(now, hours).items() if key.lane == AUTO]
        decisions = sum(count.decisions for count in autos)
        return sum(count.audited for count in autos) / decisions if decisions else None

    def _cells(self, now: float, hours: int) -> Counter[tuple[Cell, int, int]]:
        last = hour_of(now)
        total: Counter[tuple[Cell, int, int]] = Counter()
        for hour, counts in self._judged.items():
            if last - hours <= hour <= last:
                total.update(counts)
        return total

    def _made_within(self, now: float, hours: int) -> dict[Made, MadeCount]:
        last = hour_of(now)
        return {key: count for key, count in self._made.items() if last - hours <= key.hour <= last}

    def _weights(
        self, cells: Mapping[tuple[Cell, int, int], int], made: Mapping[Made, MadeCount], version: str
    ) -> dict[tuple[str, str], float]:
        """(lane, policy version) -> what one label of it stands for.

        Inside the auto lane that is the inverse of the policy's audit share, as observed. Between
        the lanes the labels are brought to the shares of the decisions made, so that a desk which
        labels reviews at once and audits next week does not make the model look worse.
        """
        weights: dict[tuple[str, str], float] = {}
        totals: dict[str, float] = defaultdict(float)
        for (cell, _, _), labels in cells.items():
            weight = 1.0 if cell.lane == REVIEW else 1.0 / self._audit_share_of(cell.policy_version)
            weights[cell.lane, cell.policy_version] = weight
            totals[cell.lane] += weight * labels
        decided: dict[str, int] = defaultdict(int)
        for key, count in made.items():
            if key.model_version == version:
                decided[key.lane] += count.decisions
        if not all(decided[lane] for lane in totals):
            return weights
        return {group: weight * decided[group[0]] / totals[group[0]] for group, weight in weights.items()}

    def _audit_share_of(self, policy_version: str) -> float:
        """Share of auto decisions audited under a policy; 1 when none is known, so that weights stay finite."""
        counts = [c for key, c in self._made.items() if key.lane == AUTO and key.policy_version == policy_version]
        audited, decisions = sum(c.audited for c in counts), sum(c.decisions for c in counts)
        return audited / decisions if audited else 1.0


def _estimated(
    cells: Mapping[tuple[Cell, int, int], int],
    weights: Mapping[tuple[str, str], float],
    level: int,
    *,
    lanes: Iterable[str] = LANES,
    stage: str = "",
    section: str = "",
) -> Estimate | None:
    strata: dict[tuple[str, str], list[int]] = {}
    for (cell, right, _), labels in cells.items():
        if cell.lane not in lanes or (stage and cell.stage != stage) or (section and cell.section != section):
            continue
        counts = strata.setdefault((cell.lane, cell.policy_version), [0, 0])
        counts[0] += labels
        counts[1] += labels if right >= level else 0
    return estimate(Stratum(weights[group], *counts) for group, counts in sorted(strata.items()))
