"""From decisions as columns to columns of cells: `ObservationReader` for many decisions at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from monitoring.categories import Categories
from monitoring.decision_columns import Coded, DecisionColumns
from monitoring.derived import derive
from monitoring.layout import Floats, Ints
from monitoring.observations import (
    CATEGORICAL,
    Branches,
    Observations,
    Versions,
    cells_of,
    entropies,
    fill_bins,
)
from schemas.decision import Stage
from schemas.signals import SIGNALS

_ON_THE_WIRE = ("type_form", "nature", "event", "surface")


def observe_columns(columns: DecisionColumns, categories: Categories, branches: Branches) -> Observations:
    """Observations of decisions all of which are sound.

    Parameters
    ----------
    categories
        Gives out cells as categories appear.
    branches
        Section and division of a code.
    """
    of = columns.texts
    variables = (*(of[name] for name in _ON_THE_WIRE), _families(of["cj"]), of["activity_permanence_status"])
    code = of["code"]
    above = [branches(value) if value else (None, None) for value in code.values]
    sections, divisions = (Coded(code.places, [found[level] or "" for found in above]) for level in range(2))
    values = _values(columns, variables)
    cells = np.full((len(values), len(SIGNALS)), -1, dtype=np.int16)
    fill_bins(cells, values)
    said = (*variables, sections, divisions, of["stage"], of["route"])
    for (name, place, needed), column in zip(CATEGORICAL, said, strict=True):
        of_value = cells_of(categories, name, column.values, needed=needed)
        cells[:, place] = column.mapped(of_value, 0 if needed else -1)
    derive(cells, categories)
    versions, version_of = _versions(of["model_version"], of["policy_version"])
    return Observations(cells, values, columns.received_at, version_of, versions, columns.ids)


def _values(columns: DecisionColumns, variables: Sequence[Coded]) -> Floats:
    """Of the numeric signals, in the order of the table."""
    stage = columns.texts["stage"]
    settled = stage.mapped([value == Stage.REJECTION.value for value in stage.values], 0) > 0
    probabilities = np.where(settled[:, None], 0.0, columns.probabilities)
    missing = np.sum([variable.places < 0 for variable in variables], axis=0)
    characters, words, kept, unknown, capitals, accents = columns.measures.T
    top = np.where(columns.with_candidates & ~settled, probabilities[:, 0], np.nan)
    return np.column_stack(
        [
            *(characters, words, kept, capitals, accents, missing, unknown),
            *(columns.confidence, top, entropies(probabilities), columns.latency),
        ]
    )


def _families(legal_forms: Coded) -> Coded:
    """First two digits of each; several forms of a family stay apart by place and alike by value."""
    none = np.array([-1 if value == "" else place for place, value in enumerate(legal_forms.values)], dtype=np.int64)
    return Coded(np.append(none, -1)[legal_forms.places], [value[:2] for value in legal_forms.values])


def _versions(model: Coded, policy: Coded) -> tuple[tuple[Versions, ...], Ints]:
    """The pairs of versions in the order in which rows first have them, and of each row its pair."""
    width = len(policy.values)
    pairs, first, pair_of = np.unique(model.places * width + policy.places, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    versions = tuple((model.values[pair // width], policy.values[pair % width]) for pair in pairs[order].tolist())
    return versions, rank[pair_of]
