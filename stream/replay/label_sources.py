"""Where labels come from: a table, an archive, or the live topic."""

from __future__ import annotations

from pathlib import Path

from models.nomenclature import Nomenclature
from schemas import topics
from stream.archive.layout import MARKER
from stream.archive.reading import read_rows
from stream.archive.stores import open_store
from stream.errors import UsageError
from stream.kafka.reader import read_topics
from stream.replay.labels import Labels, from_batches, from_file, from_messages
from stream.settings import read_settings
from stream.tables import extension

KAFKA = "kafka"
"""As the name of a source: the live topic of labels."""
COLUMNS = ("formality_id", "code", "nomenclature", "origin", "labelled_at")


def check_source(name: str) -> None:
    """Refuse what is no source of labels; raises `UsageError`."""
    if name == KAFKA or "://" in name or (Path(name) / MARKER).is_file():
        return
    if not Path(name).is_file():
        raise UsageError(f"{name}: no labels there: give a table, an archive, or the word kafka for the live topic")
    extension(Path(name))


def read_labels(name: str, nomenclature: Nomenclature) -> Labels:
    """Read all labels of a source.

    Raises
    ------
    UsageError
        None in it, or what is not a label in a table.
    BrokerUnavailable, StorageFailed, ArchiveDamaged
        Kafka or the archive does not give them.
    """
    check_source(name)
    if name == KAFKA:
        settings = read_settings()
        records = read_topics(settings, [settings.topic(topics.LABELLED)])
        labels = from_messages((record.value for record in records), nomenclature)
    elif "://" in name or Path(name).is_dir():
        labels = from_batches(read_rows(open_store(name), topics.LABELLED, columns=COLUMNS), nomenclature)
    else:
        labels = from_file(Path(name), nomenclature)
    if len(labels) == 0:
        raise UsageError(f"{name}: no labels in it")
    return labels
