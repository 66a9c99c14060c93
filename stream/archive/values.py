"""Values that a column can hold and our messages cannot: names no enum has, instants off the calendar.

Arrow's types know no bounds. What is odd here is not always wrong: our codec, which also repairs what
spreadsheets do to codes, is asked about the whole message.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.decision import MAX_CANDIDATES, Route, Stage
from schemas.formality import MAX_ID_LENGTH, MAX_TEXT_LENGTH, MISSING_MARKERS
from schemas.instant import EARLIEST, LATEST, microseconds
from schemas.label import LabelOrigin
from schemas.reasons import DecisionReason

Check = Callable[[pa.Array], pa.Array]
"""Which values are odd; of null, null or false."""


def _within(low: float, high: float) -> Check:
    # Put this way, no comparison with NaN calls it right.
    return lambda array: pc.invert(pc.and_(pc.greater_equal(array, low), pc.less_equal(array, high)))


def _one_of(names: type[StrEnum]) -> Check:
    known = pa.array([name.value for name in names])
    return lambda array: pc.and_(pc.is_valid(array), pc.invert(pc.is_in(array, known)))


def _form(pattern: str) -> Check:
    """Columns of few distinct values: each is looked at once."""
    right = re.compile(pattern)

    def odd(array: pa.Array) -> pa.Array:
        values = [value for value in pc.unique(array).to_pylist() if value is not None and not right.fullmatch(value)]
        return pc.is_in(array, pa.array(values, pa.string()))

    return odd


def _instant(array: pa.Array) -> pa.Array:
    return _within(microseconds(EARLIEST), microseconds(LATEST))(
        array.cast(pa.timestamp("us", array.type.tz)).view(pa.int64())
    )


def _length(most: int) -> Check:
    """By bytes, of which a text has as many as characters, or more."""
    return lambda array: _within(1, most)(pc.binary_length(array))


def _described(array: pa.Array) -> pa.Array:
    absent = pc.is_in(pc.utf8_trim_whitespace(array), pa.array(sorted(MISSING_MARKERS)))
    return pc.or_(absent, _length(MAX_TEXT_LENGTH)(array))


def _few(array: pa.Array) -> pa.Array:
    return pc.greater(pc.list_value_length(array), MAX_CANDIDATES)


CHECKS: Mapping[str, Check] = {
    "schema_version": _within(1, 32_767),
    "route": _one_of(Route),
    "stage": _one_of(Stage),
    "reason": _one_of(DecisionReason),
    "origin": _one_of(LabelOrigin),
    "candidates": _few,
    "candidates.item.probability": _within(0.0, 1.0),
    "confidence_index": _within(0.0, 1.0),
    "threshold": _within(0.0, sys.float_info.max),
    "received_at": _instant,
    "decided_at": _instant,
    "labelled_at": _instant,
    "source.partition": _within(0, 2**31 - 1),
    "source.offset": _within(0, 2**63 - 1),
    "source.timestamp": _instant,
    "formality.schema_version": _within(1, 32_767),
    "formality.formality_id": _length(MAX_ID_LENGTH),
    "formality.received_at": _instant,
    "formality.source": _length(MAX_TEXT_LENGTH),
    "formality.description_activity": _described,
    "formality.other_nature_activity": _length(MAX_TEXT_LENGTH),
    "formality.precision_act_sec_agricole": _length(MAX_TEXT_LENGTH),
    "formality.type_form": _form("[A-Z]"),
    "formality.nature": _form("[0-9]{2}"),
    "formality.surface": _form("[1-4]"),
    "formality.event": _form("[0-9]{2}[PMF]"),
    "formality.cj": _form("[0-9]{4}"),
    "formality.activity_permanence_status": _form("[PS]"),
}
"""By column, a dot before a field of a struct and `item` for those of a list."""


def odd_rows(batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Which rows of a batch of decisions or labels have an odd value in any of its columns."""
    odd = np.zeros(batch.num_rows, dtype=np.bool_)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        for places in _odd(name, column):
            odd[places] = True
    return odd


def _odd(path: str, array: pa.Array) -> Iterator[NDArray[np.int64]]:
    """Places of odd values in an array and in what it holds."""
    check = CHECKS.get(path)
    if check is not None:
        found = check(array)
        if pc.any(found).as_py():
            yield np.flatnonzero(pc.fill_null(found, False).to_numpy(zero_copy_only=False))
    if pa.types.is_struct(array.type):
        for field in array.type:
            yield from _odd(f"{path}.{field.name}", pc.struct_field(array, field.name))
    elif pa.types.is_list(array.type):
        parents: Any = None
        for places in _odd(f"{path}.item", array.flatten()):
            parents = pc.list_parent_indices(array).to_numpy() if parents is None else parents
            yield parents[places]
