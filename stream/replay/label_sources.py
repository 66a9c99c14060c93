"""Where labels come from: a table, an archive, or the live topic."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from pathlib import Path

from models.nomenclature import Nomenclature
from schemas import topics
from stream.archive.layout import MARKER
from stream.archive.reading import read_rows
from stream.archive.stores import open_store
from stream.errors import UsageError
from stream.kafka.reader import read_topics
from stream.replay.labels import UNKNOWN, Labels, from_batches, from_file, from_messages
from stream.settings import read_settings
from stream.tables import extension

KAFKA = "kafka"
"""As the name of a source: the live topic of labels."""
FIRST = 1_000
"""Messages that are looked at before there is a use for all."""
COLUMNS = ("formality_id", "code", "nomenclature", "origin", "labelled_at")


def check_source(name: str) -> None:
    """Refuse what is no source of labels; raises `UsageError`."""
    if name == KAFKA or "://" in name or (Path(name) / MARKER).is_file():
        return
    if not Path(name).is_file():
        raise UsageError(f"{name}: no labels there: give a table, an archive, or the word kafka for the live topic")
    extension(Path(name))


def check_labels(name: str, nomenclature: Nomenclature) -> None:
    """Refuse labels that cannot be used: before hours of deciding, not after them.

    Of a table all rows are read, any of which may be none. In a topic or an archive such are counted and
    left out: the first tell enough, but where they tell nothing all are read.

    Raises
    ------
    UsageError, BrokerUnavailable, StorageFailed, ArchiveDamaged
        What `read_labels` would raise of them.
    """
    check_source(name)
    if not _is_table(name):
        with suppress(UsageError):
            if (_read(name, nomenclature, FIRST).code != UNKNOWN).any():
                return
    read_labels(name, nomenclature)


def read_labels(name: str, nomenclature: Nomenclature) -> Labels:
    """Read all labels of a source.

    Raises
    ------
    UsageError
        None in it, none of the nomenclature, or what is not a label in a table.
    BrokerUnavailable, StorageFailed, ArchiveDamaged
        Kafka or the archive does not give them.
    """
    check_source(name)
    labels = _read(name, nomenclature)
    if len(labels) == 0:
        raise UsageError(f"{name}: no labels in it")
    if (labels.code == UNKNOWN).all():
        raise UsageError(f"{name}: none of its codes is in {nomenclature.name}; give labels in the models' own")
    return labels


def _read(name: str, nomenclature: Nomenclature, first: int | None = None) -> Labels:
    """All labels; or of a topic those of the first messages, of an archive those of its first piece."""
    if name == KAFKA:
        settings = read_settings()
        records = islice(read_topics(settings, [settings.topic(topics.LABELLED)]), first)
        return from_messages((record.value for record in records), nomenclature)
    if not _is_table(name):
        batches = read_rows(open_store(name), topics.LABELLED, columns=COLUMNS)
        return from_batches(islice(batches, None if first is None else 1), nomenclature)
    return from_file(Path(name), nomenclature)


def _is_table(name: str) -> bool:
    return name != KAFKA and "://" not in name and not Path(name).is_dir()
