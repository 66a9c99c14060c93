"""What the drift monitor's signals are called in the report."""

from __future__ import annotations

from stream.replay.report.words import Said, plain, say

_NAMES = {
    "text_characters": say("Longueur du texte", "Length of the text"),
    "text_words": say("Nombre de mots", "Number of words"),
    "text_kept_share": say("Part des mots gardés", "Share of words kept"),
    "text_capital_share": say("Part des capitales", "Share of capitals"),
    "text_accent_share": say("Part des lettres accentuées", "Share of accented letters"),
    "type_form": say("Type de formulaire", "Type of form"),
    "nature": say("Nature de l’activité", "Nature of the activity"),
    "event": say("Événement", "Event"),
    "surface": say("Classe de surface", "Surface class"),
    "cj_family": say("Famille de forme juridique", "Family of legal form"),
    "permanence": say("Permanente ou saisonnière", "Permanent or seasonal"),
    "missing_fields": say("Champs manquants", "Missing fields"),
    "type_form_missing": say("Type de formulaire manquant", "Type of form missing"),
    "nature_missing": say("Nature manquante", "Nature missing"),
    "event_missing": say("Événement manquant", "Event missing"),
    "surface_missing": say("Surface manquante", "Surface missing"),
    "cj_family_missing": say("Forme juridique manquante", "Legal form missing"),
    "permanence_missing": say("Permanence manquante", "Permanence missing"),
    "text_in_capitals": say("Texte en capitales", "Text in capitals"),
    "unknown_word_share": say("Part des mots inconnus", "Share of unknown words"),
    "section": say("Section du code donné", "Section of the code given"),
    "division": say("Division du code donné", "Division of the code given"),
    "confidence_index": say("Indice de confiance", "Confidence index"),
    "top_probability": say("Probabilité du premier code", "Probability of the first code"),
    "candidate_entropy": say("Entropie des candidats", "Entropy of the candidates"),
    "stage": say("Étape de la cascade", "Step of the cascade"),
    "route": say("Voie", "Route"),
    "error_code": say("Erreurs de code", "Wrong codes"),
    "error_section": say("Erreurs de section", "Wrong sections"),
}


def signal_name(signal: str) -> Said:
    """A signal in words; its own name where there are none."""
    return _NAMES.get(signal) or plain(signal)
