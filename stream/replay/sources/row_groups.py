"""Row groups of decisions: what a file's footer says of their filings' places, and whether it still does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from stream.archive.layout import ArchiveFile

PLACE = ("source.topic", "source.partition", "source.offset", "source.timestamp")
"""Columns that say where a decision's filing stood."""
Footer = tuple[int, ...]
"""Rows and row groups of a file; of one of them, rows, smallest and largest offset of a filing."""


@dataclass(frozen=True, slots=True)
class Group:
    """A row group of decisions, and what its footer says of their filings' places.

    Parameters
    ----------
    footer
        What it is known by: a file that lost rows meanwhile, under its own name, has others in its groups.
    """

    file: ArchiveFile
    number: int
    topic: str
    partition: int
    start: int
    end: int
    footer: Footer


def statistics_of(metadata: pq.FileMetaData, number: int) -> dict[str, Any]:
    """What a footer says of a row group's places, by column."""
    found = metadata.row_group(number)
    chunks = {(c := found.column(place)).path_in_schema: c for place in range(found.num_columns)}
    return {name: chunks[name].statistics for name in PLACE}


def footer_of(metadata: pq.FileMetaData, number: int, offsets: Any) -> Footer:
    """What a row group is known by; `offsets` are the statistics of its filings' offsets."""
    rows = metadata.row_group(number).num_rows
    return metadata.num_rows, metadata.num_row_groups, rows, offsets.min, offsets.max


def is_as_planned(metadata: pq.FileMetaData, group: Group) -> bool:
    """Whether a row group is the one that was looked at: what loses rows gathers the rest to other groups."""
    if group.number >= metadata.num_row_groups:
        return False
    offsets = statistics_of(metadata, group.number)["source.offset"]
    known = offsets is not None and offsets.has_min_max
    return known and footer_of(metadata, group.number, offsets) == group.footer
