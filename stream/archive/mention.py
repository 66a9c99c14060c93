"""Whether a row of the archive holds a filing, by its id."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.arrow import archived
from schemas.codec import decode_formalities
from schemas.errors import UnreadableMessage

PART = "/"
"""Between a formality's id and its activity's."""
IDS = ("kafka_key", "formality_id")
BYTES = ("value", "unreadable")


class Mention:
    """Finds the rows of one filing, or of all activities of one formality.

    Examples
    --------
    >>> Mention("J12").is_meant("J12/A1"), Mention("J12").is_meant("J123")
    (True, False)
    """

    def __init__(self, formality_id: str) -> None:
        self._id = formality_id
        written = {json.dumps(formality_id, ensure_ascii=ascii)[1:-1] for ascii in (True, False)}  # noqa: A001
        # JSON may escape a slash, and some writers do so always.
        slash = re.escape("\\") + "?" + PART
        choices = "|".join(re.escape(each).replace(PART, slash) for each in sorted(written))
        self._quoted = re.compile(f'"(?:{choices})(?:{slash}[^"]*)?"'.encode())

    def columns(self, topic: str) -> list[str]:
        """The columns to look at."""
        return [name for name in archived(topic).names if name in IDS or name in BYTES or name == "formality"]

    def is_meant(self, found: str) -> bool:
        """Whether an id is the one, or an activity's of it."""
        return found == self._id or found.startswith(self._id + PART)

    def rows(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        """Which rows of a batch hold the filing."""
        held = np.zeros(batch.num_rows, dtype=np.bool_)
        names = batch.schema.names
        for name in IDS:
            if name in names:
                held |= self._equal(batch[name])
        if "formality" in names:
            held |= self._equal(pc.struct_field(batch["formality"], "formality_id"))
        for name in BYTES:
            if name in names:
                held |= np.array([self._in_bytes(value) for value in batch[name].to_pylist()], dtype=np.bool_)
        return held

    def _equal(self, array: pa.Array) -> NDArray[np.bool_]:
        sought = self._id if pa.types.is_string(array.type) else self._id.encode()
        part = sought + (PART if isinstance(sought, str) else PART.encode())  # type: ignore[operator]
        same = pc.or_(pc.equal(array, sought), pc.starts_with(array, pattern=part))
        return np.asarray(pc.fill_null(same, False).to_numpy(zero_copy_only=False), dtype=np.bool_)

    def _in_bytes(self, value: bytes | None) -> bool:
        """Bytes that name the id as a JSON text, or that our codec reads as a filing of that id."""
        if not value:
            return False
        if self._quoted.search(value):
            return True
        try:
            filings = decode_formalities(value, key=None, timestamp=datetime.fromtimestamp(0, UTC))
        except UnreadableMessage:
            return False
        return any(self.is_meant(filing.formality_id) for filing in filings)
