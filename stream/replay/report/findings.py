"""The sentences at the top: what somebody who reads nothing else should know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from models.backtest.evaluated import Evaluation
from stream.replay.report.signals import signal_name
from stream.replay.report.tables import difference
from stream.replay.report.words import Said, day, interval, number, p_value, percent, say, significant

SIGNIFICANT = 0.05


def findings(
    evaluation: Evaluation, variants: Mapping[tuple[int, int], Said], models: Mapping[int, Said]
) -> list[Said]:
    """One sentence a finding, the most important first."""
    return [
        *_first(evaluation, variants),
        *_compared(evaluation, models),
        *_cheapest(evaluation, models),
        *_work(evaluation, variants),
        *_drift(evaluation),
        *_retraining(evaluation),
    ]


def _first(evaluation: Evaluation, names: Mapping[tuple[int, int], Said]) -> Iterator[Said]:
    for one in evaluation.variants:
        if (one.model, one.policy) not in {(focus.model, focus.policy) for focus in evaluation.focus}:
            continue
        if one.auto_error.value is None:
            yield say(
                "{name} : {auto} des dossiers sans intervention ; sans étiquettes, rien ne dit combien sont faux.",
                "{name}: {auto} of filings without a human; without labels nothing says how many are wrong.",
                name=names[one.model, one.policy],
                auto=interval(one.automation),
            )
            continue
        yield say(
            "{name} : {auto} des dossiers sans intervention, dont {error} faux (au plus {upper}, confiance 95 %).",
            "{name}: {auto} of filings without a human, {error} of them wrong (at most {upper}, confidence 95%).",
            name=names[one.model, one.policy],
            auto=interval(one.automation),
            error=interval(one.auto_error, 2),
            upper=percent(one.auto_error_upper, 2),
        )


def _compared(evaluation: Evaluation, names: Mapping[int, Said]) -> Iterator[Said]:
    for one in evaluation.comparisons:
        test = one.mcnemar
        if test.both + test.only_a + test.only_b + test.neither == 0:
            continue
        values = {"a": names[one.a], "b": names[one.b], "d": difference(one), "p": p_value(test.p_value)}
        if test.p_value >= SIGNIFICANT:
            yield say(
                "{b} contre {a} : {d} de codes justes ; l’écart ne se distingue pas du hasard (McNemar, {p}).",
                "{b} against {a}: {d} of right codes; the difference is not told from chance (McNemar, {p}).",
                **values,
            )
        else:
            yield say(
                "{b} contre {a} : {d} de codes justes ; l’écart dépasse le hasard (McNemar, {p}).",
                "{b} against {a}: {d} of right codes; more than chance explains (McNemar, {p}).",
                **values,
            )


def _cheapest(evaluation: Evaluation, names: Mapping[int, Said]) -> Iterator[Said]:
    ratio = evaluation.costs.error_minutes / evaluation.costs.review_minutes
    for one in evaluation.models:
        best = one.cheapest
        if best is None:
            continue
        yield say(
            "{name} : si une erreur coûte {ratio} reprises, le seuil le moins cher est {t} ({auto} automatique,"
            " {m} min par dossier).",
            "{name}: if an error costs {ratio} reviews, the cheapest threshold is {t} ({auto} automatic, {m} min"
            " a filing).",
            name=names[one.number],
            ratio=significant(ratio),
            t=significant(best.threshold) if best.threshold <= 1.0 else say("« tout en reprise »", "“all to review”"),
            auto=percent(best.automation),
            m=number(best.minutes, 2),
        )


def _work(evaluation: Evaluation, names: Mapping[tuple[int, int], Said]) -> Iterator[Said]:
    for one in evaluation.focus:
        load = one.workload
        yield say(
            "{name} : l’équipe de reprise voit {median} dossiers un jour médian, {busy} un jour chargé (95e"
            " centile), soit {hours} h.",
            "{name}: the review team sees {median} filings on a median day, {busy} on a busy one (95th"
            " percentile), {hours} h of work.",
            name=names[one.model, one.policy],
            median=number(load.median),
            busy=number(load.busy),
            hours=number(load.hours_busy, 1),
        )


def _drift(evaluation: Evaluation) -> Iterator[Said]:
    if evaluation.drift is None or evaluation.drift.against != "baseline":
        return
    detected = [event for event in evaluation.drift.events if event.state == "detected"]
    if not detected:
        yield say("Aucune dérive détectée sur la période.", "No drift detected over the range.")
        return
    first = detected[0]
    yield say(
        "Dérives détectées : {n}, la première le {day} sur {signal}.",
        "Drifts detected: {n}, the first on {day} in {signal}.",
        n=number(len(detected)),
        day=day(first.detected_at.date()),
        signal=_quoted(signal_name(first.signal)),
    )


def _quoted(name: Said) -> Said:
    return say("« {name} »", "“{name}”", name=name)


def _retraining(evaluation: Evaluation) -> Iterator[Said]:
    known = [one for one in evaluation.retraining if one.accuracy.value is not None]
    if len(known) < 2:
        return
    best = max(known, key=lambda one: (one.accuracy.value or 0.0, -one.trainings))
    # The fewest trainings whose interval reaches the best: more of them has shown nothing.
    enough = min(
        (one for one in known if one.accuracy.high >= (best.accuracy.value or 0.0)),
        key=lambda one: (one.trainings, -(one.accuracy.value or 0.0)),
    )
    yield say(
        "Réentraîner : « {enough} » suffit ({value} de codes justes, {n} entraînements) ; aucun rythme plus"
        " rapide ne fait mieux au-delà de l’incertitude.",
        "Retraining: “{enough}” is enough ({value} right codes, {n} trainings); no faster schedule does better"
        " beyond uncertainty.",
        enough=schedule_name(enough.schedule),
        value=interval(enough.accuracy),
        n=number(enough.trainings),
    )


_SCHEDULES = {
    "never": say("jamais", "never"),
    "daily": say("chaque jour", "daily"),
    "weekly": say("chaque semaine", "weekly"),
    "monthly": say("chaque mois", "monthly"),
    "quarterly": say("chaque trimestre", "quarterly"),
    "yearly": say("chaque année", "yearly"),
}


def schedule_name(schedule: str) -> Said:
    """A retraining schedule in words."""
    return _SCHEDULES.get(schedule) or say("tous les {n} jours", "every {n} days", n=schedule.removesuffix("d"))
