"""The one-stop counter's own JSON: one filing for each activity it declares.

Shape as public client code of the register shows it (data notes); the fields we read:

    formality.historique[-1].numeroLiasse | id | the key    formality id
    formality.historique[-1].codeEvenement                  event
    formality.formeJuridique | content.natureCreation...    cj
    content.{personneMorale|personnePhysique|exploitation}
        .etablissementPrincipal.activites[]                 one filing each
        .autresEtablissements[].activites[]                 the same

The siren is no identity here: it names the company, which files again with every change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.errors import UnreadableMessage
from schemas.formality import missing_to_none
from schemas.inputs.envelope import Envelope
from schemas.reasons import DeadLetterReason

SOURCE = "one-stop-counter"

PERSONS = ("personneMorale", "personnePhysique", "exploitation")

TYPE_OF_EXERCISE = {
    "COMMERCIALE": "C",
    "AGENT_COMMERCIAL": "C",
    "ARTISANALE": "M",
    "ARTISANALE_REGLEMENTEE": "M",
    "LIBERALE_REGLEMENTEE": "X",
    "LIBERALE_NON_REGLEMENTEE": "X",
    "AGRICOLE": "A",
    "ACTIF_AGRICOLE": "A",
    "AGRICOLE_NON_ACTIF": "A",
    "GESTION_DE_BIENS": "I",
}
"""Form of exercise of the one-stop counter -> type of filing; others have none."""

PERMANENCE = frozenset({"P", "S"})
"""What we take of `exerciceActivite`; the register knows other ways, which our field has no code for."""


def activities(body: Mapping[str, Any], envelope: Envelope) -> Iterator[dict[str, Any]]:
    """One set of Formality fields an activity.

    Raises
    ------
    UnreadableMessage
        `not_a_formality` when a part is not of its shape, `no_activity` when none is declared.
    """
    formality = _mapping(body["formality"], "formality")
    content = _mapping(formality.get("content") or {}, "formality.content")
    last = _last_event(formality)
    identity = _first_text(last.get("numeroLiasse"), body.get("id"), formality.get("id")) or envelope.identity
    common = {
        "received_at": _received_at(body, formality, envelope),
        "source": SOURCE,
        "event": last.get("codeEvenement"),
        "cj": _legal_form(formality, content),
    }
    declared = list(_declared(content))
    if not declared:
        raise UnreadableMessage(DeadLetterReason.NO_ACTIVITY, "formality.content: no activity declared")
    for position, activity in enumerate(declared):
        activity_id = _first_text(activity.get("activiteId")) or str(position)
        yield {
            **common,
            "formality_id": f"{identity}/{activity_id}",
            "description_activity": activity.get("descriptionDetaillee"),
            "type_form": _type_of_filing(activity.get("formeExercice")),
            "activity_permanence_status": _permanence(activity.get("exerciceActivite")),
        }


def _declared(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for person in PERSONS:
        if content.get(person) is None:
            continue
        holder = _mapping(content[person], person)
        establishments = [holder.get("etablissementPrincipal"), *_list(holder.get("autresEtablissements"))]
        for establishment in establishments:
            if establishment is None:
                continue
            for activity in _list(_mapping(establishment, "etablissement").get("activites")):
                yield _mapping(activity, "activites[]")


def _last_event(formality: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last event that has a code: the history is told oldest first, and its end is this filing."""
    events = [_mapping(entry, "historique[]") for entry in _list(formality.get("historique"))]
    coded = (event for event in reversed(events) if missing_to_none(event.get("codeEvenement")) is not None)
    return next(coded, events[-1] if events else {})


def _type_of_filing(exercise: Any) -> str | None:
    """The register writes AGENT_COMMERCIAL, its activity table AGENT COMMERCIAL."""
    if not isinstance(exercise, str):
        return None
    return TYPE_OF_EXERCISE.get("_".join(exercise.upper().replace("(", "").replace(")", "").split()))


def _permanence(value: Any) -> str | None:
    return value if isinstance(value, str) and value in PERMANENCE else None


def _legal_form(formality: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    creation = _mapping(content.get("natureCreation") or {}, "natureCreation")
    return _first_text(formality.get("formeJuridique"), creation.get("formeJuridique"))


def _received_at(body: Mapping[str, Any], formality: Mapping[str, Any], envelope: Envelope) -> Any:
    stated = (missing_to_none(holder.get("received_at")) for holder in (body, formality))
    return next((value for value in stated if value is not None), envelope.timestamp)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UnreadableMessage(DeadLetterReason.NOT_A_FORMALITY, f"{where}: not an object")
    return value


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise UnreadableMessage(DeadLetterReason.NOT_A_FORMALITY, "a list was expected in formality.content")
    return value


def _first_text(*values: Any) -> str | None:
    """The first text or whole number; anything else is no identity and no code."""
    for value in values:
        if isinstance(value, str) and missing_to_none(value) is not None:
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return None
