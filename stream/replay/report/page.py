"""The page: sections in order, each with a chart, what its marks mean, and what to read in it."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from importlib import resources

from models.backtest.evaluated import Evaluation
from stream.replay.report import over_time, sections
from stream.replay.report.findings import findings
from stream.replay.report.names import Names
from stream.replay.report.words import Said, day, number, percent, plain, say, significant
from stream.replay.summary import Summary

TITLE = say("Rejeu d’un historique de formalités", "Replay of past filings")


def draw(summary: Summary, evaluation: Evaluation, labels: Mapping[str, str]) -> str:
    """The report as one HTML text; nothing in it depends on anything but the arguments.

    Parameters
    ----------
    labels
        Code or branch of the nomenclature -> its title.
    """
    names = Names.of(summary)
    parts = [
        _head(summary, evaluation, names),
        sections.automation(evaluation, names),
        sections.costs(evaluation, names),
        over_time.work(evaluation, names),
        sections.accuracy(evaluation, names),
        sections.groups(evaluation, names, labels),
        sections.calibration(evaluation, names),
        over_time.knowledge(evaluation, names),
        over_time.drift(evaluation),
        over_time.retraining(evaluation),
        sections.disagreements(evaluation, names, labels),
        sections.method(evaluation, summary),
    ]
    return _document("".join(parts))


def _document(body: str) -> str:
    style, script = _file("style.css"), _file("switch.js")
    # Whatever a declarant wrote: nothing but these two runs or loads.
    allowed = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    return (
        '<!DOCTYPE html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Codiflux · {TITLE.fr} · {TITLE.en}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _head(summary: Summary, evaluation: Evaluation, names: Names) -> str:
    switch = (
        '<div class="switch"><button type="button" value="fr">Français</button>'
        '<button type="button" value="en">English</button></div>'
    )
    facts = "".join(
        f"<dt>{name.html()}</dt><dd>{value.html()}</dd>" for name, value in _facts(summary, evaluation, names)
    )
    said = "".join(f"<li>{one.html()}</li>" for one in findings(evaluation, names.variants, names.models))
    return (
        f"<header><div><h1>{TITLE.html()}</h1>{_range(evaluation).html()}</div>{switch}</header>"
        f'<dl class="facts">{facts}</dl><ul class="findings">{said}</ul>'
    )


def _range(evaluation: Evaluation) -> Said:
    days = evaluation.focus[0].days
    filings = number(evaluation.variants[0].filings)
    return say(
        "{n} dossiers, du {first} au {last}",
        "{n} filings, from {first} to {last}",
        n=filings,
        first=day(days[0].day),
        last=day(days[-1].day),
    )


def _facts(summary: Summary, evaluation: Evaluation, names: Names) -> list[tuple[Said, Said]]:
    found = [(say("Source", "Source"), plain(f"{summary.source.kind} · {summary.source.name}"))]
    found += [
        (names.short_model(model.number), plain(f"{model.name} · {model.version} · {model.nomenclature}"))
        for model in summary.models
    ]
    for policy in summary.policies:
        segments = len(policy.policy.segments)
        threshold = say("seuil {t}", "threshold {t}", t=significant(policy.policy.threshold))
        more = say(", {n} segments à part", ", {n} segments apart", n=number(segments)) if segments else plain("")
        found.append((plain(f"P{policy.number}"), threshold + more + plain(f" · {policy.version}")))
    found.append((say("Étiquettes", "Labels"), _labels(evaluation)))
    return found


def _labels(evaluation: Evaluation) -> Said:
    labels = evaluation.labels
    if labels is None:
        return say("aucune", "none")
    share = labels.filings / max(1, evaluation.variants[0].filings)
    return say(
        "{n} dossiers étiquetés ({share}), connus {delay} jours après (médiane)",
        "{n} labelled filings ({share}), known {delay} days later (median)",
        n=number(labels.filings),
        share=percent(share),
        delay=number((labels.delay_seconds or 0.0) / 86_400, 1),
    )


def _file(name: str) -> str:
    return resources.files("stream.replay.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
