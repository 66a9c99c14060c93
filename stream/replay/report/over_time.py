"""The sections of what goes by days: work, errors as they were known, drift, retraining."""

from __future__ import annotations

from models.backtest.days import WINDOW_DAYS, uncounted
from models.backtest.drift_figures import DriftSignal
from models.backtest.evaluated import Evaluation
from stream.replay.report import calendar, tables
from stream.replay.report.charts import legend
from stream.replay.report.findings import schedule_name
from stream.replay.report.names import Names
from stream.replay.report.parts import INTERVAL, figure, heading, paragraph, section
from stream.replay.report.plot import colour
from stream.replay.report.signals import signal_name
from stream.replay.report.words import Said, number, plain, say


def work(evaluation: Evaluation, names: Names) -> str:
    """Review team's days."""
    minutes = evaluation.costs.review_minutes
    body = "".join(
        heading(names.variants[one.model, one.policy])
        + figure(
            f"work-{one.name}",
            calendar.work(f"work-{one.name}", one.days, one.workload, minutes),
            say(
                "Dossiers arrivés ce jour-là, non les restes des veilles. Médiane {median}, 95e centile {busy},"
                " maximum {most} par jour.",
                "Filings that came in that day, not what was left over from before. Median {median}, 95th"
                " percentile {busy}, at most {most} a day.",
                median=number(one.workload.median),
                busy=number(one.workload.busy),
                most=number(one.workload.most),
            )
            + _gaps(uncounted(one.days)),
            [
                ("box b1", say("à reprendre", "to review")),
                ("box b2", say("audit", "audit")),
                *([("dash b0", say("95e centile", "95th percentile"))] if calendar.days_a_bar(one.days) == 1 else []),
            ],
        )
        for one in evaluation.focus
    )
    return section(say("Charge de l’équipe de reprise", "Work of the review team"), body)


def _gaps(days: int) -> Said:
    if not days:
        return plain("")
    return say(
        " Non comptés : {n} jours sans dossier, par suites de {w} ou plus. Un dossier à la date erronée suffit à en"
        " faire une.",
        " Not counted: {n} days without a filing, {w} or more in a row. One filing with a wrong date is enough to"
        " make such a row.",
        n=number(days),
        w=str(WINDOW_DAYS),
    )


def knowledge(evaluation: Evaluation, names: Names) -> str:
    """The error as it was known each evening."""
    if evaluation.labels is None:
        return ""
    one = evaluation.focus[0]
    read = say(
        "{name}. Ce que l’on pouvait estimer chaque soir avec les étiquettes arrivées dans les {w} jours"
        " précédents, et ce que l’on sait aujourd’hui des dossiers reçus ces jours-là. L’écart entre les deux"
        " courbes est le prix du délai d’étiquetage.",
        "{name}. What could be estimated each evening from the labels that had arrived in the {w} days before,"
        " and what is known today of the filings received in those days. The distance between the curves is the"
        " price of late labels.",
        name=names.variants[one.model, one.policy],
        w=str(evaluation.window_days),
    )
    marks = [
        ("b1", say("estimée ce soir-là", "as estimated that evening")),
        ("dash b2", say("connue depuis", "known since")),
        INTERVAL,
    ]
    return section(
        say("L’erreur telle qu’on la connaissait chaque jour", "The error as it was known on each day"),
        figure("knowledge", calendar.knowledge(one.days), read, marks),
    )


def drift(evaluation: Evaluation) -> str:
    """Distances over event time, the farthest beyond their floors first."""
    found = evaluation.drift
    if found is None:
        return ""
    title = say("Dérive", "Drift")
    if found.against == "baseline":
        compared = say(
            "Distance entre les {w} derniers dossiers et les {n} premiers de l’historique, saison comprise.",
            "Distance between the last {w} filings and the first {n} of the history, the season considered.",
            w=number(int(found.window)),
            n=number(found.baseline_filings),
        )
    else:
        compared = say(
            "Distance entre les {w} derniers dossiers et ceux de l’apprentissage du modèle. L’historique est plus court"
            " que les {n} dossiers dont une alarme a besoin : aucune n’est possible.",
            "Distance between the last {w} filings and those of the model’s training. The history is shorter than the"
            " {n} filings that an alarm needs: none is possible.",
            w=number(int(found.window)),
            n=number(found.baseline_filings),
        )
    read = say(
        " Une fenêtre sans dérive reste sous le tireté, le plancher de bruit, 99 fois sur 100. Une alarme, jours"
        " colorés,"
        " demande que distance et détecteur persistent.",
        " A window without drift stays below the dashes, the noise floor, 99 times in 100. An alarm, on the"
        " shaded days,"
        " takes distance and detector to persist.",
    )
    if not any(signal.points for signal in found.signals):
        return section(title, paragraph(_too_short(found.baseline_filings)))
    ordered = sorted((signal for signal in found.signals if signal.points), key=_calm)
    drawn = "".join(
        f'<figure><figcaption id="drift-{place}-caption">{signal_name(signal.signal).html()}</figcaption>'
        f'<div class="wide">{calendar.drift(f"drift-{place}", signal)}</div></figure>'
        for place, signal in enumerate(ordered)
    )
    marks = legend(
        [
            ("b1", say("distance", "distance")),
            ("dash b0", say("plancher de bruit", "noise floor")),
            ("box light b2", say("alarme", "alarm")),
        ]
    )
    return section(title, paragraph(compared + read) + marks + f'<div class="pair">{drawn}</div>')


def _too_short(baseline_filings: int) -> Said:
    return say(
        "L’historique est trop court pour remplir une fenêtre ; une alarme a besoin de {n} dossiers.",
        "The history is too short to fill a window; an alarm needs {n} filings.",
        n=number(baseline_filings),
    )


def _calm(signal: DriftSignal) -> tuple[bool, float, str]:
    """Alarms first, then how far above the floor it went."""
    highest = max(point.distance / point.floor if point.floor else 0.0 for point in signal.points)
    return not any(point.drifting for point in signal.points), -highest, signal.signal


def retraining(evaluation: Evaluation) -> str:
    """Schedules beside each other."""
    found = evaluation.retraining
    if not found:
        return ""
    named = {one.schedule: schedule_name(one.schedule) for one in found}
    read = say(
        "Chaque période est codée par un modèle entraîné sur les seules étiquettes arrivées avant son début. Un"
        " rythme vaut sa peine là où son intervalle quitte celui d’un rythme plus lent.",
        "Each period is coded by a model trained on the labels that had arrived before it began, and no others."
        " A schedule is worth its trouble where its interval leaves that of a slower one.",
    )
    marks = [(f"b{colour(series)}", named[one.schedule]) for series, one in enumerate(found, start=1)]
    return section(
        say("À quel rythme réentraîner", "How often to retrain"),
        figure("retraining", calendar.retraining(found), read, marks) + tables.schedules(found, named),
    )
