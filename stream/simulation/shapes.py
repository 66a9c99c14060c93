"""One simulated filing in each of the shapes a message may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

ACTIVITY_ID = "A1"
FORM_OF_EXERCISE = {
    "A": "ACTIF_AGRICOLE",
    "C": "COMMERCIALE",
    "I": "GESTION_DE_BIENS",
    "M": "ARTISANALE",
    "X": "LIBERALE_NON_REGLEMENTEE",
}
"""Type of filing -> form of exercise of the one-stop counter; it has no word for the others."""

Fields = Mapping[str, Any]


def formality(identity: str, received_at: str, text: str, fields: Fields) -> bytes:
    """Our own Formality JSON."""
    return to_json(
        {
            "schema_version": 1,
            "formality_id": identity,
            "received_at": received_at,
            "source": "simulation",
            "description_activity": text,
            **fields,
        }
    )


def insee_body(identity: str, received_at: str, text: str, fields: Fields) -> bytes:
    """The body Insee's coding API accepts, with one form; identity and time are the message's."""
    return to_json({"forms": [{"description_activity": text, **fields}]})


def one_stop_counter(identity: str, received_at: str, text: str, fields: Fields) -> bytes:
    """The one-stop counter's own JSON, one activity; it knows neither nature nor surface."""
    activity = {
        "activiteId": ACTIVITY_ID,
        "descriptionDetaillee": text,
        "formeExercice": FORM_OF_EXERCISE.get(fields["type_form"]),
        "exerciceActivite": fields["activity_permanence_status"],
        "indicateurPrincipal": True,
    }
    event = fields["event"]
    natural = event is not None and event.endswith("P")
    return to_json(
        {
            "id": identity,
            "received_at": received_at,
            "formality": {
                "typePersonne": "P" if natural else "M",
                "formeJuridique": fields["cj"],
                "historique": [{"codeEvenement": event}] if event else [],
                "content": {
                    "personnePhysique" if natural else "personneMorale": {
                        "etablissementPrincipal": {"activites": [activity]}
                    }
                },
            },
        }
    )
