"""From decoded columns to what is watched: what `stream.monitor.reading` does message by message, for many at once."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from monitoring.decision_columns import Coded, DecisionColumns
from monitoring.judged import HOUR_SECONDS, MILLIONTHS, MadeCount
from monitoring.layout import Floats
from schemas.decision import Route
from stream.monitor.copies import Copies
from stream.monitor.decoding import Decoded
from stream.monitor.rows import DecisionRow, PathOf
from stream.monitor.text_measures import MeasuresMany, measures_of

if TYPE_CHECKING:
    from stream.monitor.reading import Reading

REVIEW = Route.REVIEW.value
Chosen = npt.NDArray[np.bool_]


class ColumnReader:
    """Takes decoded decisions in.

    Parameters
    ----------
    copies
        Remembers the decisions seen.
    path_of
        Where a code stands in its nomenclature.
    measure
        Of the texts, with a cache.
    """

    def __init__(self, copies: Copies, path_of: PathOf, measure: MeasuresMany) -> None:
        self._copies = copies
        self._path_of = path_of
        self._measure = measure

    def read(self, decoded: Decoded, written_at: Floats, found: Reading) -> DecisionColumns:
        """Count the decisions into `found`; gives those that are seen for the first time."""
        known = self._copies.are_copies(decoded.decision_ids)
        if any(known):
            fresh = ~np.array(known)
            found.copies += int((~fresh).sum())
            decoded, written_at = _where(decoded, fresh), written_at[fresh]
        if len(decoded.decision_ids) == 0:
            return self._given(decoded)
        decided_at = np.minimum(decoded.decided_at, written_at)
        found.unknown_codes += self._unknown_codes(decoded)
        _count_made(decoded, decided_at, found)
        _keep_for_labels(decoded, decided_at, found)
        with_confidence = np.flatnonzero(~np.isnan(decoded.confidence))
        if len(with_confidence):
            found.confidence.append(decoded.confidence[with_confidence])
            threshold = float(decoded.threshold[with_confidence[-1]])
            found.threshold = None if np.isnan(threshold) else threshold
        found.latest = max(found.latest, float(decided_at.max()))
        versions = decoded.texts["model_version"]
        found.model_version = versions.values[versions.places[-1]]
        return self._given(decoded)

    def _given(self, decoded: Decoded) -> DecisionColumns:
        return DecisionColumns(
            texts=decoded.texts,
            measures=measures_of(decoded.fields, decoded.texts["model_version"], self._measure),
            confidence=decoded.confidence,
            probabilities=decoded.probabilities,
            with_candidates=decoded.candidates > 0,
            received_at=decoded.received_at,
            latency=decoded.latency,
            ids=decoded.formality_ids,
        )

    def _unknown_codes(self, decoded: Decoded) -> int:
        code, nomenclature = decoded.texts["code"], decoded.texts["nomenclature"]
        width = len(code.values) + 1
        pairs, counts = np.unique(nomenclature.places * width + code.places + 1, return_counts=True)
        unknown = 0
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            of, place = divmod(pair, width)
            written = code.values[place - 1] if place else ""
            if written and self._path_of(nomenclature.values[of], written) is None:
                unknown += count
        return unknown


def _count_made(decoded: Decoded, decided_at: Floats, found: Reading) -> None:
    """Whole counts by hour, lane and versions; probabilities as whole millionths."""
    hours = (decided_at // HOUR_SECONDS).astype(np.int64)
    keys = [decoded.texts[name] for name in ("route", "model_version", "policy_version")]
    number = hours - hours.min()
    for key in keys:
        number = number * len(key.values) + key.places
    _, first, group = np.unique(number, return_index=True, return_inverse=True)
    millionths = (decoded.probabilities[:, 0] * MILLIONTHS).astype(np.int64)
    for place, row in enumerate(first.tolist()):
        of_group = group == place
        made = (int(hours[row]), *(key.values[key.places[row]] for key in keys))
        count = found.made.setdefault(made, MadeCount())
        count.add(MadeCount(int(of_group.sum()), int(decoded.audit[of_group].sum()), int(millionths[of_group].sum())))


def _keep_for_labels(decoded: Decoded, decided_at: Floats, found: Reading) -> None:
    """Those that a human may judge."""
    route = decoded.texts["route"]
    in_review = route.mapped([value == REVIEW for value in route.values], 0) > 0
    rows = np.flatnonzero(decoded.audit | in_review).tolist()
    if not rows:
        return
    names = ("route", "stage", "code", "nomenclature", "model_version", "policy_version")
    columns = [_texts_of(decoded.texts[name], rows) for name in names]
    given = (
        [decoded.decision_ids[row] for row in rows],
        decoded.formality_ids[rows].tolist(),
        decided_at[rows].tolist(),
        *columns,
        decoded.audit[rows].tolist(),
    )
    found.batch.decisions += map(DecisionRow._make, zip(*given, strict=True))


def _texts_of(column: Coded, rows: list[int]) -> list[str]:
    values = [*column.values, ""]
    return [values[place] for place in column.places[rows].tolist()]


def _where(decoded: Decoded, chosen: Chosen) -> Decoded:
    """Some of the rows; categories that no row has any more are gone, as if they had not been read."""
    kept = np.flatnonzero(chosen).tolist()
    changed: dict[str, object] = {}
    for part in fields(decoded):
        value = getattr(decoded, part.name)
        if part.name == "texts":
            changed[part.name] = {name: _recoded(column, chosen) for name, column in value.items()}
        elif part.name == "fields":
            changed[part.name] = tuple([field[row] for row in kept] for field in value)
        elif part.name == "decision_ids":
            changed[part.name] = [value[row] for row in kept]
        else:
            changed[part.name] = value[chosen]
    return Decoded(**changed)  # type: ignore[arg-type]


def _recoded(column: Coded, chosen: Chosen) -> Coded:
    places = column.places[chosen]
    seen = {place: number for number, place in enumerate(dict.fromkeys(places[places >= 0].tolist()))}
    of_place = [seen.get(place, -1) for place in range(len(column.values))]
    return Coded(Coded(places, column.values).mapped(of_place, -1), [column.values[place] for place in seen])
