"""The one-stop counter's own JSON: one filing for each activity it declares.

Shape as public client code of the register shows it (data notes); the fields we read:

    id | formality.siren                                    formality id
    formality.historique[-1].codeEvenement                  event
    formality.formeJuridique | content.natureCreation...    cj
    content.{personneMorale|personnePhysique|exploitation}
        .etablissementPrincipal.activites[]                 one filing each
        .autresEtablissements[].activites[]                 the same
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.errors import UnreadableMessage
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


def activities(body: Mapping[str, Any], envelope: Envelope) -> Iterator[dict[str, Any]]:
    """One set of Formality fields an activity.

    Raises
    ------
    UnreadableMessage
        `not_a_formality` when a part is not of its shape, `no_activity` when none is declared.
    """
    formality = _mapping(body["formality"], "formality")
    content = _mapping(formality.get("content", {}), "formality.content")
    identity = _first_text(body.get("id"), formality.get("id"), formality.get("siren")) or envelope.identity
    common = {
        "received_at": _received_at(body, formality, envelope),
        "source": SOURCE,
        "event": _event(formality),
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
            "type_form": TYPE_OF_EXERCISE.get(str(activity.get("formeExercice"))),
            "activity_permanence_status": activity.get("exerciceActivite"),
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


def _event(formality: Mapping[str, Any]) -> str | None:
    """The last event that has a code: a filing may list several, oldest first."""
    codes = [_mapping(entry, "historique[]").get("codeEvenement") for entry in _list(formality.get("historique"))]
    return next((code for code in reversed(codes) if code), None)


def _legal_form(formality: Mapping[str, Any], content: Mapping[str, Any]) -> str | None:
    creation = _mapping(content.get("natureCreation") or {}, "natureCreation")
    return _first_text(formality.get("formeJuridique"), creation.get("formeJuridique"))


def _received_at(body: Mapping[str, Any], formality: Mapping[str, Any], envelope: Envelope) -> Any:
    return body.get("received_at") or formality.get("received_at") or envelope.timestamp


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
    return next((str(value) for value in values if value not in (None, "")), None)
