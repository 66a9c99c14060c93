"""From what a plan names to what is open: models, policies and sources, in any process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models import artefact
from models import policy as policies
from models.artefact import Manifest
from models.policy import Policy
from schemas import topics
from stream.archive.reading import topics_of
from stream.archive.stores import open_store
from stream.errors import UsageError
from stream.replay.bounds import parse_range
from stream.replay.plan import SourceRequest
from stream.replay.sources import Source
from stream.replay.sources.archive import ReceivedArchive
from stream.replay.sources.decided import DecidedArchive
from stream.replay.sources.file import FileSource
from stream.replay.sources.kafka import KafkaSource
from stream.replay.summary import ModelSummary, PolicySummary
from stream.settings import Settings


def open_source(request: SourceRequest, settings: Settings) -> Source:
    """What is to be read; nothing of it is read yet.

    Raises
    ------
    UsageError
        A bound that is none, bounds the wrong way round, or a folder that is no archive.
    """
    wanted = parse_range(request.since, request.until)
    if request.kind == "kafka":
        return KafkaSource(settings, request.name, wanted)
    if request.kind == "file":
        return FileSource(Path(request.name), wanted)
    store = open_store(request.name)
    held = topics_of(store)
    if not held:
        raise UsageError(f"{store.name}: no archive there: look at --from-archive")
    if topics.RECEIVED in held:
        return ReceivedArchive(store, settings.topic(topics.RECEIVED), wanted)
    return DecidedArchive(store, wanted)


def describe_models(folders: Sequence[Path]) -> tuple[tuple[ModelSummary, ...], list[Manifest]]:
    """Check the artefacts, which must share one nomenclature.

    Raises
    ------
    ArtefactError
        Naming the file that is not right.
    UsageError
        A model of another nomenclature, or one given twice.
    """
    manifests = [artefact.verify(folder) for folder in folders]
    first = manifests[0]
    for folder, manifest in zip(folders, manifests, strict=True):
        if (manifest.nomenclature, manifest.files[artefact.NOMENCLATURE]) != (
            first.nomenclature,
            first.files[artefact.NOMENCLATURE],
        ):
            raise UsageError(
                f"{folder}: codes into {manifest.nomenclature}, {folders[0]} into {first.nomenclature}:"
                " models of one replay need the same nomenclature"
            )
    versions = [manifest.version for manifest in manifests]
    for place, version in enumerate(versions):
        if version in versions[:place]:
            raise UsageError(f"{folders[place]}: the same model as {folders[versions.index(version)]}; give it once")
    return tuple(
        ModelSummary(number=number, name=folder.name, version=m.version, nomenclature=m.nomenclature)
        for number, (folder, m) in enumerate(zip(folders, manifests, strict=True), start=1)
    ), manifests


def describe_policies(
    thresholds: Sequence[float], files: Sequence[Path], *, default: float, audit_share: float
) -> tuple[PolicySummary, ...]:
    """Policies of the thresholds, as a worker with them would have, then those of the files.

    Parameters
    ----------
    default
        The threshold where neither is given.
    """
    named: list[tuple[str, Policy]] = []
    for threshold in thresholds or ([] if files else [default]):
        if not 0.0 <= threshold <= 1.01:
            raise UsageError(f"--threshold {threshold:g}: not from 0 to 1.01")
        named.append((f"threshold {threshold:g}", Policy(threshold=threshold, audit_share=audit_share)))
    for file in files:
        try:
            named.append((file.name, policies.parse(file.read_bytes())))
        except OSError as error:
            raise UsageError(f"{file}: {error.strerror or error}") from error
    versions = [policy.version for _, policy in named]
    for place, version in enumerate(versions):
        if version in versions[:place]:
            raise UsageError(f"{named[place][0]}: the same policy is given twice")
    return tuple(
        PolicySummary(number=number, name=name, version=policy.version, policy=policy)
        for number, (name, policy) in enumerate(named, start=1)
    )
