"""From decisions, as parsed from the wire, to columns of cells.

A decision is read field by field from its JSON object: validating it again as a message costs more
than everything the monitor does with it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monitoring.categories import Categories
from monitoring.derived import derive
from monitoring.layout import NUMERIC, Floats, Ints
from schemas.decision import MAX_CANDIDATES, Decision, Stage
from schemas.formality import TEXT_FIELDS
from schemas.instant import seconds_of
from schemas.measures import TextMeasures
from schemas.signals import ENTROPY, SIGNALS

Texts = tuple[str | None, str | None, str | None]
Ids = Sequence[str] | npt.NDArray[np.object_]
Versions = tuple[str, str]
"""Model version and policy version of a decision."""


class TextMeasurer(Protocol):
    """Measures the text fields of a filing with the words of one model; the stream implements it, with a cache."""

    def __call__(self, texts: Texts, model_version: str) -> TextMeasures:
        """Measures of the three fields joined; `unknown_share` is `None` for a model it does not have."""
        ...


class Branches(Protocol):
    """Section and division of a code; `None` for levels the nomenclature lacks and for unknown codes."""

    def __call__(self, code: str) -> tuple[str | None, str | None]:
        """From the broadest."""
        ...


@dataclass(frozen=True, slots=True)
class Observations:
    """Some decisions as columns, in the order they were read.

    Parameters
    ----------
    cells
        Cell of each decision in each signal of `SIGNALS`, -1 where it has none, shape (n, signals).
    values
        Of the numeric signals, NaN where there is none, shape (n, numeric).
    times
        Event time (`received_at`), seconds since the epoch, shape (n,).
    version_of
        Index into `versions`, shape (n,).
    versions
        Model and policy versions that occur.
    ids
        The filings' identities.
    unreadable
        Decisions left out because a field was not of its form.
    """

    cells: npt.NDArray[np.int16]
    values: Floats
    times: Floats
    version_of: Ints
    versions: tuple[Versions, ...]
    ids: Ids = ()
    unreadable: int = 0

    def __len__(self) -> int:
        return len(self.times)

    def where(self, chosen: npt.NDArray[np.bool_]) -> Observations:
        """Those of some rows."""
        ids: Ids = np.asarray(self.ids, dtype=object)[chosen] if len(self.ids) else ()
        return Observations(
            self.cells[chosen], self.values[chosen], self.times[chosen], self.version_of[chosen], self.versions, ids
        )


class ObservationReader:
    """Reads observations, giving out cells as categories appear.

    Parameters
    ----------
    categories
        Shared with the monitor.
    measurer, branches
        What only a model knows, given by the stream.
    """

    def __init__(self, categories: Categories, *, measurer: TextMeasurer, branches: Branches) -> None:
        self._categories = categories
        self._measurer = measurer
        self._branches = branches
        self._decided_at = ("", 0.0)

    def read(self, decisions: Iterable[Mapping[str, Any]]) -> Observations:
        """Columns of decisions as parsed JSON; what has no such form is counted and left out."""
        rows: list[tuple[Any, ...]] = []
        versions: dict[Versions, int] = {}
        unreadable = 0
        for decision in decisions:
            try:
                rows.append(self._row(decision, versions))
            except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
                unreadable += 1
        sound = [row for row in rows if _is_sound(row)]
        return self._columns(sound, tuple(versions), unreadable + len(rows) - len(sound))

    def read_messages(self, decisions: Iterable[Decision]) -> Observations:
        """The same from `Decision` values."""
        return self.read(decision.model_dump(mode="json") for decision in decisions)

    def _row(self, decision: Mapping[str, Any], versions: dict[Versions, int]) -> tuple[Any, ...]:
        filing = decision["formality"]
        model_version: str = decision["model_version"]
        text = self._measurer((filing[_TEXT], filing.get(_OTHER_TEXT), filing.get(_FARM_TEXT)), model_version)
        settled = decision["stage"] == Stage.REJECTION.value
        probabilities = () if settled else tuple([candidate["probability"] for candidate in decision["candidates"]])
        cj = filing.get("cj")
        variables = (
            filing.get("type_form"),
            filing.get("nature"),
            filing.get("event"),
            filing.get("surface"),
            cj[:2] if cj else None,
            filing.get("activity_permanence_status"),
        )
        code = decision.get("code")
        numbers = (
            text.characters,
            text.words,
            text.kept_share,
            text.capital_share,
            text.accent_share,
            variables.count(None),
            text.unknown_share,
            decision.get("confidence_index"),
            probabilities[0] if probabilities else None,
            None,  # the entropy: of all decisions at once, below
            self._latency(decision),
        )
        section, division = self._branches(code) if code else (None, None)
        given = versions.setdefault((model_version, decision["policy_version"]), len(versions))
        return (
            numbers,
            (*variables, section, division, decision["stage"], decision["route"]),
            seconds_of(decision["received_at"]),
            given,
            decision["formality_id"],
            (probabilities + _NO_CANDIDATES)[:MAX_CANDIDATES],
        )

    def _latency(self, decision: Mapping[str, Any]) -> float | None:
        source = decision.get("source")
        began = source.get("timestamp") if source else None
        if not began:
            return None
        decided_at = decision["decided_at"]
        if decided_at != self._decided_at[0]:
            # The worker gives a whole batch one instant.
            self._decided_at = decided_at, seconds_of(decided_at)
        return max(0.0, self._decided_at[1] - seconds_of(began))

    def _columns(
        self, rows: Sequence[tuple[Any, ...]], versions: tuple[Versions, ...], unreadable: int
    ) -> Observations:
        count = len(rows)
        cells = np.full((count, len(SIGNALS)), -1, dtype=np.int16)
        values = np.full((count, len(NUMERIC)), np.nan)
        if not rows:
            return Observations(cells, values, np.empty(0), np.empty(0, np.int64), versions, (), unreadable)
        numbers, categories, times, version_of, ids, probabilities = zip(*rows, strict=True)
        values[:] = np.array(numbers, dtype=np.float64)
        values[:, _ENTROPY] = entropies(np.array(probabilities, dtype=np.float64))
        fill_bins(cells, values)
        for (name, place, needed), said in zip(CATEGORICAL, zip(*categories, strict=True), strict=True):
            cells[:, place] = cells_of(self._categories, name, said, needed=needed)
        derive(cells, self._categories)
        return Observations(
            cells, values, np.array(times), np.array(version_of, dtype=np.int64), versions, ids, unreadable
        )


def cells_of(categories: Categories, name: str, column: Sequence[str | None], *, needed: bool) -> list[int]:
    """Cells of categories; of a missing one 0 where it is needed, else -1."""
    cell, none = categories.cell, (0 if needed else -1)
    table = categories.table(name)
    return [none if not value else table.get(value) or cell(name, value) for value in column]


def joined(parts: Sequence[Observations]) -> Observations:
    """Parts of a batch, in their order."""
    if len(parts) == 1:
        return parts[0]
    versions: dict[Versions, int] = {}
    version_of = [np.empty(0, dtype=np.int64)]
    for part in parts:
        places = [versions.setdefault(version, len(versions)) for version in part.versions]
        version_of.append(np.array(places, dtype=np.int64)[part.version_of])
    cells = [np.empty((0, len(SIGNALS)), dtype=np.int16), *(part.cells for part in parts)]
    values = [np.empty((0, len(NUMERIC))), *(part.values for part in parts)]
    return Observations(
        np.concatenate(cells),
        np.concatenate(values),
        np.concatenate([np.empty(0), *(part.times for part in parts)]),
        np.concatenate(version_of),
        tuple(versions),
        [identity for part in parts for identity in part.ids],
        sum(part.unreadable for part in parts),
    )


def fill_bins(cells: npt.NDArray[np.int16], values: Floats) -> None:
    """Write the bins of the numeric signals' values, shape (n, numeric), into their columns."""
    for signal, column in zip(NUMERIC, values.T, strict=True):
        cells[:, SIGNALS.index(signal)] = bins_of(column, signal.edges)


def bins_of(values: Floats, edges: Sequence[float]) -> npt.NDArray[np.int16]:
    """Bin of each value, -1 for NaN and infinities: none of them may reach a window or a detector."""
    bins = np.searchsorted(np.asarray(edges), values, side="right").astype(np.int16)
    bins[~np.isfinite(values)] = -1
    return bins


def bin_of(value: float, edges: Sequence[float]) -> int:
    """`bins_of` for one value."""
    return bisect_right(edges, value)


def entropies(probabilities: Floats) -> Floats:
    """`schemas.measures.entropy` of many decisions at once; NaN for those without a candidate.

    Parameters
    ----------
    probabilities
        Of the candidates, zero where there are fewer, shape (n, k).
    """
    given = probabilities.sum(axis=1, keepdims=True)
    rest = np.where(1.0 - given > 1e-6, 1.0 - given, 0.0)
    parts = np.hstack([probabilities, rest])
    logarithms = np.log(parts, out=np.zeros_like(parts), where=parts > 0.0)
    found: Floats = np.where(given[:, 0] > 0.0, np.maximum(0.0, -(parts * logarithms).sum(axis=1)), np.nan)
    return found


def _is_sound(row: tuple[Any, ...]) -> bool:
    """Whether numbers are numbers and categories are texts: JSON of another make may have anything there."""
    numbers, categories, *_, probabilities = row
    return _NUMBERS.issuperset(map(type, (*numbers, *probabilities))) and _TEXTS.issuperset(map(type, categories))


_NUMBERS, _TEXTS = frozenset((int, float, type(None))), frozenset((str, type(None)))
_TEXT, _OTHER_TEXT, _FARM_TEXT = TEXT_FIELDS
_NO_CANDIDATES = (0.0,) * MAX_CANDIDATES
_ENTROPY = [signal.name for signal in NUMERIC].index(ENTROPY.name)
_VARIABLES = ("type_form", "nature", "event", "surface", "cj_family", "permanence")
_READ = (*_VARIABLES, "section", "division", "stage", "route")
CATEGORICAL = tuple((name, [signal.name for signal in SIGNALS].index(name), name in _VARIABLES) for name in _READ)
"""Name, column, and whether a missing value is a category of its own (of a variable it is)."""
