"""The sections of what does not go by days: heading, chart, what its marks mean, what to read in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.backtest.evaluated import Evaluation
from models.backtest.figures import FocusFigures
from stream.replay.report import charts, group_table, tables
from stream.replay.report.charts import legend
from stream.replay.report.method import METHOD
from stream.replay.report.names import Names
from stream.replay.report.parts import INTERVAL, figure, heading, paragraph, section
from stream.replay.report.plot import colour
from stream.replay.report.words import Said, interval, p_value, percent, say, significant
from stream.replay.summary import Summary

CHEAPEST = ("diamond b0", say("le seuil le moins cher", "the cheapest threshold"))
LEVELS = {
    "section": say("section", "section"),
    "division": say("division", "division"),
    "group": say("groupe", "group"),
    "class": say("classe", "class"),
    "code": say("code complet", "whole code"),
}


def automation(evaluation: Evaluation, names: Names) -> str:
    """Automation against error, and the table of variants."""
    drawn = figure(
        "frontier",
        charts.frontier(evaluation.models, evaluation.variants),
        say(
            "Vers la droite, davantage de dossiers partent sans intervention ; vers le haut, davantage d’entre"
            " eux sont faux."
            " Un point est une politique, le plus gros la première ; une courbe plus basse est un meilleur modèle."
            " Où les bandes se recouvrent, l’écart n’est pas établi.",
            "To the right more filings leave without a human; upwards more of those are wrong."
            " A dot is a policy, the largest the first; a lower curve is a better model."
            " Where bands overlap, a difference is not established.",
        ),
        [*_models(names), ("point b0", say("politique", "policy")), CHEAPEST, INTERVAL],
    )
    if evaluation.labels is None:
        drawn = _without_labels()
    return section(
        say("Automatisation et erreur", "Automation and error"),
        drawn + tables.variants(evaluation.variants, names.variants),
    )


def costs(evaluation: Evaluation, names: Names) -> str:
    """Minutes a filing by threshold, and how much the answer hangs on the assumption."""
    if evaluation.labels is None:
        return ""
    assumed = say(
        "Hypothèse : une reprise prend {r} minutes, un code faux parti sans intervention coûte {e} minutes.",
        "Assumed: a review takes {r} minutes, a wrong code that left without a human costs {e} minutes.",
        r=significant(evaluation.costs.review_minutes),
        e=significant(evaluation.costs.error_minutes),
    )
    chart = figure(
        "cost",
        charts.cost(evaluation.models, evaluation.costs),
        say(
            "À gauche les erreurs coûtent, à droite les reprises. Un creux large veut dire que le seuil exact"
            " importe peu.",
            "On the left errors cost, on the right reviews do. A wide trough means that the exact threshold"
            " matters little.",
        ),
        [*_models(names), CHEAPEST],
    )
    ratios = {model.number: model.cheapest_by_ratio for model in evaluation.models if model.cheapest_by_ratio}
    body = paragraph(assumed) + chart
    if ratios:
        body += heading(say("Si une erreur coûtait autre chose", "If an error cost something else"))
        body += tables.cheapest(ratios, names.models)
    return section(say("Coût, et le seuil le moins cher", "Cost, and the cheapest threshold"), body)


def accuracy(evaluation: Evaluation, names: Names) -> str:
    """Accuracy by level."""
    if evaluation.labels is None:
        return ""
    return section(
        say("Justesse par niveau", "Accuracy by level"),
        tables.accuracy(evaluation.models, LEVELS, names.models)
        + paragraph(
            say(
                "Premier code du modèle, quelle que soit la voie, intervalles à 95 %.",
                "The model’s first code, whatever the route, with 95% intervals.",
            )
        ),
    )


def groups(evaluation: Evaluation, names: Names, labels: Mapping[str, str]) -> str:
    """By section and by type of form."""
    focus = evaluation.focus
    marks = legend(
        [
            (f"point b{colour(_series(focus, place))}", names.variants[one.model, one.policy])
            for place, one in enumerate(focus)
        ]
    )
    body = marks
    if any(one.sections for one in focus):
        body += heading(say("Par section du code donné", "By section of the code given"))
        body += group_table.groups(focus, "sections", labels, say("section", "section"))
    body += heading(say("Par type de formulaire", "By type of form"))
    body += group_table.groups(focus, "type_forms", {}, say("type", "type"))
    return section(say("Par section et par type", "By section and by type"), body)


def calibration(evaluation: Evaluation, names: Names) -> str:
    """Reliability diagrams."""
    if evaluation.labels is None:
        return ""
    body = "".join(
        figure(
            f"calibration-{model.number}",
            charts.calibration(f"calibration-{model.number}", model.reliability, model.number),
            say(
                "{name} : erreur de calibration attendue {ece}, score de Brier {brier}.",
                "{name}: expected calibration error {ece}, Brier score {brier}.",
                name=names.models[model.number],
                ece=percent(model.reliability.expected_calibration_error),
                brier=significant(round(model.reliability.brier or 0.0, 3)),
            ),
            [],
        )
        for model in evaluation.models
    )
    read = say(
        "Sur la diagonale, une probabilité annoncée de 80 % est juste 80 fois sur 100 ; au-dessous, le modèle"
        " promet trop. Les barres disent combien de dossiers étiquetés sont derrière chaque point.",
        "On the diagonal a stated probability of 80% is right 80 times in 100; below it the model promises too"
        " much. Bars tell how many labelled filings are behind each point.",
    )
    return section(say("Calibration", "Calibration"), paragraph(read) + f'<div class="pair">{body}</div>')


def disagreements(evaluation: Evaluation, names: Names, labels: Mapping[str, str]) -> str:
    """Where the first model and each further one differ."""
    body = ""
    for one in evaluation.comparisons:
        a, b = names.short_model(one.a), names.short_model(one.b)
        body += heading(say("{a} et {b}", "{a} and {b}", a=names.models[one.a], b=names.models[one.b]))
        body += paragraph(
            say(
                "Les deux donnent le même code à {same} des dossiers.",
                "Both give the same code to {same} of the filings.",
                same=interval(one.same_code),
            )
        )
        test = one.mcnemar
        if test.both + test.only_a + test.only_b + test.neither:
            body += tables.cross(one, a, b) + paragraph(
                say(
                    "Codes justes de {b} moins ceux de {a} : {d}. Test de McNemar ({method}) : {p}.",
                    "Right codes of {b} less those of {a}: {d}. McNemar’s test ({method}): {p}.",
                    a=a,
                    b=b,
                    d=tables.difference(one),
                    method=_METHODS[test.method],
                    p=p_value(test.p_value),
                )
            )
        if one.pairs:
            body += heading(say("Les désaccords les plus fréquents", "The commonest disagreements"))
            body += tables.pairs(one, a, b, labels)
        if one.examples:
            body += heading(say("Exemples, tirés au sort", "Examples, drawn at random"))
            body += tables.examples(one, a, b, labels)
    return section(say("Désaccords entre modèles", "Disagreements between models"), body) if body else ""


def method(evaluation: Evaluation, summary: Summary) -> str:
    """How it was computed."""
    return section(say("Méthode", "Method"), "".join(paragraph(one) for one in METHOD))


_METHODS = {
    "exact": say("binomial exact", "exact binomial"),
    "chi-square": say("khi-deux corrigé", "corrected chi-square"),
    "weighted": say(
        "pondéré par l’inverse de la probabilité d’étiquetage", "weighted by the inverse of the chance of a label"
    ),
}


def _without_labels() -> str:
    return paragraph(
        say(
            "Sans étiquettes, seule l’automatisation est connue ; donnez-en avec --labels pour juger des erreurs.",
            "Without labels automation alone is known; give some with --labels to judge of errors.",
        )
    )


def _models(names: Names) -> list[tuple[str, Said]]:
    return [(f"b{colour(number_)}", name) for number_, name in names.models.items()]


def _series(focus: Sequence[FocusFigures], place: int) -> int:
    apart = len({one.model for one in focus}) == len(focus)
    return focus[place].model if apart else place + 1
